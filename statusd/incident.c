#include "statusd/incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
incident_stands(enum level level)
{
	return level == LEVEL_WARNING || level == LEVEL_CRITICAL;
}

size_t
incident_standing(const struct incident *in)
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_causes; i++)
		n += incident_stands(in->causes[i].level);
	return n;
}

struct incident *
incident_add(struct incident_set *set)
{
	struct incident *p = reallocarray(
	    set->items, set->n + 1, sizeof(*set->items));

	if (p == NULL)
		return NULL;
	set->items = p;
	memset(&p[set->n], 0, sizeof(*p));
	return &p[set->n++];
}

struct incident_cause *
incident_cause_add(struct incident *in, const char *check, const char *subject)
{
	struct incident_cause *p = reallocarray(
	    in->causes, in->n_causes + 1, sizeof(*in->causes));

	if (p == NULL)
		return NULL;
	in->causes = p;
	p += in->n_causes++;
	memset(p, 0, sizeof(*p));
	(void)snprintf(p->check, sizeof(p->check), "%s", check);
	(void)snprintf(p->subject, sizeof(p->subject), "%s", subject);
	p->level = LEVEL_OK;
	return p;
}

void
incident_set_free(struct incident_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		free(set->items[i].causes);
	free(set->items);
	*set = (struct incident_set){ NULL, 0 };
}

static bool
is_silence(const char *check)
{
	return strcmp(check, INCIDENT_SILENCE) == 0;
}

/* Whether the incident is about a silent reporter, and so about nothing else.
 */
static bool
is_about_silence(const struct incident *in)
{
	return in->n_causes > 0 && is_silence(in->causes[0].check);
}

static struct incident_cause *
find_cause(const struct incident *in, const struct incident_finding *f)
{
	for (size_t i = 0; i < in->n_causes; i++) {
		if (strcmp(in->causes[i].check, f->check) == 0 &&
		    strcmp(in->causes[i].subject, f->subject) == 0)
			return &in->causes[i];
	}
	return NULL;
}

/*
 * The open incident that has this cause: where it stands, else the newest.  One
 * that the operator opened again may have it as well.
 */
static struct incident *
find_open(const struct incident_set *set, const struct incident_finding *f)
{
	struct incident *best = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct incident *in = &set->items[i];
		const struct incident_cause *c = find_cause(in, f);

		if (in->resolved_at != 0 || c == NULL)
			continue;
		if (incident_stands(c->level))
			return in;
		if (best == NULL || in->opened_at > best->opened_at)
			best = in;
	}
	return best;
}

/* Whether another cause of it is by now the matter of one that is open. */
static bool
is_split(const struct incident_set *set, const struct incident *in,
    const struct incident_finding *f)
{
	for (size_t i = 0; i < in->n_causes; i++) {
		const struct incident_cause *c = &in->causes[i];
		const struct incident_finding other = { .check = c->check,
			.subject = c->subject };

		if (find_cause(in, f) != c && find_open(set, &other) != NULL)
			return true;
	}
	return false;
}

/*
 * A resolved incident that this cause would reopen, or, with "standing", one
 * that was resolved by hand while the cause stood.
 */
static struct incident *
find_resolved(const struct incident_set *set, const struct incident_finding *f,
    int64_t now, bool standing)
{
	struct incident *best = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct incident *in = &set->items[i];
		const struct incident_cause *c = find_cause(in, f);

		if (in->resolved_at == 0 || c == NULL)
			continue;
		/*
		 * Reopened beside one that has its other cause, it could be
		 * called over while that stands.
		 */
		if (standing ? !incident_stands(c->level)
		             : now - in->resolved_at >= INCIDENT_REOPEN_S ||
		            is_split(set, in, f))
			continue;
		if (best == NULL || in->resolved_at > best->resolved_at)
			best = in;
	}
	return best;
}

/*
 * Silence and looks from outside that fail are one matter; silence joins
 * nothing else, and nothing else joins it.
 */
static bool
is_apart(const struct incident *in, const struct incident_finding *f)
{
	if (is_silence(f->check))
		return in->n_causes == 0 ||
		    strcmp(in->causes[0].check, INCIDENT_PROBE) != 0;
	return is_about_silence(in) && strcmp(f->check, INCIDENT_PROBE) != 0;
}

