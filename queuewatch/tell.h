#ifndef QUEUEWATCH_TELL_H
#define QUEUEWATCH_TELL_H

#include "queuewatch/config.h"
#include "queuewatch/finding.h"

#include <jansson.h>
#include <stdint.h>

struct err;
struct outbox;

/*
 * queuewatch's own alerts: a change of level is told to the operator when the
 * report that carries it was not accepted within two intervals.  Changes wait
 * here until either happens; what waits is part of the state, and the outbox
 * knows a message again, so that none is told twice, also over a kill.
 */
#define TELL_MOST 256

struct tell_change {
	char check[FINDING_CHECK];
	char *subject;
	enum level level, was;
	int64_t since, number;
	int64_t seq; /* of the report that carries it */
	int64_t at, due; /* Unix seconds */
	char summary[FINDING_SUMMARY];
};

struct tell {
	struct tell_change *items[TELL_MOST];
	size_t n;
};

/*
 * Note what changed since it was last noted, of the findings that are told:
 * all but single queues, which the sum speaks for.  "seq" is the report's,
 * "due" when it must have been accepted.  "unknown" is no change: the level
 * before it stands until the next known one.
 */
void tell_note(
    struct tell *t, struct findings *fs, int64_t seq, int64_t now, int64_t due);

/* The reports up to "seq" are accepted: statusd has it. */
void tell_accepted(struct tell *t, int64_t seq);

/* Hand what is due at "now" to the outbox, by the targets' levels. */
void tell_due(
    struct tell *t, const struct config *c, struct outbox *o, int64_t now);
/* When the next is due; 0: none. */
int64_t tell_next(const struct tell *t);

void tell_free(struct tell *t);
json_t *tell_save(const struct tell *t);
void tell_load(struct tell *t, const json_t *saved);

#endif
