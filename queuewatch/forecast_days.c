#include "queuewatch/forecast_days.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S (DAYS_SLOT_S * DAYS_A_DAY)
#define LEARN_DAYS 2
#define ENVELOPE_DAYS 5 /* the least to speak of a slope */
#define ENVELOPE_FARTHEST_S (INT64_C(90) * DAY_S)
#define ALIKE 0.25 /* of how much the levels of days differ */
#define LONELY 6.0 /* times as far from the usual as days are */
#define LONELY_AMONG 5
#define LONELY_COUNTS 0.05
#define WEEK 7
#define STANDING 0.3 /* the chance that a warning stands with */
#define LIKE_WEEKDAY 3.0 /* how much more a day like it counts */
#define RECENT 14.0 /* days after which one counts 1/e */
#define DRIFT_PARTS 8
#define DRIFT_SURE 0.9
#define DRIFT_STEADY 7 /* parts of them that lose */
#define DRIFT_BEYOND 1.5 /* of the most that was ever lost then */

void
days_init(struct days *d)
{
	memset(d, 0, sizeof(*d));
}

static float *
slot_of(struct days *d, int64_t slot)
{
	return &d->least[(uint64_t)slot % DAYS_SLOTS];
}

double
days_at(const struct days *d, int back)
{
	return (double)d->least[(uint64_t)(d->newest - back) % DAYS_SLOTS];
}

static void
append(struct days *d, int64_t slot, double value)
{
	d->newest = slot;
	*slot_of(d, slot) = (float)value;
	if (d->n < DAYS_SLOTS)
		d->n++;
}

void
days_add(struct days *d, int64_t now, double value)
{
	int64_t slot = now / DAYS_SLOT_S, gap = slot - d->newest, i;
	double last;

	if (d->n > 0 && gap < 0) {
		d->n = -gap < d->n ? d->n + (int)gap : 0;
		d->newest = slot;
		gap = 0;
	}
	if (d->n == 0 || gap > DAYS_A_DAY) {
		d->n = 0;
		append(d, slot, value);
		return;
	}
	last = days_at(d, 0);
	if (gap == 0 && value < last)
		*slot_of(d, slot) = (float)value;
	for (i = 1; i <= gap; i++)
		append(d, d->newest + 1,
		    last + (value - last) * (double)i / (double)gap);
}

void
days_shift(struct days *d, double by)
{
	int i;

	for (i = 0; i < DAYS_SLOTS; i++)
		d->least[i] += (float)by;
}

/* A small generator: the same plays each time (xorshift). */
static double
chance(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (double)(*seed >> 11) / (double)(UINT64_C(1) << 53);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(v[0]), compare);
	return n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* -- the envelope -- */

struct envelope {
	double zero; /* taken off the rest */
	int n; /* days */
	double least[DAYS_KEPT]; /* 0: the last 24 hours, 1: those before */
	double per_day; /* by the median of the slopes between all days */
	double spread; /* of the days around that line */
	double now; /* where the line is today */
};

static void
make_envelope(const struct days *d, double zero, struct envelope *v)
{
	double slopes[DAYS_KEPT * (DAYS_KEPT - 1) / 2], rest[DAYS_KEPT];
	int i, k, n = 0;

	memset(v, 0, sizeof(*v));
	v->n = d->n / DAYS_A_DAY;
	v->zero = zero;
	for (i = 0; i < v->n; i++) {
		v->least[i] = days_at(d, i * DAYS_A_DAY);
		for (k = 1; k < DAYS_A_DAY; k++)
			v->least[i] = fmin(
			    v->least[i], days_at(d, i * DAYS_A_DAY + k));
		v->least[i] -= zero;
	}
	for (i = 0; i < v->n; i++) {
		for (k = i + 1; k < v->n; k++)
			slopes[n++] = (v->least[i] - v->least[k]) / (k - i);
	}
	if (n == 0)
		return;
	v->per_day = median(slopes, n);
	for (i = 0; i < v->n; i++)
		rest[i] = v->least[i] + v->per_day * i;
	v->now = median(rest, v->n);
	for (i = 0; i < v->n; i++)
		rest[i] = fabs(v->least[i] + v->per_day * i - v->now);
	v->spread = 1.5 * median(rest, v->n);
}

/* -- what is new -- */

struct drift {
	int slots; /* it is believed for so many from now; 0: there is none */
	double loss; /* a slot */
};

/* The most that these hours of the day ever lost, and what they lose. */
static void
lost_before(const struct days *d, int w, double *most_r, double *usual_r)
{
	double lost[DAYS_KEPT];
	int i, n = 0;

	*most_r = *usual_r = 0;
	for (i = 1; i * DAYS_A_DAY + w < d->n && n < DAYS_KEPT; i++) {
		lost[n] = days_at(d, i * DAYS_A_DAY + w) -
		    days_at(d, i * DAYS_A_DAY);
		*most_r = fmax(*most_r, lost[n]);
		n++;
	}
	if (n > 0)
		*usual_r = median(lost, n);
}