/* The open incident that takes this finding in. */
static struct incident *
find_joinable(const struct incident_set *set, const struct incident_finding *f,
    int64_t now)
{
	struct incident *best = NULL;

	for (size_t i = 0; i < set->n; i++) {
		struct incident *in = &set->items[i];

		if (in->resolved_at != 0 || is_apart(in, f) ||
		    now - in->opened_at >= INCIDENT_JOIN_S)
			continue;
		/*
		 * A warning of old is another matter, and what the operator
		 * wrote about is not held open by a hint.
		 */
		if (f->level != LEVEL_CRITICAL &&
		    (in->by_hand ||
		        in->opened_at - f->began >= INCIDENT_JOIN_S))
			continue;
		if (best == NULL || in->opened_at > best->opened_at)
			best = in;
	}
	return best;
}

static void
say(const struct incident_set *set, struct incident *in,
    const struct incident_cause *c, enum incident_what what,
    struct incident_event *ev)
{
	ev->what = what;
	ev->incident = (size_t)(in - set->items);
	ev->cause = (size_t)(c - in->causes);
}

/* One more change of level; whether it is one too many to be told of now. */
static bool
is_swing_too_many(struct incident *in, int64_t now)
{
	struct incident_calm *k = &in->calm;

	if (now - k->swings_from >= INCIDENT_HOUR_S || now < k->swings_from) {
		k->swings = 0;
		k->swings_from = now;
	}
	/* What one report says counts once. */
	if (k->swing_at != now)
		k->swings++;
	k->swing_at = now;
	k->changed = true;
	return k->swings > INCIDENT_SWINGS &&
	    now - in->posted_at < INCIDENT_QUIET_S && now != in->posted_at;
}

/* A cause of an open incident is as bad as before, but perhaps shrinking. */
static void
same_level(const struct incident_set *set, struct incident *in,
    struct incident_cause *c, int64_t now, struct incident_event *ev)
{
	if (!incident_stands(c->level))
		return;
	if (c->value > c->peak)
		c->peak = c->value;
	if (in->calm.held_back && now - in->posted_at >= INCIDENT_QUIET_S) {
		in->calm.held_back = false;
		in->calm.changed = true;
		in->posted_at = now;
		ev->before = c->level == LEVEL_WARNING ? LEVEL_CRITICAL
		                                       : LEVEL_WARNING;
		say(set, in, c, INCIDENT_LEVEL, ev);
		return;
	}
	if (strcmp(c->check, "queue") != 0 || c->value * 2 > c->peak ||
	    now - in->posted_at < INCIDENT_QUIET_S)
		return;
	c->peak = c->value;
	in->posted_at = now;
	say(set, in, c, INCIDENT_FALLING, ev);
}

static void
cause_over(const struct incident_set *set, struct incident *in,
    struct incident_cause *c, int64_t now, struct incident_event *ev)
{
	struct incident_calm *k = &in->calm;
	bool flaps = k->reopens >= INCIDENT_FLAPS &&
	    now - k->reopened_at < INCIDENT_HOUR_S;
	bool spoken = now - in->posted_at < INCIDENT_QUIET_S && k->held_back;

	if (incident_standing(in) == 0 && flaps && !in->by_hand) {
		k->well_since = now;
		k->held_back = true;
		k->changed = true;
		if (!spoken)
			in->posted_at = now;
		say(set, in, c, spoken ? INCIDENT_QUIETLY : INCIDENT_HELD, ev);
		return;
	}
	in->posted_at = now;
	if (incident_standing(in) > 0) {
		say(set, in, c, INCIDENT_CLEARED, ev);
	} else if (in->by_hand) {
		say(set, in, c, INCIDENT_WELL, ev);
	} else {
		in->resolved_at = now;
		say(set, in, c, INCIDENT_RESOLVED, ev);
	}
}

