#ifndef STATUSD_TICK_H
#define STATUSD_TICK_H

#include "statusd/model.h"
#include "statusd/store.h"

#include <stdint.h>

struct config;
struct err;

/*
 * What happens by the clock alone.  One thread.
 */
struct tick {
	struct store *store;
	const struct config *config;
	int64_t started_at; /* nobody is called silent for our own absence */
	int64_t slow_at; /* when the slow part ran last */
	int64_t noted_at; /* when the states were kept last */
	int64_t expired_at; /* when old samples were dropped last */
};

/*
 * At "now", about once a second: posts that are due become public, silent
 * systems get their incident, the operator's notices follow.  Returns 1 where
 * the page may have changed, 0, or -1 with *e set.
 */
int tick_run(struct tick *t, int64_t now, struct err *e);

/*
 * Keep what states the systems of this picture are in, for the uptime; fills
 * in since when, where that is now.  Returns 0 or -1.
 */
int tick_note_states(struct tick *t, struct model_site *site, struct err *e);

/*
 * When the site would look different though nothing is stored: a system
 * becomes late, planned work begins or ends; at the latest in a minute.
 */
int64_t tick_next_change(const struct model_site *site, const struct config *c);

#endif
