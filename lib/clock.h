#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * The only place where a clock is read.  What decides takes the time as an
 * argument.
 */

/* Unix time: seconds, milliseconds. */
int64_t clock_now(void);
int64_t clock_now_ms(void);
/* A clock that is never set: nanoseconds, milliseconds. */
int64_t clock_mono_ns(void);
int64_t clock_mono_ms(void);

/* Room for "2026-03-19T16:21:30Z" and the NUL, for any int64_t it can say. */
#define CLOCK_RFC3339_SIZE 32

/* RFC 3339, UTC, whole seconds; years 0000 to 9999, others are held there. */
char *clock_rfc3339(int64_t unix_s, char out[CLOCK_RFC3339_SIZE]);

/*
 * Read an RFC 3339 date-time with any offset; fractions are dropped.
 * Returns 0, or -1 where it is none.
 */
int clock_parse_rfc3339(const char *s, int64_t *unix_r);

#endif
