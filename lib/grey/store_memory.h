#ifndef LIB_GREY_STORE_MEMORY_H
#define LIB_GREY_STORE_MEMORY_H

#include "lib/grey/store.h"

/*
 * Envelopes and credits in memory alone, for a rehearsal of old logs and for
 * simulations: the same verbs judge, envelope, credit, each, stats and state
 * as the real store; nothing outlives it.  It has neither whitelist nor
 * counters: the verbs for these are not to be called.  One thread.
 */
struct grey_store *grey_store_memory_open(
    const struct grey_keep *keep, struct err *e);

/*
 * Forget what no longer counts at "now" (Unix seconds).  The store does it by
 * itself when it has doubled since the last time.
 */
void grey_store_memory_expire(struct grey_store *s, int64_t now);

#endif
