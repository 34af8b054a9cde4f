/*
 * Read a queue's list from the showq socket: usage: showqread FOLDER HOW
 * HOW: discard (read and throw away), parse (message by message), count (what
 * "queuewatch top" does: by destination).
 */
#include "lib/clock.h"
#include "lib/err.h"
#include "queuewatch/cause.h"
#include "queuewatch/showq.h"
#include "tests/bench/part/peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_MS (600 * 1000)
#define CHUNK 65536

struct reading {
	int64_t recipients, bytes;
	struct tally *tally; /* NULL: they are not looked at */
};

static void
see(const struct showq_entry *m, void *arg)
{
	struct reading *r = arg;
	char name[TALLY_NAME];

	r->recipients++;
	if (r->tally == NULL)
		return;
	cause_name(m, CAUSE_DESTINATION, name);
	tally_add(r->tally, name, "");
}

static int
discard(const char *folder, struct reading *r)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	static char chunk[CHUNK];
	ssize_t n = -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(
	    to.sun_path, sizeof(to.sun_path), "%s/public/showq", folder);
	if (fd != -1 &&
	    connect(fd, (const struct sockaddr *)&to, sizeof(to)) == 0) {
		while ((n = read(fd, chunk, sizeof(chunk))) > 0)
			r->bytes += n;
	}
	if (fd != -1)
		(void)close(fd);
	return n == 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct reading r = { 0 };
	struct tally_row rows[10];
	struct rusage u;
	struct err e;
	int64_t from;
	int rc;

	if (argc != 3) {
		(void)fputs("usage: showqread FOLDER HOW\n", stderr);
		return 2;
	}
	from = clock_mono_ns();
	(void)err_set(&e, "it was cut off");
	if (strcmp(argv[2], "count") == 0)
		r.tally = tally_new(TALLY_KEYS);
	rc = strcmp(argv[2], "discard") == 0
	    ? discard(argv[1], &r)
	    : showq_read(argv[1], READ_MS, see, &r, &e);
	if (r.tally != NULL)
		(void)tally_top(r.tally, rows, 10);
	(void)getrusage(RUSAGE_SELF, &u);
	if (rc == -1)
		(void)fprintf(stderr, "showqread: %s\n", e.text);
	(void)printf("{\"seconds\": %.6f, \"cpu_s\": %.6f, \"recipients\": "
	             "%lld, \"bytes\": %lld, \"rss_kb\": %ld}\n",
	    (double)(clock_mono_ns() - from) / 1e9,
	    (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	        (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6,
	    (long long)r.recipients, (long long)r.bytes, peak_kb());
	tally_free(r.tally);
	return rc == 0 ? 0 : 1;
}
