#ifndef LIB_DURATION_H
#define LIB_DURATION_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * A duration as the configuration writes it: a whole number and a unit with
 * nothing between them: ms, s, min, h, d, w.  "0" needs no unit.
 * Returns 0, or -1 with what would be right in *e.
 */
int duration_parse_ms(const char *s, int64_t *ms_r, struct err *e);

#define DURATION_SIZE 64

/*
 * For people: "45 s", "3 min", "2 h 5 min", "3 d 4 h": two units at most,
 * rounded down; "0 s" for nothing or less.
 */
char *duration_text(int64_t seconds, char out[DURATION_SIZE]);

/*
 * A size in bytes: a whole number and B, K, M, G or T (powers of 1024, "KiB"
 * and "kB" are understood alike); no unit means bytes.
 */
int size_parse(const char *s, int64_t *bytes_r, struct err *e);

/* "85%" or "0.85": a share of 0 to 1. */
int ratio_parse(const char *s, double *ratio_r, struct err *e);

#endif
