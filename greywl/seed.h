#ifndef GREYWL_SEED_H
#define GREYWL_SEED_H

#include "greywl/greywl.h"
#include "greywl/rehearse.h"

struct err;

struct seed_done {
	size_t credits; /* identities with what they have passed */
	size_t known; /* of these, no more deferred */
	size_t envelopes; /* that have passed */
};

/*
 * Make known in the open store who has proven himself in the log: what each
 * identity has passed, at most one an hour, and the envelopes that were taken
 * from proven senders within the lifetime.  Clients of the own networks are
 * left out.  Returns 0, or -1 with *e set (what was written before stays).
 */
int seed_store(struct gw *g, const struct rehearse *r, struct seed_done *done_r,
    struct err *e);

#endif
