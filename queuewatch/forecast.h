#ifndef QUEUEWATCH_FORECAST_H
#define QUEUEWATCH_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * When will a value that falls (free bytes above the floor) or a queue that
 * drains reach 0?  Pure; times are milliseconds of the wall clock
 * (the coarse ring is kept over restarts).
 *
 * Two rings: every sample of the last minutes, and one sample in five minutes
 * of the last days.
 */
#define TREND_FINE 240
#define TREND_FINE_MS (10 * 60 * 1000) /* older samples do not count */
#define TREND_COARSE 864
#define TREND_COARSE_MS (5 * 60 * 1000)

struct trend_point {
	int64_t at_ms;
	double value;
};

struct trend_ring {
	struct trend_point *points;
	size_t size, n, next;
};

struct trend {
	struct trend_ring fine, coarse;
	struct trend_point fine_points[TREND_FINE];
	struct trend_point coarse_points[TREND_COARSE];
	/* Of the coarse ring, made when it grows. */
	bool coarse_given;
	double coarse_per_s;
};

void trend_init(struct trend *t);
/* A sample older than the newest means a clock set back: what is newer goes. */
void trend_add(struct trend *t, int64_t at_ms, double value);
/* A coarse point as it was kept over a restart, oldest first. */
void trend_restore(struct trend *t, int64_t at_ms, double value);
/* The i-th oldest, 0 to n - 1. */
const struct trend_point *trend_at(const struct trend_ring *r, size_t i);

/*
 * The median slope (Theil-Sen) of the ring's samples taken at or after
 * "from_ms", in units a second: one outlier does not tilt it.  Returns whether
 * there are at least "least" samples with some time between them.
 */
bool trend_slope(
    const struct trend_ring *r, int64_t from_ms, size_t least, double *per_s_r);

struct trend_forecast {
	bool given; /* there is a trend downwards */
	double per_s; /* negative */
	int64_t in_s; /* until 0, from the newest sample on */
	/* The last minute's rate alone gets there within 15 minutes. */
	bool quick;
	/* The trend has been seen over at least "settled" hours. */
	bool settled;
};

#define TREND_QUICK_S (15 * 60)
#define TREND_SETTLED_MS (6 * 3600 * 1000)

/* Of what was added so far; "now_ms" of the same clock. */
void trend_forecast(
    const struct trend *t, int64_t now_ms, struct trend_forecast *f_r);

#endif
