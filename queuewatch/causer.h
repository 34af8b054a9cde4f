#ifndef QUEUEWATCH_CAUSER_H
#define QUEUEWATCH_CAUSER_H

#include "queuewatch/cause.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct logreader;

/*
 * Finds out what the queue's growth is made of: reads showq in a thread of its
 * own, when it is asked to.
 */
struct causer;

/* "r" knows logins and clients, from the log. */
struct causer *causer_start(struct logreader *r, struct err *e);
void causer_stop(struct causer *c);

struct causer_order {
	const char *queue_directory;
	uint64_t instance; /* maillog_instance()'s key */
	/* Count what arrived since (Unix seconds); where nothing did, all. */
	int64_t since;
	bool addresses; /* senders and logins whole, else their domains */
};

/*
 * Ask, unless it is at work or "pause_ms" have not passed since it began last
 * ("mono_ms" is now), or five times as long as it took.
 */
void causer_ask(struct causer *c, const struct causer_order *order,
    int64_t mono_ms, int64_t pause_ms);

/* The newest causes; false: none since the last causer_forget(). */
bool causer_get(struct causer *c, struct causes *causes_r);
void causer_forget(struct causer *c);

#endif
