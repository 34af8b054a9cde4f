#include "queuewatch/forecast.h"

#include <stdlib.h>
#include <string.h>

#define SLOPE_POINTS 48 /* the most that are compared pair by pair */
#define SLOPE_PAIRS (SLOPE_POINTS * (SLOPE_POINTS - 1) / 2)
#define QUICK_MS 60000
#define QUICK_LEAST 3
#define LEAST 4
#define NEAR_S 86400 /* a minute's rate is not believed beyond */
#define COARSE_LEAST 12
#define FARTHEST_S (10.0 * 365 * 86400)

void
trend_init(struct trend *t)
{
	memset(t, 0, sizeof(*t));
	t->fine.points = t->fine_points;
	t->fine.size = TREND_FINE;
	t->coarse.points = t->coarse_points;
	t->coarse.size = TREND_COARSE;
}

const struct trend_point *
trend_at(const struct trend_ring *r, size_t i)
{
	return &r->points[(r->next + r->size - r->n + i) % r->size];
}

static void
ring_add(struct trend_ring *r, int64_t at_ms, double value)
{
	while (r->n > 0 && trend_at(r, r->n - 1)->at_ms >= at_ms) {
		r->next = (r->next + r->size - 1) % r->size;
		r->n--;
	}
	r->points[r->next].at_ms = at_ms;
	r->points[r->next].value = value;
	r->next = (r->next + 1) % r->size;
	if (r->n < r->size)
		r->n++;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

bool
trend_slope(
    const struct trend_ring *r, int64_t from_ms, size_t least, double *per_s_r)
{
	double slopes[SLOPE_PAIRS];
	const struct trend_point *pick[SLOPE_POINTS];
	size_t first = 0, count, n, n_slopes = 0, i, j;

	while (first < r->n && trend_at(r, first)->at_ms < from_ms)
		first++;
	count = r->n - first;
	if (count < least || count < 2)
		return false;
	n = count < SLOPE_POINTS ? count : SLOPE_POINTS;
	for (i = 0; i < n; i++)
		pick[i] = trend_at(r, first + i * (count - 1) / (n - 1));
	for (i = 0; i < n; i++) {
		for (j = i + 1; j < n; j++) {
			double s = (double)(pick[j]->at_ms - pick[i]->at_ms);

			slopes[n_slopes++] = (pick[j]->value - pick[i]->value) *
			    1000 / s;
		}
	}
	qsort(slopes, n_slopes, sizeof(slopes[0]), compare);
	*per_s_r = slopes[n_slopes / 2];
	return true;
}

static void
coarse_slope(struct trend *t, int64_t now_ms)
{
	t->coarse_given = trend_slope(&t->coarse,
	                      now_ms - INT64_C(24) * 3600 * 1000, COARSE_LEAST,
	                      &t->coarse_per_s) &&
	    now_ms - trend_at(&t->coarse, 0)->at_ms >= TREND_SETTLED_MS;
}

void
trend_restore(struct trend *t, int64_t at_ms, double value)
{
	ring_add(&t->coarse, at_ms, value);
	coarse_slope(t, at_ms);
}

void
trend_add(struct trend *t, int64_t at_ms, double value)
{
	ring_add(&t->fine, at_ms, value);
	if (t->coarse.n == 0 ||
	    at_ms - trend_at(&t->coarse, t->coarse.n - 1)->at_ms >=
	        TREND_COARSE_MS ||
	    at_ms < trend_at(&t->coarse, t->coarse.n - 1)->at_ms)
		trend_restore(t, at_ms, value);
}

/*
 * The rate of the last minute or that of its last third, whichever is nearer
 * to rest: a single step that is over is no growth that goes on.
 */
static bool
minute_rate(const struct trend *t, int64_t now_ms, double *per_s_r)
{
	int64_t first, recent;
	double third;

	if (t->fine.n < QUICK_LEAST)
		return false;
	first = trend_at(&t->fine, 0)->at_ms;
	if (first < now_ms - QUICK_MS)
		first = now_ms - QUICK_MS;
	recent = now_ms - (now_ms - first) / 3;
	if (recent > trend_at(&t->fine, t->fine.n - 2)->at_ms)
		recent = trend_at(&t->fine, t->fine.n - 2)->at_ms;
	if (!trend_slope(&t->fine, first, QUICK_LEAST, per_s_r) ||
	    !trend_slope(&t->fine, recent, 2, &third))
		return false;
	if (third > *per_s_r)
		*per_s_r = third;
	return *per_s_r < 0;
}

void
trend_forecast(
    const struct trend *t, int64_t now_ms, struct trend_forecast *f_r)
{
	double per_s = 0, minute, value, in_s;

	memset(f_r, 0, sizeof(*f_r));
	if (t->fine.n == 0)
		return;
	value = trend_at(&t->fine, t->fine.n - 1)->value;
	f_r->settled = t->coarse_given;
	if (t->coarse_given)
		per_s = t->coarse_per_s;
	else if (!trend_slope(&t->fine, now_ms - TREND_FINE_MS, LEAST, &per_s))
		per_s = 0;
	if (minute_rate(t, now_ms, &minute)) {
		f_r->quick = value + minute * TREND_QUICK_S <= 0;
		if (minute < per_s && value + minute * NEAR_S <= 0) {
			per_s = minute;
			f_r->settled = false;
		}
	}
	f_r->per_s = per_s;
	if (per_s >= 0)
		return;
	in_s = value > 0 ? value / -per_s : 0;
	if (in_s > FARTHEST_S)
		return;
	f_r->given = true;
	f_r->in_s = (int64_t)in_s;
}
