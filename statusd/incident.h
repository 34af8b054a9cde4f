#ifndef STATUSD_INCIDENT_H
#define STATUSD_INCIDENT_H

#include "lib/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What becomes of incidents when a finding comes in.  Pure: the incidents of
 * one system and a finding go in, the changed incidents and what happened
 * come out; the time is an argument.
 *
 * A cause is a finding that belongs to an incident, told from others by check
 * and subject.  It stands while its level is warning or critical.
 */
#define INCIDENT_CHECK_SIZE 129 /* REPORT_MAX_NAME and the NUL */
#define INCIDENT_SUBJECT_SIZE 1025 /* REPORT_MAX_SUBJECT and the NUL */

/* The check's name under which silence of a reporter is handled. */
#define INCIDENT_SILENCE "silence"
/* And that of looks from outside; the subject is the probe's name. */
#define INCIDENT_PROBE "probe"

struct incident_cause {
	char check[INCIDENT_CHECK_SIZE];
	char subject[INCIDENT_SUBJECT_SIZE];
	enum level level;
	double value; /* the newest; 0 where there is none */
	double peak; /* the highest since it joined or was last spoken of */
	int64_t eta; /* the last finding's; not stored */
	bool changed; /* by the step: to be stored */
};

/*
 * An incident that comes and goes: after INCIDENT_FLAPS reopenings, each within
 * an hour of the one before, it is not over before nothing has stood for
 * INCIDENT_CALM_S; and after INCIDENT_SWINGS changes of level in an hour the
 * next ones are told of INCIDENT_QUIET_S apart.
 */
struct incident_calm {
	int64_t reopens, reopened_at;
	int64_t well_since; /* held open though nothing stands; 0: not held */
	int64_t swings, swings_from, swing_at;
	bool held_back; /* a change of level was not told of */
	bool changed; /* by the step: to be stored */
};

struct incident {
	int64_t id; /* of its thread; 0: this step made it */
	int64_t opened_at;
	int64_t resolved_at; /* 0: it is open */
	int64_t posted_at; /* when something was last said in it */
	bool by_hand; /* the operator opened it, and he resolves it */
	struct incident_calm calm;
	struct incident_cause *causes;
	size_t n_causes;
};

/* The incidents of a system: open ones, those resolved less than
 * INCIDENT_REOPEN_S ago, and those with a cause that still stands. */
struct incident_set {
	struct incident *items;
	size_t n;
};

#define INCIDENT_JOIN_S 600 /* an incident takes in findings so long */
#define INCIDENT_REOPEN_S 600 /* and comes back so long after its end */
#define INCIDENT_QUIET_S 1800 /* between two updates that no level asks for */
#define INCIDENT_FLAPS 3
#define INCIDENT_CALM_S 600
#define INCIDENT_SWINGS 4
#define INCIDENT_HOUR_S 3600

struct incident_finding {
	const char *check;
	const char *subject;
	enum level level;
	double value; /* 0 where there is none */
	int64_t began; /* since when it has been warning or critical */
	int64_t eta; /* when it is likely to be over; 0: not known */
	bool known; /* the report names what causes most of it */
	bool muted; /* planned work: nothing opens, joins or comes back */
};

enum incident_what {
	INCIDENT_NOTHING,
	INCIDENT_OPENED, /* a new incident */
	INCIDENT_JOINED, /* a further cause, critical */
	INCIDENT_JOINED_QUIETLY, /* a further cause, warning: no post */
	INCIDENT_LEVEL, /* a cause went from warning to critical or back */
	INCIDENT_FALLING, /* a value fell by half and more; level as it was */
	INCIDENT_CLEARED, /* a cause is over, others stand */
	INCIDENT_RESOLVED, /* the last cause is over */
	INCIDENT_WELL, /* the last cause of an incident opened by hand */
	INCIDENT_REOPENED,
	INCIDENT_HELD, /* nothing stands, but it has come back too often */
	INCIDENT_QUIETLY, /* the level changed once too often: no post */
};

struct incident_event {
	enum incident_what what;
	size_t incident; /* index in the set; not with INCIDENT_NOTHING */
	size_t cause; /* index in its causes */
	enum level before; /* the cause's level; LEVEL_OK when new */
	bool known; /* the finding's */
};

/*
 * Take in one finding at "now".  INCIDENT_RESOLVED and INCIDENT_REOPENED have
 * set resolved_at already; posted_at is set with every event that is to be
 * spoken of.  Returns 0, or -1 without memory.
 *
 * Findings of one report are given in the order critical, warning, the rest,
 * so that a fault that moves from one subject to another stays one incident.
 */
int incident_step(struct incident_set *set, const struct incident_finding *f,
    int64_t now, struct incident_event *event_r);

/*
 * What the clock alone ends at "now": an incident that was held and has been
 * well for long enough.  INCIDENT_NOTHING where there is none; call it until
 * then.
 */
void incident_due(const struct incident_set *set, int64_t now,
    struct incident_event *event_r);

/*
 * Add an incident (zeroed, to be filled) or a cause at level "ok"; NULL
 * without memory.
 */
struct incident *incident_add(struct incident_set *set);
struct incident_cause *incident_cause_add(
    struct incident *in, const char *check, const char *subject);
void incident_set_free(struct incident_set *set);

/* Whether a cause at this level stands: warning or critical. */
bool incident_stands(enum level level);
/* How many causes of it stand. */
size_t incident_standing(const struct incident *in);

#endif
