#ifndef STATUSD_REMIND_H
#define STATUSD_REMIND_H

#include "statusd/store.h"

#include <stdint.h>

struct config;
struct err;

/*
 * What the operator is told again.  An alert with "remind" hears every so often
 * of a fault that nobody has acknowledged; with "escalate" the next alert of
 * the configuration hears of it after so long (the last one itself).  Whoever
 * writes in an incident, or says "statusctl ack", has acknowledged it.
 *
 * A promised update is reminded of REMIND_BEFORE_S before its time, and told
 * of as critical when that has passed.  Within a transaction.
 */
#define REMIND_BEFORE_S 600

int remind_review(
    struct store *s, const struct config *c, int64_t now, struct err *e);

/* Say it to the operator, once: a claim that the evidence speaks against. */
struct remind_flag {
	int64_t thread;
	const char *system;
	const char *title;
	const char *text;
};
int remind_flag(
    struct store *s, const struct remind_flag *f, int64_t now, struct err *e);

#endif
