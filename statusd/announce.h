#ifndef STATUSD_ANNOUNCE_H
#define STATUSD_ANNOUNCE_H

#include "statusd/incident.h"
#include "statusd/store.h"

#include <stdint.h>

struct config;
struct config_system;
struct err;

/*
 * From findings to posts: each finding takes its incident step, and what
 * happened is stored, said by template, and published as the policy says.
 * Within a transaction of the store.
 */
struct announce {
	struct store *store;
	const struct config *config;
	const struct config_system *system;
	int64_t now;
	struct incident_set set; /* announce_begin() fills it */
};

int announce_begin(struct announce *a, struct err *e);
void announce_end(struct announce *a);

/*
 * Take in one finding.  "evidence" is kept for the operator with what happens:
 * a JSON text, or "".
 */
int announce_finding(struct announce *a, const struct incident_finding *f,
    const char *evidence, struct err *e);

/*
 * Make public what is due at "now".  Returns how many entries became public,
 * or -1.
 */
int announce_due(struct store *s, int64_t now, struct err *e);

#endif
