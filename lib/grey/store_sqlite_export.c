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
#define TEXT_CAP ((size_t)256 << 20)
#define REST_TIMES 20 /* at most this part of the time is spent on writing */

static void
path_of(const struct sqlite_store *s, const char *more, char *out, size_t size)
{
	(void)snprintf(out, size, "%s" SUFFIX "%s", s->path, more);
}

/* --- writing --- */

static void
compose(struct buf *b, const struct grey_whitelist *w)
{
	char when[CLOCK_RFC3339_SIZE];
	size_t i;

	buf_printf(b,
	    "# greymilter's whitelist as of %s; it is written anew after each "
	    "change.\n"
	    "# greywl import --from plain reads it, and greymilter does when "
	    "its database is lost.\n",
	    clock_rfc3339(clock_now(), when));
	for (i = 0; i < w->n; i++) {
		allow_text_write(b, &w->entries[i]);
		buf_char(b, '\n');
	}
	buf_printf(b, "# end: %zu entries\n", w->n);
}

static int
write_all(int fd, const struct buf *b)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->len) {
		n = write(fd, b->data + done, b->len - done);
		if (n == -1)
			return -1;
		done += (size_t)n;
	}
	return fdatasync(fd);
}

/*
 * A new file in the place of the old.  In a folder that is not ours to change,
 * the file itself is written over.
 */
static int
put_file(const struct sqlite_store *s, const struct buf *b, struct err *e)
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
	rc = write_all(fd, b);
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
	struct err e = { { 0 } };
	struct buf b;

	buf_init(&b, TEXT_CAP);
	compose(&b, w);
	if (b.bad)
		(void)err_set(&e, "too many entries");
	if (e.text[0] == '\0')
		(void)put_file(s, &b, &e);
	buf_free(&b);
	if (e.text[0] == '\0')
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
	if (w->number != s->exported && (w->n > 0 || is_there(s)))
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
	struct allow_entry *entries = NULL, *grown;
	size_t n = 0, room = 0, line_room = 0;
	int64_t now = clock_now();
	char *line = NULL;
	struct err why;
	int rc;

	while (getline(&line, &line_room, f) != -1) {
		line[strcspn(line, "\n")] = '\0';
		if (n == room) {
			room = room * 2 + 64;
			grown = reallocarray(entries, room, sizeof(*grown));
			if (grown == NULL)
				break;
			entries = grown;
		}
		rc = allow_text_read(line, now, &entries[n], &why);
		if (rc == 1)
			n++;
		else if (rc == -1)
			log_warn("store: the whitelist's copy: passed over: %s",
			    why.text);
	}
	free(line);
	return store_whitelist_new(entries, n, e);
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
	if (w != NULL && w->n > 0)
		log_warn("store: the database is new: %zu whitelist entries "
		         "are taken from %s",
		    w->n, path);
	return w;
}
