#ifndef QUEUEWATCH_LOSSES_H
#define QUEUEWATCH_LOSSES_H

#include "lib/domain.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Reads greymilter's store for mail that proven senders tried, were told to
 * bring again, and never brought: in a thread of its own, as it can take
 * seconds.
 */
struct losses;

#define LOSSES_SINCE_S (7 * INT64_C(86400)) /* what is older is not told */
#define LOSSES_MOST 8

enum losses_state {
	LOSSES_NEW, /* not looked at yet */
	LOSSES_NONE, /* there is no store here */
	LOSSES_KNOWN,
	LOSSES_FAULT
};

struct losses_view {
	enum losses_state state;
	char why[256]; /* LOSSES_FAULT */
	/* Of domains that are not on the whitelist by now. */
	size_t messages, domains;
	size_t n;
	struct losses_domain {
		char name[DOMAIN_MAX + 1];
		size_t messages;
		int64_t last; /* Unix seconds: the last attempt */
	} items[LOSSES_MOST]; /* the most messages first */
};

struct losses *losses_start(struct err *e); /* NULL with *e set */
void losses_stop(struct losses *l); /* NULL is harmless */

/*
 * Look into the store at "url" ("": there is none) for what did not come back
 * within "window_s"; unless it is being looked at, or "pause_ms" have not
 * passed since it was last ("mono_ms" is now) and neither of these changed.
 */
struct losses_order {
	const char *url;
	int64_t window_s;
	int64_t pause_ms;
};
void losses_ask(
    struct losses *l, const struct losses_order *order, int64_t mono_ms);
/* After a reload: the next losses_ask() looks. */
void losses_again(struct losses *l);

void losses_get(struct losses *l, struct losses_view *view_r);

#endif
