#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include "lib/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/*
 * What queuewatch tells statusd, and the answer: docs/report.md.  Pure.
 *
 * All times are Unix seconds.  All strings are UTF-8 and never NULL in a parsed
 * report.  Who composes fills the structs with pointers of his own (NULL
 * means "") and frees them himself; what report_parse() filled is freed by
 * report_free().
 */

#define REPORT_SCHEMA 1

/* Limits, in bytes and counts; a larger report is refused. */
#define REPORT_MAX_BYTES (256 * 1024)
#define REPORT_MAX_FINDINGS 512
#define REPORT_MAX_SAMPLES 2048
#define REPORT_MAX_REMEDIES 64
#define REPORT_MAX_RESULTS 64
#define REPORT_MAX_ORDERS 16
#define REPORT_MAX_NAME 128 /* system, agent, check, unit, remedy, id */
#define REPORT_MAX_SUBJECT 1024 /* subject, name of a sample */
#define REPORT_MAX_TEXT 4096 /* summary, title, text */
#define REPORT_MAX_EVIDENCE (32 * 1024)

struct report_forecast {
	bool given; /* the rest counts only then */
	int64_t likely_at; /* 0: not said */
	int64_t earliest_at;
	/* The chance that it happens within; below 0: not said. */
	double p_24h, p_72h, p_7d;
};

/* The current state of one check of one subject, "ok" included. */
struct report_finding {
	const char *check; /* "disk", "queue", ...; not empty */
	const char *subject; /* "/var/vmail", "deferred"; "": the whole */
	enum level level;
	int64_t since; /* at this level */
	bool has_value;
	double value;
	const char *unit; /* "ratio", "messages"; may be "" */
	const char *summary; /* one sentence for the operator */
	struct report_forecast forecast;
	const char *evidence; /* the text of a JSON object; "": none */
};

struct report_sample {
	const char *name; /* "queue.active", "disk.used:/var/vmail" */
	const char *unit;
	double value;
};

/* What could be ordered. */
struct report_remedy {
	const char *name;
	const char *title;
};

enum report_outcome {
	REPORT_DONE, /* ran and ended with 0 */
	REPORT_FAILED, /* ran and ended otherwise */
	REPORT_REFUSED, /* not run: wrong code, unknown name, door closed */
	REPORT_TIMEOUT, /* killed at its time limit */
};
extern const char *const report_outcome_words[];

/* What became of an order. */
struct report_result {
	const char *id; /* the order's */
	const char *remedy;
	enum report_outcome outcome;
	int64_t at;
	int exit_status; /* -1: none */
	const char *text; /* the end of its output, or why it was refused */
};

struct report {
	const char *system;
	const char *agent; /* "queuewatch 0.1.0" */
	int64_t seq;
	int64_t at;
	int interval_s; /* when the next one is to be expected */
	struct report_finding *findings;
	size_t n_findings;
	struct report_sample *samples;
	size_t n_samples;
	struct report_remedy *remedies;
	size_t n_remedies;
	struct report_result *results;
	size_t n_results;
	void *owned; /* report_parse()'s; NULL in a report of one's own */
};

/*
 * Add the report as compact JSON.  Strings that are not UTF-8 are mended
 * (U+FFFD), those over their limit are cut.  Returns 0, or -1 with *e set: too
 * many items, evidence that is no JSON object, a number that is not finite, or
 * a total over REPORT_MAX_BYTES; then "b" is as it was.
 */
int report_compose(const struct report *r, struct buf *b, struct err *e);

/*
 * The findings and samples alone, as "show --json" prints them:
 * {"system":..,"at":..,"findings":[..],"samples":[..]}, indented.
 */
int report_compose_show(const struct report *r, struct buf *b, struct err *e);

/*
 * Read a report.  Unknown keys are passed over; a missing key that must be
 * there, a wrong type, a number that is not finite, a time that is not RFC 3339
 * or a passed limit is refused with its path:
 * 'findings[3].level: "bad" is none of ok, notice, warning, critical, unknown'.
 * Must be there: schema, system, seq, at, findings, and in a finding check and
 * level.  Without "since" a finding counts since "at"; without "interval_s"
 * 10 s count.  Of two findings of one check and subject the last stands.
 * Returns 0, and *r_r is to be freed with report_free(); or -1 with *e set and
 * nothing to free.
 */
int report_parse(
    const char *text, size_t len, struct report *r_r, struct err *e);
/* Also harmless for a zeroed report. */
void report_free(struct report *r);

struct report_order {
	const char *id;
	const char *remedy;
	const char *code; /* six digits */
};

/* What statusd answers to a report. */
struct report_answer {
	int next_s; /* pause until the next report; 1 to 300 */
	struct report_order *orders;
	size_t n_orders;
	void *owned;
};

/* As with the report.  A parsed next_s is held between 1 and 300. */
int report_answer_compose(
    const struct report_answer *a, struct buf *b, struct err *e);
int report_answer_parse(
    const char *text, size_t len, struct report_answer *a_r, struct err *e);
void report_answer_free(struct report_answer *a);

#endif
