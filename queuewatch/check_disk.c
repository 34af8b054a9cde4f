#include "queuewatch/check_disk.h"

#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/json_read.h"

#include <stdio.h>
#include <string.h>

#define LEAVE_BELOW 0.02 /* a share is left so far below its limit */
#define GROW_WARNING 0.01 /* above what was found on arrival */
#define GROW_CRITICAL 0.02
#define OUTLOOK_EVERY_S 300
/* Times the floor: where levels are entered, and left. */
#define FLOOR_WARNING 2.0
#define FLOOR_WARNING_LEAVE 2.2
#define FLOOR_CRITICAL 1.1
#define FLOOR_CRITICAL_LEAVE 1.25

int64_t
disk_floor(unsigned uses, int64_t floor_bytes, int64_t total_bytes)
{
	if (uses & DISK_QUEUE)
		return floor_bytes;
	if (uses & (DISK_STORE | DISK_NAMED))
		return floor_bytes < total_bytes / 20 ? floor_bytes
		                                      : total_bytes / 20;
	return 0;
}

static struct rule_sample
both(enum level level)
{
	return (struct rule_sample){ level, level };
}

/* A share in use, against the limits and what was found on arrival. */
static struct rule_sample
judge_share(
    struct rule_arrival *arrival, const struct config_disk *d, double used)
{
	static const struct rule_growth growth = { GROW_WARNING,
		GROW_CRITICAL };
	const struct rule_limits limits = { d->warning,
		d->warning - LEAVE_BELOW, d->critical,
		d->critical - LEAVE_BELOW };
	struct rule_limits now = rule_arrived(arrival, used, &limits, &growth);
	struct rule_sample s = rule_value(used, &now), notice;

	if (rule_found(arrival, used, &limits)) {
		notice = both(LEVEL_NOTICE);
		rule_worse(&s, &notice);
	}
	return s;
}

static enum level
by_floor(double free_bytes, double floor, double warning, double critical)
{
	if (floor <= 0 || free_bytes > floor * warning)
		return LEVEL_OK;
	return free_bytes > floor * critical ? LEVEL_WARNING : LEVEL_CRITICAL;
}

static struct rule_sample
judge_floor(const struct disk_sample *s, int64_t floor)
{
	double left = (double)s->free_bytes, f = (double)floor;

	return (struct rule_sample){
		.enter = by_floor(left, f, FLOOR_WARNING, FLOOR_CRITICAL),
		.leave = by_floor(
		    left, f, FLOOR_WARNING_LEAVE, FLOOR_CRITICAL_LEAVE),
	};
}

static enum level
by_outlook(const struct config_disk *d, const struct outlook *o, bool standing)
{
	if (o == NULL || !outlook_warns(o, d->forecast_warning, standing))
		return LEVEL_OK;
	return outlook_warns(o, d->forecast_critical, standing) ? LEVEL_CRITICAL
	                                                        : LEVEL_WARNING;
}

static struct rule_sample
judge_forecast(const struct disk_view *v, const struct trend_forecast *f)
{
	const struct config_disk *d = &v->disk->limits;
	struct rule_sample s = {
		.enter = by_outlook(d, v->outlook, false),
		.leave = by_outlook(d, v->outlook, true),
	};
	struct rule_sample quick = both(f->quick ? LEVEL_WARNING : LEVEL_OK);

	if (s.leave < s.enter)
		s.leave = s.enter;
	rule_worse(&s, &quick);
	return s;
}

/* Seconds until it is likely to be at its floor; -1: that is not to be said. */
static int64_t
likely_in(const struct disk_view *v, const struct trend_forecast *t)
{
	const struct outlook *o = v->outlook;

	if (t->quick || o == NULL || (o->learning && !o->drifts))
		return t->given ? t->in_s : -1;
	return outlook_when(o, OUTLOOK_LIKELY);
}

static void
set_forecast(struct finding *f, const struct disk_view *v,
    const struct trend_forecast *t)
{
	const struct outlook *o = v->outlook;
	int64_t likely = likely_in(v, t), earliest;

	if (likely != -1) {
		f->forecast.given = true;
		f->forecast.likely_at = v->now + likely;
	}
	if (o == NULL || (o->learning && !o->drifts))
		return;
	f->forecast.given = true;
	f->forecast.p_24h = outlook_chance(o, INT64_C(24) * 3600);
	f->forecast.p_72h = outlook_chance(o, INT64_C(72) * 3600);
	f->forecast.p_7d = outlook_chance(o, INT64_C(168) * 3600);
	earliest = outlook_when(o, OUTLOOK_EARLIEST);
	if (earliest != -1 && (likely == -1 || earliest <= likely))
		f->forecast.earliest_at = v->now + earliest;
}

