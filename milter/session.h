#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

#include "lib/log.h"
#include "milter/count.h"
#include "milter/later.h"
#include "milter/live.h"
#include "milter/pressure_watch.h"
#include "milter/proof.h"

#include <stdatomic.h>
#include <stdbool.h>

struct err;
struct grey_store;

/* What all sessions share. */
struct milter {
	struct grey_store *store;
	struct proof proof;
	struct live_slot live;
	struct pressure_watch pressure;
	struct count count;
	struct later later; /* passes whose identities are to be recorded */
	atomic_int busy; /* sessions that are asking the store now */
	atomic_int asking; /* of "later": asking the DNS now */
	atomic_bool stopping; /* the store is not to be asked any more */
	struct log_limit fault_log, macro_log, brake_log;
};

/*
 * Tell libmilter what to call; "m" must live until the end.  Once.
 * Returns 0, or -1 with *e set.
 */
int session_register(struct milter *m, struct err *e);

#endif
