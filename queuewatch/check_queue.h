#ifndef QUEUEWATCH_CHECK_QUEUE_H
#define QUEUEWATCH_CHECK_QUEUE_H

#include "queuewatch/config.h"
#include "queuewatch/facts.h"
#include "queuewatch/finding.h"
#include "queuewatch/forecast.h"
#include "queuewatch/scan.h"

/*
 * From a pass over the spool to the findings "queue" (a subject each queue, and
 * "" for incoming, active and deferred together) and "stuck".  Of an instance
 * that is not the host's first the subjects are "deferred:NAME" and "NAME".
 */
#define QUEUE_SUBJECTS (SCAN_QUEUES + 1)

struct causes;

struct queue_view {
	const struct config *config;
	const struct rule_policy *policy;
	const char *instance; /* its name, part of subjects; NULL: the first */
	int64_t now; /* Unix seconds */
	int64_t now_ms; /* the same, finer */
	/* Each queue's messages over time; the last is the sum's. */
	struct trend *trends;
	const struct causes *causes; /* of the growth; NULL: not known */
};

#define QUEUE_SUBJECT (FACTS_NAME + 32)
const char *queue_subject(
    const char *instance, const char *queue, char out[QUEUE_SUBJECT]);

/* Feed a pass. */
void queue_check(struct findings *fs, const struct queue_view *v,
    const struct scan_result *scan);

/* There is no pass, and "why": all of them are unknown. */
void queue_check_unknown(
    struct findings *fs, const struct queue_view *v, const char *why);

/* The messages that wait, without hold and maildrop; -1: cannot be said. */
int64_t queue_sum(const struct scan_result *scan);

#endif
