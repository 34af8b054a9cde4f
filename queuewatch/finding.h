#ifndef QUEUEWATCH_FINDING_H
#define QUEUEWATCH_FINDING_H

#include "lib/report.h"
#include "queuewatch/rule.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The findings as they stand, one for each check and subject, with what their
 * rules remember.  One thread.
 */
#define FINDING_CHECK 16
#define FINDING_SUMMARY 512
#define FINDINGS_MOST 400

struct finding {
	char check[FINDING_CHECK];
	char *subject;
	struct rule_state rule;
	struct rule_arrival arrival[2]; /* of the check's one or two values */
	bool live; /* asked for since findings_mark() */
	/* Of the last run, and not settled yet; it could not be checked since.
	 */
	bool settling, unchecked;
	bool has_value;
	double value;
	const char *unit; /* a literal */
	char summary[FINDING_SUMMARY];
	struct report_forecast forecast;
	char *evidence; /* JSON text, or NULL */
	/* For the operator's alerts: the level he was told of, and how often.
	 */
	enum level told;
	int64_t told_times;
	enum level reported; /* in the last report */
};

struct finding_name {
	const char *check, *subject;
};

struct findings {
	struct finding *items[FINDINGS_MOST];
	size_t n;
};

/*
 * The finding of that check and subject, made where there is none, and marked
 * live; what it says is emptied.  NULL without memory or room.
 */
struct finding *finding_get(
    struct findings *fs, const char *check, const char *subject);
/* As it is, or NULL. */
struct finding *finding_look(
    const struct findings *fs, const char *check, const char *subject);

/* It stays as it is, and is live; harmless where there is none. */
void finding_keep(
    const struct findings *fs, const char *check, const char *subject);

void finding_say(struct finding *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void finding_value(struct finding *f, double value, const char *unit);
/* Takes the reference; NULL is harmless. */
void finding_evidence(struct finding *f, json_t *object);

/*
 * Say that the check could not be made, and why.  Whether the level changed.
 * What the last run has left keeps its level until findings_settle(): the first
 * look takes a moment, and a restart is no change.
 */
bool finding_unknown(struct finding *f, int64_t now, const char *why);

/* Before the first report: what could not be checked by now is unknown. */
void findings_settle(struct findings *fs, int64_t now);

/* It is said no more. */
void findings_drop(struct findings *fs, const char *check, const char *subject);

/* After a change of what is watched: mark all, later drop those left over. */
void findings_mark(struct findings *fs);
void findings_sweep(struct findings *fs);

/* Whether a level changed since the last report so that it cannot wait. */
bool findings_urgent(const struct findings *fs);
void findings_reported(struct findings *fs);
void findings_free(struct findings *fs);

/*
 * Fill r->findings with views of these (an array that the caller frees).
 * Returns 0, or -1 without memory.
 */
int findings_view(const struct findings *fs, struct report *r);

/* What the rules remember, to be kept over a restart, and taken back. */
json_t *findings_save(const struct findings *fs);
void findings_load(struct findings *fs, const json_t *saved);

#endif
