#include "queuewatch/rule.h"

/* Enough to tell "as long as asked" and never to overflow. */
#define STREAK_MOST 1000000

static void
streak(int *n, bool goes_on)
{
	if (!goes_on)
		*n = 0;
	else if (*n < STREAK_MOST)
		(*n)++;
}

static bool
set_level(struct rule_state *s, enum level level, int64_t now)
{
	bool first = s->since == 0;

	if (!first && s->level == level)
		return false;
	s->level = level;
	s->since = now;
	return !first || level != LEVEL_OK;
}

bool
rule_feed(struct rule_state *s, const struct rule_policy *policy,
    const struct rule_sample *sample, int64_t now)
{
	enum level level = LEVEL_OK, l;

	for (l = LEVEL_NOTICE; l <= LEVEL_CRITICAL; l++) {
		streak(&s->above[l], sample->enter >= l);
		streak(&s->below[l], sample->leave < l);
	}
	/* After "unknown" the level is found afresh, without waiting. */
	if (s->level == LEVEL_UNKNOWN)
		return set_level(s, sample->enter, now);
	for (l = LEVEL_NOTICE; l <= LEVEL_CRITICAL; l++) {
		bool holds = s->since != 0 && s->level >= l &&
		    s->below[l] < policy->clear;

		if (holds || s->above[l] >= policy->hold)
			level = l;
	}
	return set_level(s, level, now);
}

bool
rule_unknown(struct rule_state *s, int64_t now)
{
	enum level l;

	for (l = LEVEL_OK; l <= LEVEL_CRITICAL; l++)
		s->above[l] = s->below[l] = 0;
	return set_level(s, LEVEL_UNKNOWN, now);
}

void
rule_worse(struct rule_sample *s, const struct rule_sample *other)
{
	if (other->enter > s->enter)
		s->enter = other->enter;
	if (other->leave > s->leave)
		s->leave = other->leave;
}

static enum level
level_of(double value, double warning, double critical)
{
	if (critical > 0 && value >= critical)
		return LEVEL_CRITICAL;
	if (warning > 0 && value >= warning)
		return LEVEL_WARNING;
	return LEVEL_OK;
}

struct rule_sample
rule_value(double value, const struct rule_limits *limits)
{
	struct rule_sample s = {
		.enter = level_of(value, limits->warning, limits->critical),
		.leave = level_of(
		    value, limits->warning_leave, limits->critical_leave),
	};

	return s;
}

/* Raise one limit above what was found; left when half of the growth is gone.
 */
static void
raise_limit(double *limit, double *leave, double base, double grow)
{
	if (*limit >= base + grow)
		return;
	*limit = base + grow;
	if (*leave < base + grow / 2)
		*leave = base + grow / 2;
}

struct rule_limits
rule_arrived(struct rule_arrival *a, double value,
    const struct rule_limits *limits, const struct rule_growth *growth)
{
	struct rule_limits now = *limits;

	if (!a->set || value < a->base)
		a->base = value;
	a->set = true;
	if (limits->warning <= 0 || a->base < limits->warning_leave)
		a->base = 0;
	if (a->base <= 0)
		return now;
	raise_limit(
	    &now.warning, &now.warning_leave, a->base, growth->grow_warning);
	raise_limit(
	    &now.critical, &now.critical_leave, a->base, growth->grow_critical);
	return now;
}

bool
rule_found(const struct rule_arrival *a, double value,
    const struct rule_limits *limits)
{
	return a->set && a->base > 0 && limits->warning > 0 &&
	    value >= limits->warning;
}
