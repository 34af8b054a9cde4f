#ifndef QUEUEWATCH_INSIDE_H
#define QUEUEWATCH_INSIDE_H

#include "queuewatch/check_canary.h"
#include "queuewatch/check_service.h"
#include "queuewatch/finding.h"
#include "queuewatch/keeper.h"
#include "queuewatch/login.h"
#include "queuewatch/patrol.h"

#include <jansson.h>
#include <stdint.h>

struct err;

/*
 * What is seen from inside: services, certificates, canaries, block lists.
 * Joins the patrol that looks to the checks that judge.  Main thread.
 */
struct inside {
	const struct config *config;
	const struct keeper *keeper;
	struct patrol *patrol;
	struct logins *logins;
	/* Of services, certificates and lists: the last look that was fed. */
	uint64_t *turns;
	/* Of certificates, then of services with TLS. */
	struct cert_memory *memory;
};

/* Read the log-ins; while there are the rights of the start. */
int inside_open(struct inside *in, const struct config *c,
    const struct keeper *keeper, struct err *e);
/*
 * Start looking.  "canary_key" signs probe messages; "saved" (or NULL) is
 * inside_save()'s.
 */
int inside_start(struct inside *in, const unsigned char canary_key[CANARY_KEY],
    const json_t *saved, struct err *e);
/* Also harmless for a zeroed one. */
void inside_close(struct inside *in);

/* Feed what is new into the findings. */
void inside_sample(struct inside *in, struct findings *fs, int64_t now_ms);

/*
 * The key that signs canaries, kept in a file so that those which come back
 * after a restart are known; where it cannot be kept, one for this run.
 */
void inside_canary_key(const char *path, unsigned char key_r[CANARY_KEY]);

/* What is remembered of certificates; NULL without memory. */
json_t *inside_save(const struct inside *in);

#endif
