#ifndef TESTS_BENCH_PART_ENVELOPE_H
#define TESTS_BENCH_PART_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The envelopes of the load: all of one follows from its number, so that any
 * tool can say again what another has said.  ENVELOPE_GROUP numbers have one
 * client and sender, so that they can be sent in one session as well as each in
 * its own.  Pure.
 */
#define ENVELOPE_GROUP 50

struct envelope {
	char client[16]; /* IPv4 */
	char sender[48];
	char sender_domain[32];
	char recipient[48];
};

void envelope_of(uint64_t number, struct envelope *env_r);

#endif
