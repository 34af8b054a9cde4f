#ifndef QUEUEWATCH_HISTORY_H
#define QUEUEWATCH_HISTORY_H

#include "queuewatch/forecast_days.h"

#include <stdint.h>

struct err;

/*
 * What was measured, for years, in a database of bounded size: the least and
 * the most of each quarter of an hour for 35 days, of each hour for 400 days,
 * and of each day for ever after (twenty years: 9 MB for ten series).  Its room
 * for the next days is taken when it is made.  One thread; no other process
 * opens it.
 */
struct history;

/* NULL with *e set. */
struct history *history_open(const char *path, struct err *e);
void history_close(struct history *h); /* NULL is harmless */

/*
 * Keep a slot of a series ("disk:/var/vmail"): written together with the others
 * by history_write().
 */
struct history_point {
	const char *series;
	int64_t slot; /* Unix seconds / DAYS_SLOT_S */
	double least, most;
};
/* Keep them as one step.  Returns 0, or -1 with *e set: try again later. */
int history_write(struct history *h, const struct history_point *points,
    size_t n, struct err *e);

/* Fill "d" with what is known of the last weeks before "now".  0 or -1. */
int history_days(struct history *h, const char *series, int64_t now,
    struct days *d, struct err *e);

/* Make old points coarser; once a day is enough.  Returns 0 or -1. */
int history_thin(struct history *h, int64_t now, struct err *e);

#endif
