#ifndef MILTER_LIVE_H
#define MILTER_LIVE_H

#include "lib/grey/config.h"
#include "lib/grey/reply.h"
#include "lib/grey/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

struct err;

/*
 * The configuration in force.  A message keeps the one it began with; a reload
 * puts another in its place.
 */
struct live {
	atomic_int refs;
	struct grey_config config;
	char code[GREY_CODE_SIZE]; /* of reply_code: "451" */
	char status[GREY_STATUS_SIZE]; /* "4.7.1" */
};

struct live_slot {
	pthread_mutex_t lock;
	struct live *now;
};

/* Where the configuration comes from; what it points to must live on. */
struct live_source {
	const char *file;
	const char *const *overrides;
	size_t n_overrides;
};

/* Read the file; NULL with *e set. */
struct live *live_read(const struct live_source *from, struct err *e);
/*
 * Add Postfix's mynetworks to what was read and is not in force yet; where
 * they cannot be had that is a warning in the log.  Can take seconds.
 */
void live_add_networks(struct live *l);

/* What the store is to know of it; uid and gid are not set. */
struct grey_store_options live_store_options(const struct grey_config *c);

/* Put "l" in force (taken over); the one before goes when nobody uses it. */
void live_put(struct live_slot *slot, struct live *l);
struct live *live_take(struct live_slot *slot);
struct live *live_hold(struct live *l); /* once more; returns it */
void live_release(struct live *l); /* NULL is harmless */

#endif
