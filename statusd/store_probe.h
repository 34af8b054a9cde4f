#ifndef STATUSD_STORE_PROBE_H
#define STATUSD_STORE_PROBE_H

#include "statusd/model.h"
#include "statusd/store.h"

#include <stdint.h>

struct config_system;
struct err;

/* What the looks from outside found last, as rows. */
struct store_probe {
	const char *system;
	const char *name;
	enum model_answers answers;
	int64_t since; /* it answers, or does not */
	int64_t at; /* of the last look */
	double latency_s; /* of the last answer; below 0: none */
	int64_t expires_at; /* of its certificate; 0: none seen this time */
	int64_t cert; /* another number, another certificate */
	const char *fault; /* why it does not answer; the operator's */
};

int store_probe_put(
    struct store *s, const struct store_probe *p, struct err *e);

/* Whether a look from outside fails: 1, 0, -1. */
int store_probe_fails(struct store *s, const char *system, struct err *e);

/* Whether any of its probes has answered since "since": 1, 0, -1. */
int store_probe_answers(
    struct store *s, const char *system, int64_t since, struct err *e);

/*
 * Fill m->probes and m->answers as of "now": what was not looked at lately is
 * not known.
 */
int store_load_probes(struct store *s, const struct config_system *sys,
    struct model_system *m, int64_t now, struct err *e);

#endif