/* "queue, mail store" */
static void
uses_text(unsigned uses, char *out, size_t size)
{
	static const struct {
		unsigned use;
		const char *text;
	} t[] = { { DISK_QUEUE, "queue" }, { DISK_STORE, "mail store" },
		{ DISK_LOG, "log" }, { DISK_DATA, "queuewatch's data" } };
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < sizeof(t) / sizeof(t[0]) && n < size; i++) {
		if (uses & t[i].use)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
			    n > 0 ? ", " : "", t[i].text);
	}
}

/* What stops when it is full; NULL: no mail does. */
static const char *
fails_first(unsigned uses)
{
	if (uses & DISK_QUEUE)
		return "all mail: Postfix takes none without room for its "
		       "queue";
	if (uses & DISK_STORE)
		return "delivery to mailboxes (local, virtual, LMTP on this "
		       "disk); mail is still taken, and relayed to others";
	if (uses & DISK_LOG)
		return "the log; mail goes on";
	return NULL;
}

static bool
has_growers(const struct disk_view *v)
{
	return v->growers != NULL && v->growers->n > 0 &&
	    v->growers->bytes >= 1;
}

/* Who fills it: mail, of all that it grew, and whose. */
static void
say_growers(struct finding *f, const struct disk_view *v)
{
	const struct ledger_growers *g = v->growers;

	finding_say(
	    f, " In the last day it got %.0f MB of mail", g->bytes / 1000000);
	if (v->grown > 0)
		finding_say(f, " and grew by %.0f MB", v->grown / 1000000);
	finding_say(f, "; %.0f %% of that mail is for %s.",
	    g->items[0].bytes / g->bytes * 100, g->items[0].name);
}

static void
set_growers(json_t *o, const struct disk_view *v)
{
	const struct ledger_growers *g = v->growers;
	json_t *causes = json_array(), *name;
	char text[64];
	size_t i;

	for (i = 0; i < g->n; i++) {
		(void)snprintf(text, sizeof(text), "%.1f MB within a day",
		    g->items[i].bytes / 1000000);
		name = json_clean_text(g->items[i].name, LEDGER_NAME);
		(void)json_array_append_new(causes,
		    json_pack("{s:s, s:o, s:f, s:s}", "by", "mailbox", "name",
		        name, "share", g->items[i].bytes / g->bytes, "reason",
		        text));
	}
	(void)json_object_set_new(o, "causes", causes);
	(void)json_object_set_new(o, "mail_bytes", json_real(g->bytes));
	(void)json_object_set_new(o, "grown_bytes", json_real(v->grown));
}

static void
say_when(struct finding *f, int64_t likely_s)
{
	char text[DURATION_SIZE];

	if (likely_s <= 0)
		finding_say(f, " and is about to reach its floor");
	else
		finding_say(f, " and is likely to reach its floor in %s",
		    duration_text(likely_s, text));
}

static void
say(struct finding *f, const struct disk_view *v, const struct disk_sample *s,
    const struct trend_forecast *t)
{
	char uses[80];
	bool inodes = s->has_inodes && s->inodes_used > s->used;
	int64_t floor = disk_floor(
	    v->disk->uses, v->floor_bytes, s->total_bytes);

	uses_text(v->disk->uses, uses, sizeof(uses));
	finding_say(f, "%s%s%s%s has %.0f %% of its %s in use, %lld MB free",
	    v->disk->path, uses[0] != '\0' ? " (" : "", uses,
	    uses[0] != '\0' ? ")" : "",
	    (inodes ? s->inodes_used : s->used) * 100,
	    inodes ? "inodes" : "space", (long long)(s->free_bytes / 1000000));
	if (floor > 0 && s->free_bytes <= floor)
		finding_say(f,
		    (v->disk->uses & DISK_QUEUE) != 0
		        ? ": below the %lld MB that Postfix needs to take mail"
		        : ": below its floor of %lld MB",
		    (long long)(floor / 1000000));
	else if (likely_in(v, t) != -1 &&
	    (t->quick || f->rule.level >= LEVEL_WARNING))
		say_when(f, likely_in(v, t));
	if ((f->arrival[0].base > 0 || f->arrival[1].base > 0) &&
	    f->rule.level == LEVEL_NOTICE)
		finding_say(f, "; found on arrival");
	finding_say(f, ".");
	if (f->rule.level >= LEVEL_WARNING && f->rule.level != LEVEL_UNKNOWN &&
	    fails_first(v->disk->uses) != NULL)
		finding_say(
		    f, " Full, it stops %s.", fails_first(v->disk->uses));
	if (f->rule.level >= LEVEL_WARNING && f->rule.level != LEVEL_UNKNOWN &&
	    has_growers(v))
		say_growers(f, v);
	if (disk_unused(s, v->first) > 0)
		finding_say(f,
		    " Space bought, not used: its device is %lld MB larger.",
		    (long long)(disk_unused(s, v->first) / 1000000));
}