/*
 * Whether the last "w" slots lost steadily, and still do, more than these hours
 * ever did; then the loss a slot.
 */
static bool
drift_over(const struct days *d, int w, double *loss_r)
{
	double most, usual, parts[DRIFT_PARTS], sorted[DRIFT_PARTS];
	double lost = days_at(d, w) - days_at(d, 0);
	int i, steady = 0, step = w / DRIFT_PARTS;

	if (d->n <= w + 1)
		return false;
	lost_before(d, w, &most, &usual);
	if (lost <= most * DRIFT_BEYOND || lost <= 0)
		return false;
	for (i = 0; i < DRIFT_PARTS; i++) {
		parts[i] = days_at(d, (i + 1) * step) - days_at(d, i * step);
		sorted[i] = parts[i];
		steady += parts[i] > 0;
	}
	*loss_r = median(sorted, DRIFT_PARTS) / step;
	return steady >= DRIFT_STEADY && *loss_r * w > lost / 2 &&
	    parts[0] + parts[1] > *loss_r * step;
}

/* Seen over so many slots it is believed for so many times as long. */
static void
find_drift(const struct days *d, struct drift *f)
{
	static const struct {
		int slots, times;
	} t[] = { { 64, 12 }, { 32, 9 }, { 16, 6 }, { 8, 4 } };
	size_t k;

	*f = (struct drift){ .slots = 0 };
	for (k = 0; k < sizeof(t) / sizeof(t[0]) && d->n > DAYS_A_DAY; k++) {
		if (drift_over(d, t[k].slots, &f->loss)) {
			f->slots = t[k].slots * t[k].times;
			return;
		}
	}
}

/* -- the plays -- */

struct play {
	const struct days *d;
	const struct envelope *v;
	struct drift drift; /* goes on besides */
	int n_days; /* past days that can be gone through again */
	double levels[DAYS_KEPT + 1]; /* they began with, by days ago */
	double recent[DAYS_KEPT + 1]; /* how much they count for their age */
	double spread; /* levels that are nearer than this are alike */
	uint64_t seed;
};

/* The level without the slow growth. */
static double
level(const struct envelope *v, double value, double days_ago)
{
	return value + v->per_day * days_ago;
}

/*
 * A past day, 1 to n_days ago, that began like this one: "value" is where it
 * begins, "ahead" days from now.
 */
static int
pick_day(struct play *p, double value, int ahead)
{
	double weights[DAYS_KEPT + 1], sum = 0, off, at;
	int i;

	for (i = 1; i <= p->n_days; i++) {
		off = (level(p->v, value, -ahead) - p->levels[i]) / p->spread;
		off = 1 + off * off;
		weights[i] = p->recent[i] / (off * off);
		if ((i + ahead) % WEEK == 0)
			weights[i] *= LIKE_WEEKDAY;
		sum += weights[i];
	}
	at = chance(&p->seed) * sum;
	for (i = 1; i < p->n_days; i++) {
		at -= weights[i];
		if (at < 0)
			break;
	}
	return i;
}

/* Seconds until it reaches 0, or -1. */
static int64_t
play(struct play *p, double value)
{
	double base, v = value;
	int ahead, k, day, left = p->drift.slots;

	if (chance(&p->seed) >= DRIFT_SURE)
		left = 0;

	for (ahead = 0; ahead < DAYS_AHEAD; ahead++) {
		day = pick_day(p, value, ahead);
		base = days_at(p->d, day * DAYS_A_DAY);
		for (k = 1; k <= DAYS_A_DAY; k++) {
			if (left-- > 0)
				value -= p->drift.loss;
			v = value + days_at(p->d, day * DAYS_A_DAY - k) - base;
			if (v <= 0)
				return (int64_t)(ahead * DAYS_A_DAY + k) *
				    DAYS_SLOT_S;
		}
		value = v;
	}
	return -1;
}

/*
 * A day or two that lost what no other did, as when something big was copied:
 * it can come again, but is not what the days are like.
 */
static void
damp_lonely(struct play *p)
{
	double lost[DAYS_KEPT], sorted[DAYS_KEPT], usual, differ;
	int i, n = p->n_days, lonely = 0;

	for (i = 1; i <= n; i++)
		lost[i - 1] = days_at(p->d, i * DAYS_A_DAY) -
		    days_at(p->d, (i - 1) * DAYS_A_DAY);
	memcpy(sorted, lost, (size_t)n * sizeof(lost[0]));
	usual = median(sorted, n);
	for (i = 0; i < n; i++)
		sorted[i] = fabs(lost[i] - usual);
	differ = median(sorted, n);
	for (i = 0; i < n; i++)
		lonely += lost[i] - usual > LONELY * differ;
	for (i = 0; i < n && lonely <= 2; i++) {
		if (lost[i] - usual > LONELY * differ)
			p->recent[i + 1] *= LONELY_COUNTS;
	}
}

