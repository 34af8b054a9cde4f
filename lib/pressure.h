#ifndef LIB_PRESSURE_H
#define LIB_PRESSURE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The pressure file: how hard the mail host is pressed, by queuewatch for
 * greymilter.  One line, level and expiry in Unix seconds:
 *
 *	high 1795299100
 *
 * It is renamed into place, so that a reader sees a whole one or none, and
 * counts for nothing once it has expired: when who writes it is gone, so is the
 * pressure.
 */
enum pressure_level {
	PRESSURE_OK,
	PRESSURE_HIGH, /* the content filter does not keep up */
	PRESSURE_CRITICAL, /* and mail waits long */
	PRESSURE_FULL, /* a mail store is at its floor */
};
extern const char *const pressure_words[]; /* by level; ended by NULL */

/*
 * Read a file's text at "now" (Unix seconds).  Pure.  Returns the level; OK
 * where it has expired, is further ahead than a file is ever written for
 * (PRESSURE_MOST_S: a clock was set back), or is not understood.
 */
#define PRESSURE_MOST_S 3600
enum pressure_level pressure_parse(const char *text, size_t len, int64_t now);

/*
 * The file's level at "now"; OK where there is none or it cannot be read.
 * Opens, reads and closes it: for once a second, not for each message.
 */
enum pressure_level pressure_read(const char *path, int64_t now);

/*
 * Rename a new file into place that is good until "expires" (at most
 * PRESSURE_MOST_S ahead).  Returns 0, or -1 with *e set; then the old file
 * stays, until it expires.
 */
int pressure_write(const char *path, enum pressure_level level, int64_t expires,
    struct err *e);

#endif