static void
set_evidence(struct finding *f, const struct disk_view *v,
    const struct disk_sample *s, const struct trend_forecast *t)
{
	json_t *o = json_pack("{s:I, s:I, s:I, s:f, s:b}", "free_bytes",
	    (json_int_t)s->free_bytes, "total_bytes",
	    (json_int_t)s->total_bytes, "floor_bytes",
	    (json_int_t)disk_floor(
	        v->disk->uses, v->floor_bytes, s->total_bytes),
	    "growth_bytes_per_h", -t->per_s * 3600, "sudden", t->quick);
	char uses[80];

	if (v->outlook == NULL || v->outlook->learning)
		(void)json_object_set_new(o, "learning", json_true());
	else
		(void)json_object_set_new(
		    o, "growth_bytes_per_day", json_real(-v->outlook->per_day));
	if (s->has_inodes) {
		(void)json_object_set_new(
		    o, "inodes_used", json_real(s->inodes_used));
		(void)json_object_set_new(
		    o, "inodes_free", json_integer(s->free_inodes));
	}
	if (s->device_bytes > 0)
		(void)json_object_set_new(
		    o, "device_bytes", json_integer(s->device_bytes));
	if (disk_unused(s, v->first) > 0)
		(void)json_object_set_new(
		    o, "unused_bytes", json_integer(disk_unused(s, v->first)));
	if (fails_first(v->disk->uses) != NULL)
		(void)json_object_set_new(
		    o, "stops", json_string(fails_first(v->disk->uses)));
	if (has_growers(v))
		set_growers(o, v);
	uses_text(v->disk->uses, uses, sizeof(uses));
	if (uses[0] != '\0')
		(void)json_object_set_new(o, "used_for", json_string(uses));
	if (f->arrival[0].base > 0)
		(void)json_object_set_new(
		    o, "found_on_arrival", json_real(f->arrival[0].base));
	finding_evidence(f, o);
}

const struct outlook *
disk_look_ahead(struct disk_ahead *a, const struct disk *disk,
    const struct disk_sample *s, int64_t floor_bytes, int64_t now)
{
	double left = (double)s->free_bytes;

	/* Made larger or smaller: the days before would have been so, too. */
	if (a->size_bytes != 0 && a->size_bytes != s->size_bytes) {
		days_shift(&a->days, (double)(s->size_bytes - a->size_bytes));
		a->outlook_at = 0;
	}
	a->size_bytes = s->size_bytes;
	days_add(&a->days, now, left);
	if (a->days.n <= DAYS_A_DAY) {
		a->outlook_at = 0;
		return NULL;
	}
	if (a->outlook_at == 0 || now < a->outlook_at ||
	    now - a->outlook_at >= OUTLOOK_EVERY_S) {
		a->outlook_at = now;
		days_outlook(&a->days, left,
		    (double)disk_floor(disk->uses, floor_bytes, s->total_bytes),
		    &a->outlook);
	}
	return &a->outlook;
}

void
disk_check(
    struct findings *fs, const struct disk_view *v, const struct disk_sample *s)
{
	struct finding *f = finding_get(fs, "disk", v->disk->path);
	int64_t floor = disk_floor(
	    v->disk->uses, v->floor_bytes, s->total_bytes);
	struct trend_forecast t;
	struct rule_sample sample, other;
	char why[200];

	if (f == NULL)
		return;
	if (s->fault != 0) {
		(void)snprintf(why, sizeof(why), "It cannot be looked at: %s.",
		    strerror(s->fault));
		(void)finding_unknown(f, v->now, why);
		return;
	}
	trend_add(v->trend, v->now_ms, (double)(s->free_bytes - floor));
	trend_forecast(v->trend, v->now_ms, &t);
	sample = judge_share(&f->arrival[0], &v->disk->limits, s->used);
	other = judge_share(&f->arrival[1], &v->disk->limits, s->inodes_used);
	rule_worse(&sample, &other);
	other = judge_floor(s, floor);
	rule_worse(&sample, &other);
	other = judge_forecast(v, &t);
	rule_worse(&sample, &other);
	if (disk_unused(s, v->first) > 0) {
		other = both(LEVEL_NOTICE);
		rule_worse(&sample, &other);
	}
	(void)rule_feed(&f->rule, v->policy, &sample, v->now);
	finding_value(f, s->used, "ratio");
	set_forecast(f, v, &t);
	say(f, v, s, &t);
	set_evidence(f, v, s, &t);
}
