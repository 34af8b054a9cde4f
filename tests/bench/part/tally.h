#ifndef TESTS_BENCH_PART_TALLY_H
#define TESTS_BENCH_PART_TALLY_H

#include "tests/bench/part/latency.h"

#include <stdbool.h>
#include <stdint.h>

/* What was decided, how often, and how long each answer took. */
struct tally {
	uint64_t passed, deferred, refused;
	uint64_t wrong; /* a known one deferred, a new one passed */
	uint64_t sessions, lost; /* connections that ended well, or not */
	struct latency latency;
};

enum tally_answer { TALLY_PASS, TALLY_DEFER, TALLY_REFUSE };

/* One decision; "known": it should pass.  0, or -1 without memory. */
int tally_add(
    struct tally *t, enum tally_answer answer, bool known, int64_t us);

/* As one line of JSON, to standard output; once. */
void tally_print(struct tally *t, double seconds);

#endif