static void
play_all(const struct days *d, const struct envelope *v,
    const struct drift *drift, double value, struct outlook *o)
{
	struct play p = { .d = d,
		.v = v,
		.drift = *drift,
		.n_days = (d->n - 1) / DAYS_A_DAY,
		.seed = UINT64_C(88172645463325252) };
	double off[DAYS_KEPT + 1], middle;
	int i;

	for (i = 1; i <= p.n_days; i++) {
		p.levels[i] = level(v, days_at(d, i * DAYS_A_DAY) - v->zero, i);
		p.recent[i] = exp(-i / RECENT);
		off[i - 1] = p.levels[i];
	}
	middle = median(off, p.n_days);
	for (i = 1; i <= p.n_days; i++)
		off[i - 1] = fabs(p.levels[i] - middle);
	p.spread = ALIKE * median(off, p.n_days) + fabs(value) * 1e-3;
	if (p.n_days >= LONELY_AMONG)
		damp_lonely(&p);
	for (i = 0; i < DAYS_PLAYS; i++)
		o->hits[i] = play(&p, value);
}

/* -- what is slower -- */

static void
sooner(int64_t *hit, int64_t s)
{
	if (*hit == -1 || s < *hit)
		*hit = s;
}

/* The line of the envelope, drawn by as many as there are plays. */
static void
draw_envelope(const struct envelope *v, struct outlook *o)
{
	uint64_t seed = UINT64_C(2463534242);
	double at, days;
	int i;

	if (v->n < ENVELOPE_DAYS || v->per_day >= 0)
		return;
	for (i = 0; i < DAYS_PLAYS; i++) {
		at = v->now + (chance(&seed) + chance(&seed) - 1) * v->spread;
		days = at / -v->per_day * (0.8 + 0.4 * chance(&seed));
		if (days < 0)
			days = 0;
		if (o->hits[i] == -1 &&
		    days * DAY_S <= (double)ENVELOPE_FARTHEST_S &&
		    days > DAYS_AHEAD)
			o->hits[i] = (int64_t)(days * DAY_S);
	}
}

/* By the straight line, for where there are no days to go through. */
static void
draw_drift(const struct drift *f, double value, struct outlook *o)
{
	uint64_t seed = UINT64_C(521288629);
	double here;
	int i;

	if (f->slots == 0 || value / f->loss > f->slots)
		return;
	for (i = 0; i < DAYS_PLAYS; i++) {
		here = value / f->loss * (0.8 + 0.5 * chance(&seed));
		if (chance(&seed) < DRIFT_SURE)
			sooner(&o->hits[i], (int64_t)(here * DAYS_SLOT_S));
	}
}

static int
compare_hits(const void *a, const void *b)
{
	/* -1, which is never, comes last. */
	uint64_t x = (uint64_t) * (const int64_t *)a;
	uint64_t y = (uint64_t) * (const int64_t *)b;

	return (x > y) - (x < y);
}

void
days_outlook(
    const struct days *d, double value, double zero, struct outlook *o_r)
{
	struct envelope v;
	struct drift drift;
	int i;

	value -= zero;
	memset(o_r, 0, sizeof(*o_r));
	o_r->learning = d->n <= LEARN_DAYS * DAYS_A_DAY;
	for (i = 0; i < DAYS_PLAYS; i++)
		o_r->hits[i] = value <= 0 ? 0 : -1;
	if (value <= 0 || d->n == 0)
		return;
	make_envelope(d, zero, &v);
	o_r->per_day = v.per_day;
	find_drift(d, &drift);
	if (drift.slots > 0) {
		o_r->drifts = true;
		o_r->per_day = -drift.loss * DAYS_A_DAY;
	}
	if (!o_r->learning) {
		play_all(d, &v, &drift, value, o_r);
		draw_envelope(&v, o_r);
	}
	draw_drift(&drift, value, o_r);
	qsort(o_r->hits, DAYS_PLAYS, sizeof(o_r->hits[0]), compare_hits);
}

double
outlook_chance(const struct outlook *o, int64_t within_s)
{
	int i = 0;

	while (i < DAYS_PLAYS && o->hits[i] != -1 && o->hits[i] <= within_s)
		i++;
	return (double)i / DAYS_PLAYS;
}

int64_t
outlook_when(const struct outlook *o, double share)
{
	int i = (int)(share * DAYS_PLAYS);

	return o->hits[i < DAYS_PLAYS ? i : DAYS_PLAYS - 1];
}

bool
outlook_warns(const struct outlook *o, int64_t within_s, bool standing)
{
	if (standing)
		return outlook_chance(o, within_s + within_s / 4) >= STANDING;
	return outlook_chance(o, within_s) >= OUTLOOK_LIKELY;
}
