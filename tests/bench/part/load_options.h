#ifndef TESTS_BENCH_PART_LOAD_OPTIONS_H
#define TESTS_BENCH_PART_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define LOAD_SESSIONS_MAX 4096

/* What milterload is told to do. */
struct load_options {
	uint16_t port;
	unsigned at_once; /* sessions, at most */
	unsigned per_second; /* sessions begun; 0: the next when one ends */
	unsigned seconds;
	unsigned recipients; /* a session */
	unsigned new_percent;
	uint64_t known; /* envelopes 0 .. known - 1 have been seen */
	uint64_t first_new; /* numbers of new ones begin here */
	uint64_t fill; /* send the envelopes 0 .. fill - 1, then end */
	const char *journal; /* numbers of those answered are written here */
	const char *check; /* a journal: all of it must pass */
	bool patient; /* a lost connection is tried again, not a fault */
};

/* Ends the process with the usage where they are wrong. */
void load_options_read(int argc, char **argv, struct load_options *o_r);

#endif
