#ifndef QUEUEWATCH_PATROL_H
#define QUEUEWATCH_PATROL_H

#include "lib/probe.h"
#include "queuewatch/canary.h"
#include "queuewatch/config.h"
#include "queuewatch/dnsbl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct keeper;
struct logins;

/*
 * Looks at services, certificates and block lists from this host and sends
 * canaries, in a thread of its own: all at once, each in its own interval;
 * again soon where it failed.
 */
struct patrol;

#define LOOK_RING 10 /* that many looks back are remembered */

/* Whether a service shows the certificate that lies on the disk. */
enum look_file {
	LOOK_FILE_NONE, /* none is configured, or it was not seen */
	LOOK_FILE_SAME,
	LOOK_FILE_DIFFERS,
	LOOK_FILE_UNREADABLE,
};

/* The newest look at a service or a certificate. */
struct look_result {
	uint64_t turn; /* one more for each look; 0: none yet */
	int64_t at; /* Unix seconds */
	struct probe_result probe;
	int failed, of; /* of the last looks, at most LOOK_RING */
	int outages; /* times that it began to fail, in these */
	enum look_file file;
	char file_fault[128];
};

struct patrol_setup {
	const struct config *config;
	const struct logins *logins;
	const struct keeper *keeper; /* opens what the user may not */
	unsigned char canary_key[CANARY_KEY];
};

/*
 * Start; what the setup points to must stay until patrol_stop().  NULL with *e
 * set on failure.
 */
struct patrol *patrol_start(const struct patrol_setup *setup, struct err *e);
/* Ends within a moment what is under way.  NULL is harmless. */
void patrol_stop(struct patrol *p);

/* Of the i-th section of the configuration. */
void patrol_service(struct patrol *p, size_t i, struct look_result *r_r);
void patrol_certificate(struct patrol *p, size_t i, struct look_result *r_r);
/* *r_r is a copy, to be freed with dnsbl_result_free(). */
void patrol_blocklist(struct patrol *p, size_t i, struct dnsbl_result *r_r);
/* Whether it has begun. */
bool patrol_canary(struct patrol *p, size_t i, struct canary_leg *leg_r);

#endif
