#include "statusd/view.h"

#include "lib/buf.h"
#include "statusd/say.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void
parts(int64_t at, struct tm *tm)
{
	time_t t = (time_t)at;

	if (at < 0 || at > 253402300799 || gmtime_r(&t, tm) == NULL) {
		t = 0;
		(void)gmtime_r(&t, tm);
	}
}

char *
view_minute(int64_t at, char out[VIEW_TIME_SIZE])
{
	struct tm tm;

	parts(at, &tm);
	(void)strftime(out, VIEW_TIME_SIZE, "%Y-%m-%d %H:%M UTC", &tm);
	return out;
}

char *
view_second(int64_t at, char out[VIEW_TIME_SIZE])
{
	struct tm tm;

	parts(at, &tm);
	(void)strftime(out, VIEW_TIME_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return out;
}

char *
view_verified(int64_t at, int64_t now, char out[VIEW_TIME_SIZE])
{
	struct tm tm;

	if (at / 86400 != now / 86400)
		return view_minute(at, out);
	parts(at, &tm);
	(void)strftime(out, VIEW_TIME_SIZE, "%H:%M:%S UTC", &tm);
	return out;
}

/*
 * It is asked of every post at each rendering, so without the C library's time
 * zones.  Counted in years that begin in March, so that a leap day is a year's
 * last, and in eras of 400 years, which are all equally long.
 */
struct view_month
view_month_of(int64_t at)
{
	int64_t days = at / 86400 - (at % 86400 < 0), era, of_era, year, month;

	days += 719468; /* since 1 March of the year 0 */
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
	    365;
	days = of_era - (365 * year + year / 4 - year / 100);
	month = (5 * days + 2) / 153; /* 0: March */
	year += era * 400 + (month >= 10);
	return (struct view_month){ (int)year,
		(int)(month < 10 ? month + 3 : month - 9) };
}

int64_t
view_month_begin(struct view_month m)
{
	struct tm tm = {
		.tm_year = m.year - 1900, .tm_mon = m.month - 1, .tm_mday = 1
	};

	return (int64_t)timegm(&tm);
}

bool
view_same_month(struct view_month a, struct view_month b)
{
	return a.year == b.year && a.month == b.month;
}

const char *
view_month_name(int month)
{
	return month >= 1 && month <= 12
	    ? say((enum say)(SAY_MONTH_1 + month - 1))
	    : "";
}

char *
view_month_year(struct view_month m, char out[VIEW_MONTH_SIZE])
{
	char year[16];

	(void)snprintf(year, sizeof(year), "%d", m.year);
	return say_in(out, VIEW_MONTH_SIZE, SAY_MONTH_YEAR, "month",
	    view_month_name(m.month), "year", year, NULL);
}

char *
view_short_day(int64_t at, char out[VIEW_MONTH_SIZE])
{
	struct tm tm;
	char day[16];

	parts(at, &tm);
	(void)snprintf(day, sizeof(day), "%d", tm.tm_mday);
	return say_in(out, VIEW_MONTH_SIZE, SAY_SHORT_DAY, "day", day, "month",
	    say((enum say)(SAY_SHORT_1 + tm.tm_mon)), NULL);
}

const char *
view_state_word(enum model_state state)
{
	static const enum say words[] = {
		[MODEL_UNKNOWN] = SAY_STATE_UNKNOWN,
		[MODEL_OPERATIONAL] = SAY_STATE_OPERATIONAL,
		[MODEL_DEGRADED] = SAY_STATE_DEGRADED,
		[MODEL_PARTIAL_OUTAGE] = SAY_STATE_PARTIAL,
		[MODEL_MAJOR_OUTAGE] = SAY_STATE_MAJOR,
		[MODEL_MAINTENANCE] = SAY_STATE_MAINTENANCE,
	};

	return say(words[state]);
}

const char *
view_state_style(enum model_state state)
{
	static const char *const styles[] = {
		[MODEL_UNKNOWN] = "unsure",
		[MODEL_OPERATIONAL] = "ok",
		[MODEL_DEGRADED] = "warn",
		[MODEL_PARTIAL_OUTAGE] = "bad",
		[MODEL_MAJOR_OUTAGE] = "down",
		[MODEL_MAINTENANCE] = "work",
	};

	return styles[state];
}

/* How bad a state is for who reads the page. */
static int
weight(enum model_state state)
{
	static const int weights[] = {
		[MODEL_OPERATIONAL] = 0,
		[MODEL_MAINTENANCE] = 1,
		[MODEL_UNKNOWN] = 2,
		[MODEL_DEGRADED] = 3,
		[MODEL_PARTIAL_OUTAGE] = 4,
		[MODEL_MAJOR_OUTAGE] = 5,
	};

	return weights[state];
}

static size_t
count_public(const struct model_site *site)
{
	size_t n = 0;

	for (size_t i = 0; i < site->n_systems; i++)
		n += !site->systems[i].internal;
	return n;
}

static bool
has_open_incident(const struct model_site *site)
{
	for (size_t i = 0; i < site->n_threads; i++)
		if (site->threads[i].kind == MODEL_INCIDENT &&
		    model_thread_open(&site->threads[i]))
			return true;
	return false;
}

static enum model_state
worst(const struct model_site *site)
{
	enum model_state state = MODEL_OPERATIONAL;

	if (count_public(site) == 0)
		return MODEL_UNKNOWN;
	for (size_t i = 0; i < site->n_systems; i++)
		if (!site->systems[i].internal &&
		    weight(site->systems[i].state) > weight(state))
			state = site->systems[i].state;
	return state;
}

enum model_state
view_overall(const struct model_site *site)
{
	enum model_state state = worst(site);

	if (has_open_incident(site) && weight(state) < weight(MODEL_DEGRADED))
		return MODEL_DEGRADED;
	return state;
}

const char *
view_headline(const struct model_site *site)
{
	static const enum say words[] = {
		[MODEL_UNKNOWN] = SAY_ALL_UNKNOWN,
		[MODEL_OPERATIONAL] = SAY_ALL_OPERATIONAL,
		[MODEL_DEGRADED] = SAY_ALL_DEGRADED,
		[MODEL_PARTIAL_OUTAGE] = SAY_ALL_PARTIAL,
		[MODEL_MAJOR_OUTAGE] = SAY_ALL_MAJOR,
		[MODEL_MAINTENANCE] = SAY_ALL_MAINTENANCE,
	};
	enum model_state state = worst(site);

	return say(
	    state != view_overall(site) ? SAY_ALL_INCIDENT : words[state]);
}

/* "... is down", said of one system or of several. */
static enum say
predicate(enum model_state state, bool many)
{
	static const enum say one[] = {
		[MODEL_UNKNOWN] = SAY_ONE_UNKNOWN,
		[MODEL_OPERATIONAL] = SAY_ONE_OPERATIONAL,
		[MODEL_DEGRADED] = SAY_ONE_DEGRADED,
		[MODEL_PARTIAL_OUTAGE] = SAY_ONE_PARTIAL,
		[MODEL_MAJOR_OUTAGE] = SAY_ONE_MAJOR,
		[MODEL_MAINTENANCE] = SAY_ONE_MAINTENANCE,
	};
	static const enum say all[] = {
		[MODEL_UNKNOWN] = SAY_MANY_UNKNOWN,
		[MODEL_OPERATIONAL] = SAY_MANY_OPERATIONAL,
		[MODEL_DEGRADED] = SAY_MANY_DEGRADED,
		[MODEL_PARTIAL_OUTAGE] = SAY_MANY_PARTIAL,
		[MODEL_MAJOR_OUTAGE] = SAY_MANY_MAJOR,
		[MODEL_MAINTENANCE] = SAY_MANY_MAINTENANCE,
	};

	return many ? all[state] : one[state];
}

#define NAMED_MAX 3

/* "NC036, NC037 and NC038", or "7 systems" where they are many. */
static size_t
name_those(const struct model_site *site, enum model_state state,
    struct buf *out, bool by_name)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < site->n_systems; i++)
		n += !site->systems[i].internal &&
		    site->systems[i].state == state;
	if (n > NAMED_MAX || (n > 0 && !by_name)) {
		say_count(
		    out, SAY_SYSTEM_COUNT_ONE, SAY_SYSTEM_COUNT, (double)n);
		return n;
	}
	for (size_t i = 0; i < site->n_systems && at < n; i++) {
		if (site->systems[i].internal ||
		    site->systems[i].state != state)
			continue;
		if (at > 0)
			buf_str(out, say(at + 1 == n ? SAY_AND : SAY_COMMA));
		buf_str(out, site->systems[i].code);
		at++;
	}
	return n;
}

