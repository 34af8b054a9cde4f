#include "statusd/view.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "statusd/flags.h"

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

struct view_month
view_month_of(int64_t at)
{
	struct tm tm;

	parts(at, &tm);
	return (struct view_month){ tm.tm_year + 1900, tm.tm_mon + 1 };
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
	static const char *const names[] = { "January", "February", "March",
		"April", "May", "June", "July", "August", "September",
		"October", "November", "December" };

	return month >= 1 && month <= 12 ? names[month - 1] : "";
}

const char *
view_state_word(enum model_state state)
{
	static const char *const words[] = {
		[MODEL_UNKNOWN] = "Unknown",
		[MODEL_OPERATIONAL] = "Operational",
		[MODEL_DEGRADED] = "Degraded",
		[MODEL_PARTIAL_OUTAGE] = "Partial outage",
		[MODEL_MAJOR_OUTAGE] = "Major outage",
		[MODEL_MAINTENANCE] = "Maintenance",
	};

	return words[state];
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
	enum model_state state = worst(site);

	if (state != view_overall(site))
		return "An incident is being worked on";
	switch (state) {
	case MODEL_OPERATIONAL:
		return "All systems operational";
	case MODEL_MAINTENANCE:
		return "Planned maintenance";
	case MODEL_UNKNOWN:
		return "Not everything could be verified";
	case MODEL_DEGRADED:
		return "Degraded service";
	case MODEL_PARTIAL_OUTAGE:
		return "Partial outage";
	case MODEL_MAJOR_OUTAGE:
		break;
	}
	return "Major outage";
}

/* "is down", said of one system or of several. */
static const char *
predicate(enum model_state state, bool many)
{
	switch (state) {
	case MODEL_OPERATIONAL:
		return many ? "are operational" : "is operational";
	case MODEL_MAINTENANCE:
		return many ? "are under maintenance" : "is under maintenance";
	case MODEL_UNKNOWN:
		return many ? "have not reported lately"
		            : "has not reported lately";
	case MODEL_DEGRADED:
		return many ? "are degraded" : "is degraded";
	case MODEL_PARTIAL_OUTAGE:
		return many ? "have a partial outage" : "has a partial outage";
	case MODEL_MAJOR_OUTAGE:
		break;
	}
	return many ? "are down" : "is down";
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
		buf_printf(out, "%zu system%s", n, n == 1 ? "" : "s");
		return n;
	}
	for (size_t i = 0; i < site->n_systems && at < n; i++) {
		if (site->systems[i].internal ||
		    site->systems[i].state != state)
			continue;
		if (at > 0)
			buf_str(out, at + 1 == n ? " and " : ", ");
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
		buf_str(out, "No system is watched yet.");
		return;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		struct buf who;
		size_t n;

		buf_init(&who, 512);
		n = name_those(site, order[i], &who,
		    order[i] != MODEL_OPERATIONAL || !said);
		if (n > 0) {
			buf_printf(out, "%s%s %s.", said ? " " : "",
			    buf_text(&who), predicate(order[i], n > 1));
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
		return "Investigating";
	case MODEL_IDENTIFIED:
		return "Identified";
	case MODEL_MONITORING:
		return "Monitoring";
	case MODEL_RESOLVED:
		return "Resolved";
	case MODEL_POSTMORTEM:
		return "Post-mortem";
	case MODEL_SCHEDULED:
		return "Scheduled";
	case MODEL_IN_PROGRESS:
		return "Under way";
	case MODEL_COMPLETED:
		break;
	}
	return "Completed";
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
	char time[VIEW_TIME_SIZE], lasted[DURATION_SIZE];

	if (t->kind != MODEL_INCIDENT)
		return;
	if (t->resolved_at == 0) {
		buf_printf(out, "since %s", view_minute(t->opened_at, time));
		return;
	}
	(void)duration_text(t->resolved_at - t->opened_at, lasted);
	buf_printf(out, "lasted %s, until %s", lasted,
	    view_minute(t->resolved_at, time));
}

void
view_entry_label(
    const struct model_thread *t, const struct model_entry *e, struct buf *out)
{
	struct model_thread then = *t;

	then.status = e->status;
	switch (e->kind) {
	case MODEL_UPDATE:
		buf_printf(out, "Update %d", e->number);
		return;
	case MODEL_NOTE:
		buf_str(out, "Note");
		return;
	case MODEL_RESOLUTION:
		buf_str(
		    out, t->kind == MODEL_PLANNED ? "Completed" : "Resolved");
		return;
	case MODEL_OPENING:
		break;
	}
	buf_str(
	    out, t->kind == MODEL_POST ? "Published" : view_status_word(&then));
}

void
view_place(const struct model_system *s, struct buf *out)
{
	const char *country = flags_country(s->country);

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
