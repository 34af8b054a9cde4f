#ifndef STATUSD_PROBE_TAKE_H
#define STATUSD_PROBE_TAKE_H

#include "statusd/probe.h"
#include "statusd/store.h"

#include <stddef.h>
#include <stdint.h>

struct announce;
struct config;
struct err;

/*
 * What looks from outside found becomes findings: of the check "probe" with
 * the probe's name as the subject, and of "certificate" where one ends soon.
 * A ping alone is a warning while anything else vouches for the system.
 */

/* Take all of them in at "now", in one transaction. */
struct probe_found {
	const struct probe_result *items;
	size_t n;
};
int probe_take(struct store *s, const struct config *c,
    const struct probe_found *found, int64_t now, struct err *e);

/*
 * Findings of probes that the configuration no longer names are over.  Within
 * a transaction, between announce_begin() and announce_say().
 */
int probe_take_gone(struct announce *a, struct err *e);

#endif
