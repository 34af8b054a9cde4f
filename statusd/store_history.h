#ifndef STATUSD_STORE_HISTORY_H
#define STATUSD_STORE_HISTORY_H

#include "statusd/history.h"
#include "statusd/model.h"
#include "statusd/store.h"

#include <stdint.h>

struct config;
struct config_system;
struct err;

/*
 * What systems were like: the stored periods, and the samples behind charts.
 */

/* What is to be kept of a moment. */
struct store_moment {
	enum model_state state; /* as the row said */
	enum model_state felt; /* as customers had it */
	bool planned; /* work was in progress */
};

/*
 * Note that the system is like this at "now": the current period goes on, or
 * ends and another begins.  A time in which nobody noted anything becomes
 * unknown.
 */
int store_period_note(struct store *s, const char *system,
    const struct store_moment *m, int64_t now, struct err *e);

/* When statusd was last at work, as far as the store tells; 0: never. */
int store_last_seen(struct store *s, int64_t *at_r, struct err *e);

/* The tally of [from, until), as far as it was noted. */
struct store_span_of {
	const char *system;
	int64_t from, until;
};
int store_tally(struct store *s, const struct store_span_of *of,
    struct model_tally *t_r, struct err *e);
/* When the first period of the system began; 0: there is none. */
int store_first_seen(
    struct store *s, const char *system, int64_t *at_r, struct err *e);

/*
 * Fill days and months of the system as of "now".  What is over is kept in
 * the handle, so that only today is read again.
 */
int store_load_history(struct store *s, const struct config *c,
    struct model_system *m, int64_t now, struct err *e);

/*
 * Fill the charts that the configuration makes public, read anew every five
 * minutes.
 */
int store_load_series(struct store *s, const struct config *c,
    struct model_system *m, int64_t now, struct err *e);

/* Sum the samples of days that are over up, once; cheap when it is done. */
int store_samples_sum_up(struct store *s, int64_t now, struct err *e);

/* Called by store_close(). */
void store_history_forget(struct store *s);

#endif
