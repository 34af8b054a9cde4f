#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/allow_text.h"
#include "lib/grey/store_sqlite.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".whitelist"
#define PORTION ((size_t)64 << 10) /* that is written at once */
#define REST_TIMES 20 /* at most this part of the time is spent on writing */

static void
path_of(const struct sqlite_store *s, const char *more, char *out, size_t size)
{
	(void)snprintf(out, size, "%s" SUFFIX "%s", s->path, more);
}

/* --- writing --- */

/* What has gathered. */
static int
flush(int fd, struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	if (b->bad) {
		errno = ENOMEM;
		return -1;
	}
	while (done < b->len) {
		n = write(fd, b->data + done, b->len - done);
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	buf_reset(b);
	return 0;
}

static int
write_all(int fd, const struct allow *a)
{
	char when[CLOCK_RFC3339_SIZE];
	size_t i, n = allow_count(a);
	struct allow_entry entry;
	struct buf b;
	int rc = 0;

	buf_init(&b, 2 * PORTION);
	buf_printf(&b,
	    "# greymilter's whitelist as of %s; it is written anew after each "
	    "change.\n"
	    "# greywl import --from plain reads it, and greymilter does when "
	    "its database is lost.\n",
	    clock_rfc3339(clock_now(), when));
	for (i = 0; i < n && rc == 0; i++) {
		allow_whole(a, i, &entry);
		allow_text_write(&b, &entry);
		buf_char(&b, '\n');
		if (b.len > PORTION)
			rc = flush(fd, &b);
	}
	buf_printf(&b, "# end: %zu entries\n", n);
	if (rc == 0)
		rc = flush(fd, &b);
	buf_free(&b);
	return rc == 0 ? fdatasync(fd) : -1;
}

/*
 * A new file in the place of the old.  In a folder that is not ours to change,
 * the file itself is written over.
 */
static int
put_file(const struct sqlite_store *s, const struct allow *a, struct err *e)
{
	char path[4300], fresh[4300];
	bool in_place = false;
	int fd, rc;

	path_of(s, "", path, sizeof(path));
	path_of(s, ".new", fresh, sizeof(fresh));
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd == -1 && (errno == EACCES || errno == EPERM)) {
		in_place = true;
		fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	}
	if (fd == -1)
		return err_set(e, "%s: %s", path, strerror(errno));
	rc = write_all(fd, a);
	if (rc == -1)
		(void)err_set(e, "%s: %s", path, strerror(errno));
	(void)close(fd);
	if (in_place)
		return rc;
	if (rc == 0 && rename(fresh, path) == -1)
		rc = err_set(e, "%s: %s", path, strerror(errno));
	if (rc == -1)
		(void)unlink(fresh);
	return rc;
}

static bool
is_there(const struct sqlite_store *s)
{
	char path[4300];
	struct stat st;

	path_of(s, "", path, sizeof(path));
	return stat(path, &st) == 0;
}

static void
write_export(struct sqlite_store *s, const struct grey_whitelist *w)
{
	int64_t begun = clock_mono_ms();
	struct err e;

	if (put_file(s, w->allow, &e) == 0)
		s->exported = w->number;
	else
		log_warn_limited(&s->export_log, clock_mono_ms(), 60,
		    "store: the whitelist's copy as text is not written: %s",
		    e.text);
	s->next_export_ms = begun + (clock_mono_ms() - begun) * REST_TIMES +
	    200;
}

void
store_export_allow(struct sqlite_store *s)
{
	struct grey_whitelist *w;

	if (clock_mono_ms() < s->next_export_ms)
		return;
	w = store_whitelist_held(s);
	if (w == NULL)
		return;
	if (w->number != s->exported &&
	    (allow_count(w->allow) > 0 || is_there(s)))
		write_export(s, w);
	grey_whitelist_release(w);
}

void
store_export_own(struct sqlite_store *s)
{
	char path[4300];
	int fd;

	if (geteuid() != 0 || s->uid == (uid_t)-1)
		return;
	path_of(s, "", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd == -1)
		return;
	if (fchown(fd, s->uid, s->gid) == -1)
		log_warn("%s: %s", path, strerror(errno));
	(void)close(fd);
}

/* --- reading --- */

static struct grey_whitelist *
read_lines(FILE *f, struct err *e)
{
	struct allow *a = allow_begin(e);
	int64_t now = clock_now();
	struct allow_entry entry;
	size_t line_room = 0;
	char *line = NULL;
	struct err why;
	int rc = 0;

	while (a != NULL && rc == 0 && getline(&line, &line_room, f) != -1) {
		line[strcspn(line, "\n")] = '\0';
		switch (allow_text_read(line, now, &entry, &why)) {
		case 1:
			rc = allow_add(a, &entry, e);
			break;
		case -1:
			log_warn("store: the whitelist's copy: passed over: %s",
			    why.text);
			break;
		default:
			break;
		}
	}
	free(line);
	/* What there is no memory for is left out. */
	if (a != NULL && allow_ready(a, e) == -1) {
		allow_free(a);
		a = NULL;
	}
	return store_whitelist_new(a, e);
}

struct grey_whitelist *
store_read_export(struct sqlite_store *s)
{
	struct grey_whitelist *w = NULL;
	char path[4300];
	struct err e;
	FILE *f;

	path_of(s, "", path, sizeof(path));
	f = fopen(path, "re");
	if (f == NULL)
		return NULL;
	w = read_lines(f, &e);
	(void)fclose(f);
	if (w != NULL && allow_count(w->allow) > 0)
		log_warn("store: the database is new: %zu whitelist entries "
		         "are taken from %s",
		    allow_count(w->allow), path);
	return w;
}
