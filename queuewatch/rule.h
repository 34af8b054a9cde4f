#ifndef QUEUEWATCH_RULE_H
#define QUEUEWATCH_RULE_H

#include "lib/level.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How samples become a level that does not flutter.  Pure.
 *
 * A sample says two things: the level it would enter by, and the level it
 * would not leave (by lower limits, so never below the first).  A level is
 * entered after "hold" samples in a row at or above it, and left after "clear"
 * samples in a row below it.
 */
struct rule_policy {
	int hold;
	int clear;
};

struct rule_state {
	enum level level;
	int64_t since; /* Unix seconds; 0: never fed */
	/* Samples in a row: at or above, below; by level up to critical. */
	int above[LEVEL_CRITICAL + 1];
	int below[LEVEL_CRITICAL + 1];
};

/* What one sample would say; "enter" <= "leave" <= LEVEL_CRITICAL. */
struct rule_sample {
	enum level enter;
	enum level leave;
};

/*
 * Feed one sample taken at "now".  Returns whether the level changed (the very
 * first sample, which makes it "ok", is no change).
 */
bool rule_feed(struct rule_state *s, const struct rule_policy *policy,
    const struct rule_sample *sample, int64_t now);

/* No sample could be taken.  Returns whether the level changed. */
bool rule_unknown(struct rule_state *s, int64_t now);

/* The worse of two, in both. */
void rule_worse(struct rule_sample *s, const struct rule_sample *other);

/*
 * A value that is bad when high: where each level is entered and where it is
 * left.  0: no such level.
 */
struct rule_limits {
	double warning, warning_leave;
	double critical, critical_leave;
};
struct rule_sample rule_value(double value, const struct rule_limits *limits);

/*
 * What was there when the host was first looked at.  It is worth a notice, and
 * an alarm only when it grows: by "grow_warning", by "grow_critical".  It is
 * forgotten as it goes away.
 */
struct rule_arrival {
	bool set;
	double base;
};
struct rule_growth {
	double grow_warning, grow_critical;
};

/*
 * Note the value; on the first call it is the base.  Returns the limits that
 * hold now: raised above what was found, where that was over the warning limit.
 */
struct rule_limits rule_arrived(struct rule_arrival *a, double value,
    const struct rule_limits *limits, const struct rule_growth *growth);

/* Whether the value is over its limit only by what was found on arrival. */
bool rule_found(const struct rule_arrival *a, double value,
    const struct rule_limits *limits);

#endif
