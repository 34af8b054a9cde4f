#ifndef STATUSD_HOOK_H
#define STATUSD_HOOK_H

#include "lib/log.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct config;

/*
 * The operator's command that copies the site elsewhere after a change: an
 * argument list, no shell.  One runs at a time; what changes meanwhile is
 * copied by the next.  It dies with statusd, and when its time is over.
 */
struct hook {
	bool due; /* something changed since the last one began */
	pid_t pid; /* 0: none runs */
	int64_t began_ms, failed_ms;
	bool killed;
	int64_t failures; /* one after another */
	struct log_limit limit;
};

/* The site has changed. */
void hook_poke(struct hook *h);
/* Begin what is due, and look after what runs: a few times a second. */
void hook_step(struct hook *h, const struct config *c, int64_t now_ms);
/* Wait a moment for what runs, then end it. */
void hook_stop(struct hook *h);

#endif
