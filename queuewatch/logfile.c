#include "queuewatch/logfile.h"

#include "lib/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK (256 * 1024)

int
logfile_init(struct logfile *f, const char *path,
    const struct logfile_place *place, struct err *e)
{
	*f = (struct logfile){ .fd = -1 };
	(void)snprintf(f->path, sizeof(f->path), "%s", path);
	if (place != NULL)
		f->at = *place;
	f->carry = malloc(LOGFILE_LINE);
	f->chunk = malloc(CHUNK);
	if (f->carry == NULL || f->chunk == NULL) {
		logfile_close(f);
		return err_set(e, "no memory");
	}
	return 0;
}

void
logfile_close(struct logfile *f)
{
	if (f->fd != -1)
		(void)close(f->fd);
	free(f->carry);
	free(f->chunk);
	*f = (struct logfile){ .fd = -1 };
}

uint64_t
logfile_print(const char *bytes, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return h & INT64_MAX; /* so that JSON can hold it */
}

/* A piece of a line: behind what is carried, as far as that goes. */
static void
carry(struct logfile *f, const char *p, size_t n)
{
	size_t room = LOGFILE_LINE - f->n_carry;

	if (n > room) {
		n = room;
		f->overlong = true;
	}
	memcpy(f->carry + f->n_carry, p, n);
	f->n_carry += n;
}

void
logfile_feed(struct logfile *f, const char *bytes, size_t n, logfile_line *each,
    void *arg)
{
	const char *p = bytes, *end = bytes + n, *nl;
	size_t len;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
		len = (size_t)(nl - p);
		if (f->n_carry > 0 || f->overlong) {
			carry(f, p, len);
			each(f->carry, f->n_carry, arg);
		} else if (len > 0) {
			each(p, len < LOGFILE_LINE ? len : LOGFILE_LINE, arg);
		}
		f->n_carry = 0;
		f->overlong = false;
		p = nl + 1;
	}
	if (p < end)
		carry(f, p, (size_t)(end - p));
}

static int
open_it(struct logfile *f, struct stat *st, struct err *e)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int why = errno;

	if (fd == -1 && (why == EACCES || why == EPERM) && f->opener != NULL)
		fd = f->opener(f->opener_arg, e);
	else if (fd == -1)
		(void)err_set(e, "%s: %s", f->path, strerror(why));
	if (fd == -1)
		return -1;
	if (fstat(fd, st) == -1 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return err_set(e, "%s: is no file", f->path);
	}
	return fd;
}

/* Whether the bytes before the place are those that were read. */
static bool
is_same(int fd, const struct logfile_place *at)
{
	char before[LOGFILE_PRINT];
	size_t n = at->offset < LOGFILE_PRINT ? (size_t)at->offset
	                                      : LOGFILE_PRINT;

	return pread(fd, before, n, at->offset - (int64_t)n) == (ssize_t)n &&
	    logfile_print(before, n) == at->print;
}

/* After some bytes were told: the place of the first line not told. */
static void
stand_at(struct logfile *f, int64_t offset)
{
	char before[LOGFILE_PRINT];
	size_t n = offset < LOGFILE_PRINT ? (size_t)offset : LOGFILE_PRINT;

	f->at.known = true;
	f->at.offset = offset;
	if (pread(f->fd, before, n, offset - (int64_t)n) != (ssize_t)n)
		n = 0;
	f->at.print = logfile_print(before, n);
}

/* How far it has been read; of a line that is cut nothing is read again. */
static int64_t
read_to(const struct logfile *f)
{
	return f->at.offset + (f->overlong ? 0 : (int64_t)f->n_carry);
}

static void
begin_anew(struct logfile *f, const struct stat *st, int64_t offset)
{
	f->at.dev = (uint64_t)st->st_dev;
	f->at.ino = (uint64_t)st->st_ino;
	f->n_carry = 0;
	f->overlong = false;
	stand_at(f, offset);
}

static int
open_first(struct logfile *f, logfile_line *each, void *arg, struct err *e)
{
	struct stat st;

	f->fd = open_it(f, &st, e);
	if (f->fd == -1) {
		/* Where it was missing all of it will be new. */
		if (!f->at.known && access(f->path, F_OK) == -1 &&
		    errno == ENOENT)
			f->missing = true;
		return -1;
	}
	if (!f->at.known) {
		begin_anew(f, &st, f->missing ? 0 : st.st_size);
	} else if ((uint64_t)st.st_ino != f->at.ino ||
	    (uint64_t)st.st_dev != f->at.dev || st.st_size < f->at.offset ||
	    !is_same(f->fd, &f->at)) {
		logfile_catch_up(f, each, arg);
		begin_anew(f, &st, 0);
	}
	return 0;
}

/* Tell a chunk of the open file.  Returns the bytes read, -1 on a fault. */
static ssize_t
read_chunk(struct logfile *f, logfile_line *each, void *arg, struct err *e)
{
	int64_t from = read_to(f);
	ssize_t n = pread(f->fd, f->chunk, CHUNK, from);

	if (n == -1)
		return err_set(e, "%s: %s", f->path, strerror(errno));
	if (n == 0)
		return 0;
	logfile_feed(f, f->chunk, (size_t)n, each, arg);
	/* What was cut is behind us. */
	stand_at(f, from + n - (f->overlong ? 0 : (int64_t)f->n_carry));
	return n;
}

/* At the end of the open file: is it still the one by its name? */
static int
look_for_another(
    struct logfile *f, logfile_line *each, void *arg, struct err *e)
{
	struct stat st, old;
	int fd;

	if (fstat(f->fd, &old) == -1)
		return err_set(e, "%s: %s", f->path, strerror(errno));
	if (old.st_size < read_to(f) ||
	    (f->at.offset > 0 && !is_same(f->fd, &f->at))) {
		logfile_catch_up(f, each, arg);
		begin_anew(f, &old, 0);
		return 1;
	}
	if (stat(f->path, &st) == -1) {
		if (f->gone < LOGFILE_GONE)
			f->gone++;
		return f->gone < LOGFILE_GONE
		    ? 0
		    : err_set(e, "%s: %s", f->path, strerror(errno));
	}
	f->gone = 0;
	if (st.st_ino == old.st_ino && st.st_dev == old.st_dev)
		return 0;
	fd = open_it(f, &st, e);
	if (fd == -1)
		return -1;
	/* What was written to the old one until now. */
	while (read_chunk(f, each, arg, e) > 0)
		;
	if (f->n_carry > 0)
		logfile_feed(f, "\n", 1, each, arg);
	(void)close(f->fd);
	f->fd = fd;
	begin_anew(f, &st, 0);
	return 1;
}

int
logfile_read(struct logfile *f, logfile_line *each, void *arg, struct err *e)
{
	ssize_t n;

	if (f->fd == -1 && open_first(f, each, arg, e) == -1)
		return -1;
	/* A truncated file that has grown again looks like one that grew. */
	if (f->at.offset > 0 && !is_same(f->fd, &f->at))
		return look_for_another(f, each, arg, e);
	n = read_chunk(f, each, arg, e);
	if (n != 0)
		return n > 0 ? 1 : -1;
	return look_for_another(f, each, arg, e);
}
