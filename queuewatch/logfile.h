#ifndef QUEUEWATCH_LOGFILE_H
#define QUEUEWATCH_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Follows a log file line by line, through its rotation: renamed and made anew,
 * copied and truncated, compressed away (gzip).  One thread.
 */
#define LOGFILE_LINE 16384 /* what is longer is cut; the next line counts */
#define LOGFILE_PATH 1024

/* Where reading stands; to be kept over a restart. */
struct logfile_place {
	bool known;
	uint64_t dev, ino;
	int64_t offset; /* of the first line that was not told yet */
	uint64_t print; /* of the bytes before it */
};

/* A line without its line feed; foreign bytes, also NUL. */
typedef void logfile_line(const char *line, size_t n, void *arg);

/*
 * A second way to open the file, for who may not by himself: a descriptor or
 * -1 with *e set.
 */
typedef int logfile_opener(void *arg, struct err *e);

struct logfile {
	char path[LOGFILE_PATH];
	logfile_opener *opener; /* NULL: none */
	void *opener_arg;
	int fd; /* -1: not open */
	struct logfile_place at;
	bool missing; /* not open since it was not there, or no right */
	char *carry; /* a line whose end has not come */
	size_t n_carry;
	int gone; /* looks in a row that found no file by that name */
	bool overlong; /* the rest of a line that was cut is passed over */
	char *chunk;
};

/*
 * Begin at "place", or, where that is not known, at the file's end as it is
 * when it can first be opened.  Returns 0, or -1 without memory.
 */
int logfile_init(struct logfile *f, const char *path,
    const struct logfile_place *place, struct err *e);
void logfile_close(struct logfile *f);

/*
 * Tell what is new, up to a bounded amount.  Returns 1 where there may be more
 * at once, 0 where this is the end for now, -1 with *e set: it cannot be read
 * (which ends by itself).  A name without a file is a fault after LOGFILE_GONE
 * looks, for a rotation takes a moment; what is open is read all the same.
 */
#define LOGFILE_GONE 25
int logfile_read(
    struct logfile *f, logfile_line *each, void *arg, struct err *e);

/* -- of logfile_lost.c -- */

/* Feed bytes into lines. */
void logfile_feed(struct logfile *f, const char *bytes, size_t n,
    logfile_line *each, void *arg);
/* The fingerprint of "n" bytes. */
uint64_t logfile_print(const char *bytes, size_t n);
#define LOGFILE_PRINT 128 /* bytes of a fingerprint */

/*
 * The file of f->at is no longer the one by that name: find it among its
 * neighbours (NAME.1, NAME-20260101.gz), tell the rest of it and all of those
 * that are newer.  Where it is not found nothing is told.
 */
void logfile_catch_up(struct logfile *f, logfile_line *each, void *arg);

/*
 * Read the whole of the file and then of its neighbours, newest first, as long
 * as "more" says so before each.  Returns how many files were read.
 */
int logfile_each(
    const char *path, bool (*more)(void *arg), logfile_line *each, void *arg);

#endif
