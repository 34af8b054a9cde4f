#ifndef QUEUEWATCH_PACE_H
#define QUEUEWATCH_PACE_H

#include "queuewatch/ledger.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How fast mail is delivered and how much is refused, of the last five minutes:
 * what the log's totals have grown by.  Pure; the clock is monotonic.
 */
#define PACE_WINDOW_MS (5 * 60 * 1000)
#define PACE_STEP_MS (30 * 1000)
#define PACE_STEPS (PACE_WINDOW_MS / PACE_STEP_MS + 1)

struct pace_mark {
	int64_t mono_ms;
	struct ledger_counts counts;
};

struct pace {
	struct pace_mark marks[PACE_STEPS]; /* oldest first */
	int n;
	struct pace_mark now;
};

/* The totals as they are now; where they fell, all begins anew. */
void pace_take(
    struct pace *p, const struct ledger_counts *counts, int64_t mono_ms);

/* Half of the messages took no longer than *s_r.  False: none was delivered. */
bool pace_delay(const struct pace *p, double *s_r);

/* Messages refused for good, an hour.  False: it is too early to tell. */
bool pace_refused(const struct pace *p, double *per_hour_r);

#endif
