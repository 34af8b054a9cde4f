#ifndef STATUSD_ANNOUNCE_H
#define STATUSD_ANNOUNCE_H

#include "statusd/incident.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct config_system;
struct err;

/*
 * From findings to posts.  Each finding takes its incident step; what happened
 * to an incident in one report is said in one post, by template, and published
 * as the policy says.  Within a transaction of the store.
 */
struct announce {
	struct store *store;
	const struct config *config;
	const struct config_system *system;
	int64_t now;

	bool muted; /* planned work is in progress; set by announce_begin() */
	/* announce_begin() makes these, announce_end() frees them. */
	struct incident_set set;
	struct incident_event *events; /* that are to be spoken of */
	size_t n_events;
};

int announce_begin(struct announce *a, struct err *e);

/*
 * Take in one finding.  "evidence" is kept for the operator with what happens:
 * a JSON text, or "".
 */
int announce_finding(struct announce *a, const struct incident_finding *f,
    const char *evidence, struct err *e);

/* What the clock alone brings about. */
int announce_clock(struct announce *a, struct err *e);

/*
 * Drop findings that the newest reports have said nothing of for "after_s":
 * the check is no longer made, so nothing of it stands.
 */
int announce_forgotten(struct announce *a, int64_t after_s, struct err *e);

/* Say what came of all of them. */
int announce_say(struct announce *a, struct err *e);

void announce_end(struct announce *a);

/*
 * Make public what is due at "now".  Returns how many entries became public,
 * or -1.
 */
int announce_due(struct store *s, int64_t now, struct err *e);

#endif