void
view_detail(const struct model_site *site, struct buf *out)
{
	static const enum model_state order[] = { MODEL_MAJOR_OUTAGE,
		MODEL_PARTIAL_OUTAGE, MODEL_DEGRADED, MODEL_UNKNOWN,
		MODEL_MAINTENANCE, MODEL_OPERATIONAL };
	bool said = false;

	if (count_public(site) == 0) {
		buf_str(out, say(SAY_ALL_NONE));
		return;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct buf who;
		size_t n;

		buf_init(&who, 512);
		n = name_those(site, order[i], &who,
		    order[i] != MODEL_OPERATIONAL || !said);
		if (n > 0) {
			buf_str(out, said ? " " : "");
			say_to(out, predicate(order[i], n > 1), "systems",
			    buf_text(&who), NULL);
			said = true;
		}
		buf_free(&who);
	}
}

const char *
view_status_word(const struct model_thread *t)
{
	if (t->kind == MODEL_POST)
		return "";
	switch (t->status) {
	case MODEL_INVESTIGATING:
		return say(SAY_INVESTIGATING);
	case MODEL_IDENTIFIED:
		return say(SAY_IDENTIFIED);
	case MODEL_MONITORING:
		return say(SAY_MONITORING);
	case MODEL_RESOLVED:
		return say(SAY_RESOLVED);
	case MODEL_POSTMORTEM:
		return say(SAY_POSTMORTEM);
	case MODEL_SCHEDULED:
		return say(SAY_SCHEDULED);
	case MODEL_IN_PROGRESS:
		return say(SAY_IN_PROGRESS);
	case MODEL_COMPLETED:
		break;
	}
	return say(SAY_COMPLETED);
}

