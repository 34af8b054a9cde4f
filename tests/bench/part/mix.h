#ifndef TESTS_BENCH_PART_MIX_H
#define TESTS_BENCH_PART_MIX_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Which envelope comes next: a share of new ones, the rest drawn at random from
 * those that have been seen.
 */
struct mix {
	uint64_t known; /* envelopes 0 .. known - 1 have been seen */
	unsigned new_percent;
	unsigned at_once; /* envelopes taken together: recipients */
	uint64_t next_new; /* numbers of new ones go on from here */
	uint64_t random; /* not 0 */
};

#define MIX_SEED UINT64_C(88172645463325252)
#define MIX_FIRST_NEW (UINT64_C(1) << 40)

/* The first of "at_once" envelopes, and whether they should pass. */
uint64_t mix_next(struct mix *m, bool *known_r);

#endif
