#ifndef STATUSD_RESCUE_H
#define STATUSD_RESCUE_H

#include "lib/log.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct daemon_user;
struct err;

/*
 * statusd's database on bad days.  A damaged one is set aside, and a new one
 * gets what can be read of it and what the copy has; so does a new one that
 * begins empty beside a copy.  The operator is told of both.
 */

/*
 * Open it for the thread that keeps the clock; "damaged": that was found out
 * while it was open.  NULL with *e set on failure: all is as it was.
 */
struct store *rescue_open(const struct config *c,
    const struct daemon_user *user, bool damaged, struct err *e);

struct rescue {
	int64_t looked_at, kept_at; /* Unix seconds */
	int64_t mark;
	struct log_limit limit;
};

/*
 * Keep the copy up to date: often enough, and only where something changed; and
 * a little room (-reserve) that a start on a full disk takes.
 */
void rescue_keep(
    struct rescue *r, struct store *s, const struct config *c, int64_t now);

#endif
