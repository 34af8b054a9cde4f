#ifndef LIB_OUTBOX_LANE_H
#define LIB_OUTBOX_LANE_H

#include "lib/outbox.h"
#include "lib/outbox_store.h"

#include <pthread.h>
#include <stdatomic.h>

/*
 * Internal to lib/outbox: a lane is one target, its queue and its thread.  All
 * of it is under the outbox's lock but for "cancel" and, while the thread runs,
 * the target, which does not change then.
 */
#define LANE_MAX 500 /* messages in its queue */

/* What the lanes share. */
struct outbox_lane;
struct outbox_shared {
	pthread_mutex_t lock;
	pthread_cond_t idle; /* a lane has ended a try */
	struct outbox_store store;
	struct outbox_lane *lanes;
	bool loaded; /* what the file had waiting is in the lanes */
	char host[256];
};

struct outbox_lane {
	struct outbox_lane *next;
	struct outbox_shared *shared;
	struct alert_target target; /* its strings belong to the lane */
	char *secret;
	struct outbox_item *items; /* oldest first */
	size_t n; /* of them that wait or are under way */
	struct outbox_item *under_way;
	struct outbox_counts counts; /* the totals */
	struct log_limit limit;
	pthread_t thread;
	pthread_cond_t wake;
	bool started, stop;
	atomic_bool cancel;
};

/* A lane for the target, copied, that is not started; NULL without memory. */
struct outbox_lane *outbox_lane_new(
    struct outbox_shared *shared, const struct alert_target *t, char *secret);
/* Free a lane that is not started, and what is in it. */
void outbox_lane_free(struct outbox_lane *lane);
/* Is this the same place, spoken to in the same way? */
bool outbox_lane_same(const struct outbox_lane *lane,
    const struct alert_target *t, const char *secret);

/* These two without the lock. */
int outbox_lane_start(struct outbox_lane *lane, struct err *e);
/* Gives up what is under way and wait for the thread. */
void outbox_lane_stop(struct outbox_lane *lane);

/* With the lock: queue, and own, the item. */
void outbox_lane_add(struct outbox_lane *lane, struct outbox_item *item);
/* The state is final: written now, or later while there is room for it. */
void outbox_lane_finish(struct outbox_lane *lane, struct outbox_item *item,
    enum outbox_state state);
/* Is a message of this key in the queue? */
bool outbox_lane_has(const struct outbox_lane *lane, const char *key);
/* Make room for one of this message's rank: 0, or -1. */
int outbox_lane_make_room(
    struct outbox_lane *lane, const struct alert_message *m);

/* The lane of a target, or NULL. */
struct outbox_lane *outbox_find(
    const struct outbox_shared *s, const char *target);
/*
 * Once the lanes are there: what the file has waiting is put into them, and
 * what was under way is noted as uncertain.
 */
void outbox_load(struct outbox_shared *s);
/* Open a file that could not be opened; at most every 10 s. */
void outbox_retry(struct outbox_shared *s);

#endif
