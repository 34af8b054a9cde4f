#include "greywl/logbook.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define CHUNK (256 * 1024)
#define LINE_MAX_BYTES 65536 /* of a longer one the beginning is read */

/* What does not end in this chunk is kept for the next. */
struct reader {
	struct logbook *book;
	char *data; /* CHUNK and LINE_MAX_BYTES */
	size_t kept;
	bool skip; /* the rest of a line that was too long */
};

static void
take_lines(struct reader *r, size_t n)
{
	char *s = r->data, *end = r->data + r->kept + n, *stop;

	while ((stop = memchr(s, '\n', (size_t)(end - s))) != NULL) {
		n = (size_t)(stop - s);
		if (n > 0 && s[n - 1] == '\r')
			n--;
		if (!r->skip)
			logbook_line(r->book, s, n);
		r->skip = false;
		s = stop + 1;
	}
	r->kept = (size_t)(end - s);
	if (r->kept > LINE_MAX_BYTES) {
		if (!r->skip)
			logbook_line(r->book, s, LINE_MAX_BYTES);
		r->skip = true;
		r->kept = 0;
	}
	memmove(r->data, s, r->kept);
}

static int
read_all(struct reader *r, gzFile f, struct err *e)
{
	int n, fault;
	const char *why;

	while ((n = gzread(f, r->data + r->kept, CHUNK)) > 0)
		take_lines(r, (size_t)n);
	why = gzerror(f, &fault);
	if (fault == Z_ERRNO)
		return err_set(e, "%s", strerror(errno));
	/* Z_BUF_ERROR: a gzip file that is cut short */
	if (n < 0 || fault != Z_OK)
		return err_set(e, "a damaged gzip file: %s", why);
	if (r->kept > 0 && !r->skip)
		logbook_line(r->book, r->data, r->kept);
	return 0;
}

int
logbook_file(struct logbook *b, const char *path, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	struct reader r = { .book = b };
	int64_t mtime = clock_now();
	int fd, rc = -1;
	gzFile f = NULL;
	struct stat st;

	fd = standard ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)close(fd);
		return err_set(e, "%s: is a folder", path);
	}
	if (!standard && fstat(fd, &st) == 0)
		mtime = st.st_mtime;
	r.data = malloc(CHUNK + LINE_MAX_BYTES + 1);
	f = r.data != NULL ? gzdopen(fd, "rb") : NULL;
	if (f == NULL) {
		(void)close(fd);
		(void)err_set(e, "no memory");
	} else {
		(void)gzbuffer(f, CHUNK);
		rc = read_all(&r, f, e);
		(void)gzclose(f);
	}
	free(r.data);
	logbook_end_file(b, mtime);
	return rc == 0 ? 0 : err_prefix(e, "%s", path);
}
