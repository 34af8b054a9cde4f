#ifndef QUEUEWATCH_CHECK_STUCK_H
#define QUEUEWATCH_CHECK_STUCK_H

#include "queuewatch/facts.h"
#include "queuewatch/finding.h"
#include "queuewatch/scan.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The finding "stuck": mail that Postfix will not try by itself as it should,
 * why, and whether a flush helps.
 */
struct stuck_view {
	const struct rule_policy *policy;
	const char *instance; /* its name, the subject; NULL: the first */
	int64_t now; /* Unix seconds */
	int64_t active_limit; /* messages; 0: not known */
	int64_t stepped_back_s; /* the clock, not long ago; 0: it was not */
	/* Passed over as dead: the last one and when; 0: none. */
	const char *dead;
	int64_t dead_at;
	/* A file of the chroot that is not as the system's; "": none. */
	const char *stale;
};

void stuck_check(struct findings *fs, const struct stuck_view *v,
    const struct scan_result *scan);

/*
 * Where Postfix runs in a chroot: the first of the files that it has copies of
 * (resolv.conf, hosts, ...) that differs from the system's, below "etc" of
 * "root" and "system".  "" where none does.
 */
void stuck_stale(const char *root, const char *system, char *out, size_t size);

#endif
