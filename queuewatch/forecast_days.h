#ifndef QUEUEWATCH_FORECAST_DAYS_H
#define QUEUEWATCH_FORECAST_DAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * When will a value that has its days (free bytes above the floor) reach 0?
 * Pure; times are Unix seconds.
 *
 * The past four weeks are kept as the least value of each quarter of an hour.
 * The future is played many times over: each of its days goes as one of the
 * past days went, of those that began alike (from a like level, on a like day
 * of the week), at the same time of day.  So a dump at night or a log that is
 * rotated is no alarm, because it was none before.  Beside it:
 *
 * - the envelope: the least value of each day, by its median slope (Theil-Sen),
 *   for growth that is slower than the days differ;
 * - the drift: what the last hours lost beyond all that these hours of the day
 *   ever lost, steadily and still; believed for so many times as long as it was
 *   seen.  A single big copy is not steady, or is over.
 */
#define DAYS_SLOT_S 900
#define DAYS_A_DAY 96
#define DAYS_KEPT 28
#define DAYS_SLOTS (DAYS_KEPT * DAYS_A_DAY)
#define DAYS_PLAYS 128
#define DAYS_AHEAD 7 /* how far it is played */

struct days {
	int64_t newest; /* slot number: Unix seconds / DAYS_SLOT_S */
	int n; /* slots that are known, up to the newest */
	float least[DAYS_SLOTS]; /* by slot number modulo */
};

void days_init(struct days *d);
/*
 * A value of that moment.  Slots that were missed are bridged; a gap of more
 * than a day begins anew, and a clock set back forgets what is newer.
 */
void days_add(struct days *d, int64_t now, double value);
/* What the value means has changed (a larger file system): past ones as well.
 */
void days_shift(struct days *d, double by);
/* The slot "back" slots before the newest, 0 to n - 1. */
double days_at(const struct days *d, int back);

struct outlook {
	bool learning; /* less than two days: only the drift, after one */
	bool drifts; /* something new goes on */
	double
	    per_day; /* the envelope's slope, or the drift's; below 0: falls */
	/* When each play reached 0, seconds from now, in order; -1: never. */
	int64_t hits[DAYS_PLAYS];
};

/*
 * From the value now; "zero" is what counts as 0.  The same input gives the
 * same outlook.
 */
void days_outlook(
    const struct days *d, double value, double zero, struct outlook *o_r);

/* The share of plays that reach 0 within so many seconds. */
double outlook_chance(const struct outlook *o, int64_t within_s);
/* When so large a share of plays has reached it; -1: it never does. */
int64_t outlook_when(const struct outlook *o, double share);
/*
 * Whether it is likely to reach 0 within so long; with "standing", whether that
 * is still to be said.
 */
bool outlook_warns(const struct outlook *o, int64_t within_s, bool standing);
#define OUTLOOK_LIKELY 0.5
#define OUTLOOK_EARLIEST 0.1

#endif
