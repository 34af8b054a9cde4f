#ifndef TESTS_BENCH_PART_SENDERS_H
#define TESTS_BENCH_PART_SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* What the simulation of senders and the two greylisters share. */

#define SENDER_STEPS 12
#define SENDER_KINDS 16
#define TALLY_WAITS 65536

struct sender {
	const char *name;
	int share; /* of the messages */
	int domains;
	int64_t steps[SENDER_STEPS]; /* minutes after the first try */
	int64_t gives_up; /* minutes after the first try */
	int addresses; /* it tries from, in turn */
	int nets; /* that these lie in */
	bool spf;
};

enum spam { SPAM_ONCE, SPAM_AT_ONCE, SPAM_ROTATES, SPAM_KINDS };

/* One try, as a mail server sees it. */
struct envelope {
	char client[40];
	char name[128]; /* forward-confirmed; "": none */
	char sender[128];
	char recipient[64];
	char domain[64]; /* the sender's */
	bool spf; /* passes for the domain */
};

struct tally {
	int64_t messages, accepted, delayed;
	int64_t lost; /* after the warm-up */
	int64_t lost_early; /* in it */
	int32_t waits[TALLY_WAITS]; /* seconds, of the delayed */
	size_t n_waits;
};

struct result {
	struct tally senders[SENDER_KINDS];
	struct tally spam[SPAM_KINDS];
};

/* Who judges: true where the try passes. */
struct greylister {
	bool (*passes)(
	    struct greylister *g, const struct envelope *env, int64_t now);
	void (*free)(struct greylister *g);
};

/* greymilter's own judgement, in memory; NULL with *e set on failure. */
struct greylister *greylister_ours(struct err *e);
/* The rules of postgrey 1.37's defaults, written anew. */
struct greylister *greylister_postgrey(void);

#endif
