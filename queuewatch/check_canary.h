#ifndef QUEUEWATCH_CHECK_CANARY_H
#define QUEUEWATCH_CHECK_CANARY_H

#include "queuewatch/canary.h"
#include "queuewatch/config.h"
#include "queuewatch/finding.h"

/*
 * From the state of a leg to its finding "canary".  Its time is in the rules
 * already (a loss is one after so long): it is entered and left at once.
 */
struct canary_view {
	const struct canary_leg *leg;
	bool begun;
	int64_t now_ms; /* Unix */
};

void canary_check(struct findings *fs, const struct config_canary *c,
    const struct canary_view *v);

/*
 * Once all are judged: each that is not well names the legs that are, and those
 * that are not.
 */
void canary_compare(struct findings *fs, const struct config *c);

#endif
