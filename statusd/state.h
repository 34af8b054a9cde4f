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
	/* The worst of what the operator says in incidents that are open. */
	bool by_hand;
	enum model_impact impact;
	bool maintenance; /* planned work is in progress */
};

enum model_state state_of(
    const struct state_facts *f, int64_t now, int64_t late_after_s);

/*
 * Whether it has reported within late_after_s; a time that is ahead by more is
 * none (the clock was set back).
 */
bool state_is_fresh(int64_t reported_at, int64_t now, int64_t late_after_s);

/* How bad: for choosing the worst of two. */
int state_rank(enum model_state state);

#endif
