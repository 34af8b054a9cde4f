#ifndef STATUSD_MODEL_H
#define STATUSD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the pages, feeds and answers are made from.  Everything in here may be
 * read by anybody (a view with drafts is for the operator only, see store.h);
 * evidence and a report's own words never enter it.  Texts are UTF-8, never
 * NULL, and not escaped.  Times are Unix seconds, 0 where there is none.
 */
enum model_state {
	MODEL_UNKNOWN,
	MODEL_OPERATIONAL,
	MODEL_DEGRADED,
	MODEL_PARTIAL_OUTAGE,
	MODEL_MAJOR_OUTAGE,
	MODEL_MAINTENANCE,
};
#define MODEL_STATES 6

enum model_answers {
	MODEL_NOT_ASKED, /* no probe: a dash */
	MODEL_ANSWERS,
	MODEL_SILENT,
};

/*
 * Seconds that a system spent in each state as customers had it: from what they
 * use, never from a ping alone.  MODEL_UNKNOWN is time of which nothing is
 * known; MODEL_MAINTENANCE stays 0.  "planned" is the part of "s" that fell
 * into planned work.
 */
struct model_tally {
	int32_t s[MODEL_STATES];
	int32_t planned[MODEL_STATES];
};

struct model_day {
	int64_t at; /* 00:00 UTC */
	struct model_tally t; /* all 0: before it was known at all */
};
#define MODEL_DAYS 90

struct model_month {
	int year, month; /* 2026, 3 */
	struct model_tally t;
	/* By the credit rule of the configuration; below 0: there is none. */
	double credit; /* percent */
};

enum model_metric {
	MODEL_QUEUE, /* messages in the queues */
	MODEL_DELAY, /* seconds from end to end */
	MODEL_DISK, /* ratio in use */
	MODEL_LATENCY, /* seconds until a probe was answered */
	MODEL_SPAM, /* messages refused, an hour */
};

struct model_point {
	int64_t at; /* the middle of what it stands for */
	float low, mean, high;
};

/* A chart; only what public_metrics allows. */
struct model_series {
	enum model_metric metric;
	char *name; /* public words: "Queue", "Storage 2", "smtp" */
	const char *unit; /* "messages", "seconds", "ratio" */
	struct model_point *recent; /* MODEL_RECENT_STEP_S, 2 days */
	size_t n_recent;
	struct model_point *days; /* a day each, MODEL_DAYS */
	size_t n_days;
	int64_t full_likely_at, full_earliest_at; /* MODEL_DISK; 0: none */
};
#define MODEL_RECENT_STEP_S 900

/* A look from outside. */
struct model_probe {
	char *name; /* "smtp" */
	char *kind; /* the scheme: "smtp", "https", "ping" */
	enum model_answers answers; /* MODEL_NOT_ASKED: not known now */
	int64_t since; /* it answers, or does not; 0: not known */
	int64_t at; /* of the last look; 0: never */
	double latency_s; /* of the last answer; below 0: none */
	int64_t expires_at; /* of its certificate; 0: has none */
	int64_t changed_at; /* when another one was seen; 0: never */
};

struct model_system {
	char *code; /* "NC036" */
	char *role;
	char *city;
	char *country; /* ISO 3166-1 alpha-2 in capitals, or "" */
	bool internal; /* stands in the glance as "internal", nowhere else */
	enum model_state state;
	int64_t state_since; /* 0: not known */
	int64_t last_verified; /* when it last reported; 0: never */
	enum model_answers answers;
	char *reason; /* why it is not operational, public words, or "" */
	enum model_state felt; /* as customers have it, planned work or not */
	bool planned; /* planned work is in progress */
	bool noted; /* the history knows that it is like this */
	struct model_day *days; /* the last up to MODEL_DAYS, oldest first */
	size_t n_days;
	struct model_month *months; /* oldest first, this one last */
	size_t n_months;
	struct model_series *series;
	size_t n_series;
	struct model_probe *probes; /* as in the configuration */
	size_t n_probes;
};

enum model_kind {
	MODEL_INCIDENT,
	MODEL_POST, /* a plain post: no status, no impact */
	MODEL_PLANNED, /* planned maintenance */
};

enum model_status {
	MODEL_INVESTIGATING,
	MODEL_IDENTIFIED,
	MODEL_MONITORING,
	MODEL_RESOLVED,
	MODEL_POSTMORTEM,
	MODEL_SCHEDULED, /* MODEL_PLANNED only, from here */
	MODEL_IN_PROGRESS,
	MODEL_COMPLETED,
};

