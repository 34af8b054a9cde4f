#ifndef STATUSD_STATE_H
#define STATUSD_STATE_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What state a system is in.  Pure.  A system is never green without a word
 * from it: what has not reported lately is unknown.
 */
struct state_facts {
	int64_t reported_at; /* its newest report came in; 0: never */
	bool critical, warning; /* some current finding is */
	/* The same of what customers use; and whether anything of it is known.
	 */
	bool felt_critical, felt_warning, felt_known;
	bool probes_only; /* nobody reports for it */
	bool probed; /* looks from outside, but pings, told something lately */
	/* The worst of what the operator says in incidents that are open. */
	bool by_hand;
	enum model_impact impact;
	bool maintenance; /* planned work is in progress */
};

enum model_state state_of(
    const struct state_facts *f, int64_t now, int64_t late_after_s);

/*
 * The state as customers have it, for uptime and history: from what they use,
 * never from a ping alone; planned work is not looked at.
 */
enum model_state state_felt(
    const struct state_facts *f, int64_t now, int64_t late_after_s);

/*
 * Whether it has reported within late_after_s; a time that is ahead by more is
 * none (the clock was set back).
 */
bool state_is_fresh(int64_t reported_at, int64_t now, int64_t late_after_s);

/* How bad: for choosing the worst of two. */
int state_rank(enum model_state state);

#endif
