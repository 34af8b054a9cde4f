#ifndef STATUSD_WATCH_H
#define STATUSD_WATCH_H

#include "lib/log.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct outbox;

/*
 * statusd's own host: room for its database and its site, and whether the
 * database is the one that it opened.
 */
struct watch {
	struct outbox *outbox; /* for what the database has no room for */
	int64_t looked_at; /* Unix seconds */
	bool low; /* the operator was told that there is little room */
	uint64_t device, inode; /* of the database; 0: not looked yet */
	struct log_limit limit;
};

/* The database was opened just now. */
void watch_begin(struct watch *w, const struct config *c);

/*
 * Look, at most every 2 s.  What is wrong is logged, and told to every alert
 * once, as is its end; where the database cannot be written it goes straight to
 * the outbox, which has room of its own.  Returns 1 where the database was
 * replaced or removed, so that it must be opened anew; else 0.
 */
int watch_step(
    struct watch *w, struct store *s, const struct config *c, int64_t now);

#endif
