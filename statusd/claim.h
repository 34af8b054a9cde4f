#ifndef STATUSD_CLAIM_H
#define STATUSD_CLAIM_H

#include <stdint.h>

struct buf;
struct err;
struct store;

/*
 * Hold what the operator has just published against the evidence: where title
 * or body say that the thread is over (in words of the page's language) while
 * something of its systems stands, every alert is told.  "standing" gets what
 * stands, one a line; empty: nothing.  Within a transaction.  0 or -1.
 */
struct claim {
	int64_t thread;
	const char *title, *body;
	int64_t now;
};
int claim_check(struct store *s, const struct claim *c, struct buf *standing,
    struct err *e);

#endif
