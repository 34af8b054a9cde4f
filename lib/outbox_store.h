#ifndef LIB_OUTBOX_STORE_H
#define LIB_OUTBOX_STORE_H

#include "lib/alert.h"
#include "lib/log.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct sql;

/*
 * Internal to lib/outbox: messages and what became of them, in memory and in
 * the file.
 */
enum outbox_state {
	OUTBOX_WAITING,
	OUTBOX_UNDER_WAY, /* from before its first byte left */
	OUTBOX_SENT,
	OUTBOX_UNCERTAIN, /* was under way when the program was killed */
	OUTBOX_DROPPED,
};

struct outbox_item {
	struct outbox_item *next;
	struct alert_message m; /* its strings belong to the item */
	const char *target; /* the lane's */
	enum outbox_state state;
	int64_t queued_at; /* Unix seconds */
	int64_t since_ms, next_ms; /* monotonic: known here; next try */
	int tries;
	/* What the file has: the store's generation, 0 for nothing. */
	unsigned saved;
	bool dirty; /* the file has an older state */
};

/* A copy of m; NULL without memory.  Over-long text is cut. */
struct outbox_item *outbox_item_new(
    const char *target, const struct alert_message *m);
void outbox_item_free(struct outbox_item *item);
/* The thread that it is in order with. */
const char *outbox_item_thread(const struct outbox_item *item);

/* Seconds until the next try, after "tries" failed ones in "age_s" seconds. */
int outbox_pause_s(int tries, int64_t age_s);

struct outbox_store {
	char *path;
	struct sql *db; /* NULL: not open */
	unsigned generation; /* grows when a file is begun anew */
	bool fault;
	char error[256];
	int64_t retry_ms; /* monotonic: not before */
	struct log_limit limit;
};

/*
 * Open the file; a damaged one is set aside.  On failure the store is at fault
 * and outbox_store_retry() can be called.  Returns 0 or -1 with *e set.
 */
int outbox_store_open(struct outbox_store *st, const char *path, struct err *e);
void outbox_store_close(struct outbox_store *st);
/* After a failed opening: 1 when it is open now. */
int outbox_store_retry(struct outbox_store *st, int64_t now_ms);

/* Does the file know this message?  1, 0; -1: it cannot be read. */
int outbox_store_knows(
    struct outbox_store *st, const char *target, const char *key);
/* Write the item's state; clears "dirty" when it is written.  0 or -1. */
int outbox_store_save(struct outbox_store *st, struct outbox_item *item);
/*
 * All that waits or was under way, oldest first, handed to "take", which owns
 * it.  The item's target is a name that lives only during the call.
 */
int outbox_store_load(struct outbox_store *st,
    void (*take)(struct outbox_item *item, void *arg), void *arg);

#endif
