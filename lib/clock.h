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
/* Processor time that this thread has used: microseconds. */
int64_t clock_cpu_us(void);

/*
 * Unix time in ms for what decides about a memory of weeks.  A wall clock that
 * leaps by more than a year while this process runs is doubted: for an hour
 * time goes on from where it was; then what the clock says is believed.  Any
 * thread.
 */
int64_t clock_steady_ms(void);
/* The rule, pure: "s" begins as all zero. */
struct clock_steady {
	_Atomic(int64_t) offset_ms; /* wall - monotonic, as believed */
	_Atomic(int64_t) doubted_ms; /* monotonic: since when, 0: not */
};
int64_t clock_steady_of(
    struct clock_steady *s, int64_t wall_ms, int64_t mono_ms);

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