enum model_impact {
	MODEL_IMPACT_NONE,
	MODEL_IMPACT_MINOR,
	MODEL_IMPACT_MAJOR,
	MODEL_IMPACT_CRITICAL,
};

enum model_entry_kind {
	MODEL_OPENING, /* the first entry of every thread, and only it */
	MODEL_UPDATE,
	MODEL_NOTE, /* an addition to a post, dated, not numbered */
	MODEL_RESOLUTION,
};

/* One text inside a thread; each is an item of the feed. */
struct model_entry {
	int64_t id;
	char *key; /* 20 small letters that never change: guid, anchor */
	enum model_entry_kind kind;
	int number; /* updates: 1, 2, ... without gap; else 0 */
	int64_t at; /* when it was published */
	enum model_status status; /* of the thread after this entry */
	char *title; /* "NC036: Mail is delayed", "NC036: Update 2" */
	char *body; /* Markdown */
	bool published; /* false only in a view with drafts */
};

/* An incident, a plain post, or a planned maintenance. */
struct model_thread {
	int64_t id;
	char *key; /* 20 small letters that never change: API id, short link */
	enum model_kind kind;
	enum model_status status;
	enum model_impact impact;
	char **systems; /* codes; internal ones are left out of public views */
	size_t n_systems;
	char *title; /* of its opening */
	char *path; /* "2026/03/19/nc036-mail-is-delayed", no slash around */
	int64_t opened_at;
	int64_t resolved_at; /* 0: open; a plain post: its opened_at */
	int64_t updated_at; /* of its newest entry */
	int64_t planned_from, planned_until; /* MODEL_PLANNED */
	bool published;
	struct model_entry *entries; /* oldest first */
	size_t n_entries;
	/* "Next update by"; 0: nothing was promised, or it was kept. */
	int64_t next_update_at;
	/* How it recovers, one sentence, only while it does; NULL: nothing. */
	char *recovering;
	char **categories; /* words for people: "Mail", "NC036" */
	size_t n_categories;
	char **tags;
	size_t n_tags;
	int64_t old_id; /* ?p=ID of the blog it came from; 0: none */
	bool by_hand; /* the operator began it */
	/*
	 * Grows with every change of its entries; 0: not counted.  "light":
	 * they were not loaded, n_entries is 0.
	 */
	int64_t rev;
	bool light;
};

struct model_link {
	char *name;
	char *url;
};

struct model_site {
	char *title;
	char *url; /* ends with a slash */
	bool show_availability; /* public_metrics allows its numbers */
	int64_t loaded_at; /* what "now" was; for "written at" */
	struct model_system *systems; /* as in the configuration */
	size_t n_systems;
	struct model_thread *threads; /* newest first by opened_at */
	size_t n_threads;
	struct model_link *links;
	size_t n_links;
};

/* Frees the site and all in it; NULL is fine. */
void model_free(struct model_site *site);
/* Frees what the thread holds and empties it. */
void model_thread_clear(struct model_thread *t);

/* "operational", "partial outage", ...: the words of page and statusctl. */
const char *model_state_word(enum model_state state);
/* "investigating", "resolved", "in progress", ... */
const char *model_status_word(enum model_status status);
/* "none", "minor", "major", "critical" */
const char *model_impact_word(enum model_impact impact);

/* "queue", "delay", "disk", "latency", "spam" */
const char *model_metric_word(enum model_metric metric);

/*
 * The share of known time in which the system could be used (operational or
 * degraded): with all time, or without what fell into planned work.  Below 0
 * where nothing is known.
 */
double model_uptime(const struct model_tally *t, bool without_planned);
/* All of its days together. */
void model_days_sum(const struct model_system *s, struct model_tally *sum_r);
/* Seconds in which it could not (partial or major outage). */
int64_t model_downtime_s(const struct model_tally *t, bool without_planned);
/* Seconds of which nothing is known. */
int64_t model_unknown_s(const struct model_tally *t, bool without_planned);
/* The worst state in it, planned work aside; MODEL_UNKNOWN where nothing is
 * known, MODEL_MAINTENANCE where only planned work disturbed it. */
enum model_state model_tally_worst(const struct model_tally *t);

/* Whether the thread is an incident or maintenance that is not over. */
bool model_thread_open(const struct model_thread *t);

#endif