const char *
view_status_style(const struct model_thread *t)
{
	if (t->kind == MODEL_PLANNED)
		return t->status == MODEL_COMPLETED ? "ok" : "work";
	if (!model_thread_open(t))
		return "ok";
	if (t->impact == MODEL_IMPACT_CRITICAL)
		return "down";
	return t->impact == MODEL_IMPACT_MAJOR ? "bad" : "warn";
}

void
view_span(const struct model_thread *t, struct buf *out)
{
	char time[VIEW_TIME_SIZE], lasted[SAY_DURATION_SIZE];

	if (t->kind != MODEL_INCIDENT)
		return;
	if (t->resolved_at == 0) {
		say_to(out, SAY_SINCE, "time", view_minute(t->opened_at, time),
		    NULL);
		return;
	}
	(void)say_duration(t->resolved_at - t->opened_at, lasted);
	say_to(out, SAY_LASTED, "duration", lasted, "time",
	    view_minute(t->resolved_at, time), NULL);
}

void
view_entry_label(
    const struct model_thread *t, const struct model_entry *e, struct buf *out)
{
	struct model_thread then = *t;

	then.status = e->status;
	switch (e->kind) {
	case MODEL_UPDATE:
		say_count(out, SAY_UPDATE, SAY_UPDATE, e->number);
		return;
	case MODEL_NOTE:
		buf_str(out, say(SAY_NOTE));
		return;
	case MODEL_RESOLUTION:
		buf_str(out,
		    say(t->kind == MODEL_PLANNED ? SAY_COMPLETED
		                                 : SAY_RESOLVED));
		return;
	case MODEL_OPENING:
		break;
	}
	buf_str(out,
	    t->kind == MODEL_POST ? say(SAY_PUBLISHED)
	                          : view_status_word(&then));
}

void
view_place(const struct model_system *s, struct buf *out)
{
	const char *country = say_country(s->country);

	if (country == NULL)
		country = s->country;
	buf_str(out, s->city);
	if (s->city[0] != '\0' && country[0] != '\0' &&
	    strcmp(s->city, country) != 0)
		buf_str(out, ", ");
	if (strcmp(s->city, country) != 0)
		buf_str(out, country);
}

const struct model_system *
view_system(const struct model_site *site, const char *code)
{
	for (size_t i = 0; i < site->n_systems; i++)
		if (strcmp(site->systems[i].code, code) == 0)
			return site->systems[i].internal ? NULL
			                                 : &site->systems[i];
	return NULL;
}

bool
view_concerns(const struct model_thread *t, const char *code)
{
	for (size_t i = 0; i < t->n_systems; i++)
		if (strcmp(t->systems[i], code) == 0)
			return true;
	return false;
}