/* The finding is a cause of "in", which is open. */
static void
step_open(const struct incident_set *set, struct incident *in,
    const struct incident_finding *f, int64_t now, struct incident_event *ev)
{
	struct incident_cause *c = find_cause(in, f);

	ev->before = c->level;
	c->changed = true;
	c->value = f->value;
	c->eta = f->eta;
	if (c->level == f->level) {
		same_level(set, in, c, now, ev);
		return;
	}
	if (incident_stands(f->level)) {
		bool quiet = c->level != LEVEL_CRITICAL &&
		    f->level == LEVEL_WARNING;

		c->level = f->level;
		c->peak = f->value;
		say(set, in, c,
		    quiet ? INCIDENT_JOINED_QUIETLY : INCIDENT_LEVEL, ev);
		if (quiet) {
			in->calm.changed = true;
			in->calm.well_since = 0;
			return;
		}
		if (in->calm.well_since != 0 || is_swing_too_many(in, now)) {
			ev->what = INCIDENT_QUIETLY;
			in->calm.held_back = true;
		} else {
			in->calm.held_back = false;
			in->posted_at = now;
		}
		if (in->calm.well_since != 0)
			in->calm.reopened_at = now;
		in->calm.well_since = 0;
		in->calm.changed = true;
		return;
	}
	if (!incident_stands(c->level))
		return;
	c->level = LEVEL_OK;
	cause_over(set, in, c, now, ev);
}

/* Let the finding be a cause of "in" from now on. */
static int
take_in(const struct incident_set *set, struct incident *in,
    const struct incident_finding *f, enum incident_what what,
    struct incident_event *ev)
{
	struct incident_cause *c = find_cause(in, f);

	if (c == NULL)
		c = incident_cause_add(in, f->check, f->subject);
	if (c == NULL)
		return -1;
	c->level = f->level;
	c->value = f->value;
	c->peak = f->value;
	c->eta = f->eta;
	c->changed = true;
	in->calm.well_since = 0;
	in->calm.changed = true;
	say(set, in, c, what, ev);
	return 0;
}

/* No open incident knows the finding, and it is a warning or critical. */
static int
step_new(struct incident_set *set, const struct incident_finding *f,
    int64_t now, struct incident_event *ev)
{
	struct incident *in;

	if (f->muted)
		return 0;
	in = find_joinable(set, f, now);
	if (in != NULL) {
		if (f->level != LEVEL_CRITICAL)
			return take_in(set, in, f, INCIDENT_JOINED_QUIETLY, ev);
		in->posted_at = now;
		return take_in(set, in, f, INCIDENT_JOINED, ev);
	}
	if (f->level != LEVEL_CRITICAL)
		return 0;
	in = find_resolved(set, f, now, false);
	if (in != NULL) {
		struct incident_calm *k = &in->calm;

		in->resolved_at = 0;
		in->posted_at = now;
		k->reopens = now - k->reopened_at < INCIDENT_HOUR_S
		    ? k->reopens + 1
		    : 1;
		k->reopened_at = now;
		k->held_back = false;
		return take_in(set, in, f, INCIDENT_REOPENED, ev);
	}
	in = incident_add(set);
	if (in == NULL)
		return -1;
	in->opened_at = now;
	in->posted_at = now;
	return take_in(set, in, f, INCIDENT_OPENED, ev);
}

int
incident_step(struct incident_set *set, const struct incident_finding *f,
    int64_t now, struct incident_event *event_r)
{
	struct incident *in;

	*event_r = (struct incident_event){ .before = LEVEL_OK,
		.known = f->known };
	/* The check could not be made: what it found last still stands. */
	if (f->level == LEVEL_UNKNOWN)
		return 0;
	in = find_open(set, f);
	if (in != NULL) {
		step_open(set, in, f, now, event_r);
		return 0;
	}
	in = find_resolved(set, f, now, true);
	if (in != NULL) {
		struct incident_cause *c = find_cause(in, f);
		enum level before = c->level;

		c->level = f->level;
		c->value = f->value;
		c->changed = true;
		/* Resolved by hand: only what gets worse is news. */
		if (f->level != LEVEL_CRITICAL || before == LEVEL_CRITICAL)
			return 0;
	}
	if (!incident_stands(f->level))
		return 0;
	return step_new(set, f, now, event_r);
}

void
incident_due(
    const struct incident_set *set, int64_t now, struct incident_event *event_r)
{
	*event_r = (struct incident_event){ .before = LEVEL_OK };
	for (size_t i = 0; i < set->n; i++) {
		struct incident *in = &set->items[i];

		if (in->resolved_at != 0 || in->calm.well_since == 0 ||
		    now - in->calm.well_since < INCIDENT_CALM_S ||
		    incident_standing(in) > 0 || in->n_causes == 0)
			continue;
		in->calm.well_since = 0;
		in->calm.held_back = false;
		in->calm.changed = true;
		in->resolved_at = now;
		in->posted_at = now;
		say(set, in, &in->causes[0], INCIDENT_RESOLVED, event_r);
		return;
	}
}
