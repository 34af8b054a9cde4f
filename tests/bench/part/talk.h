#ifndef TESTS_BENCH_PART_TALK_H
#define TESTS_BENCH_PART_TALK_H

#include "tests/bench/part/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What Postfix 3.7 says to a milter about envelopes of envelope.h.  Pure: fills
 * a buffer, sends nothing.
 */

/* What a session does, in order; recipients and headers repeat their step. */
enum talk_step {
	TALK_CONNECT,
	TALK_HELO,
	TALK_MAIL,
	TALK_RCPT,
	TALK_DATA,
	TALK_HEADER,
	TALK_EOH,
	TALK_BODY,
	TALK_EOM,
	TALK_END
};

struct talk {
	uint64_t number; /* of the first envelope */
	unsigned recipients; /* of the session */
	unsigned accepted; /* of them so far; the caller counts */
	uint32_t steps; /* as negotiated: what is left out, what is silent */
	enum talk_step step; /* whose reply is awaited */
	unsigned repeat; /* which recipient or header, from 0 */
	unsigned char out[4096];
	size_t out_len;
};

/* "recipients" envelopes from "number" on, which must be of one group. */
void talk_begin(struct talk *t, uint64_t number, unsigned recipients);

/* The offer of options. */
void talk_offer(struct talk *t);

/*
 * Gather into "out" all that is said up to and with the next step that is
 * answered.  Returns false, with "out" saying good-bye, when all was said or
 * no recipient was accepted.
 */
bool talk_go_on(struct talk *t);

/* The reply to "step" has come: to the next one. */
void talk_advance(struct talk *t);

#endif
