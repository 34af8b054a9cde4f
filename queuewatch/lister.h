#ifndef QUEUEWATCH_LISTER_H
#define QUEUEWATCH_LISTER_H

#include "queuewatch/facts.h"
#include "queuewatch/keeper.h"
#include "queuewatch/scan.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The scanner as seen from the main process: asks for a pass, takes the
 * result, has a new scanner started when the last one died, does not come back
 * from a pass, or met a fault; and now and then, because it knows nothing of
 * what was mounted since.
 */
struct lister {
	const struct keeper *keeper;
	char path[FACTS_PATH]; /* the queue directory; "": none */
	int fd; /* to the scanner; -1: none */
	bool asked; /* a pass is under way */
	bool deep; /* it is, or was, a deep one */
	bool passed; /* a pass ended since start; "result" is of the last */
	/* Monotonic. */
	int64_t started_ms, asked_ms, passed_ms, retry_ms, deep_ms;
	int64_t took_ms[2]; /* the last pass, and the last deep one */
	int hangs; /* in a row */
	int64_t interval_ms; /* of samples; lister_ask()'s caller sets it */
	int deaths;
	struct scan_result result;
	char fault[256]; /* why there is no scanner; "": there is */
};

/*
 * What a pass is to look for, by Postfix's own times; what arrived before
 * "since" was found on arrival.  Pure.
 */
struct scan_order lister_order(
    const struct facts *f, int64_t now, int64_t since);

void lister_init(struct lister *l, const struct keeper *k);
/* Another queue directory; "" ends the scanner. */
void lister_aim(struct lister *l, const char *queue_directory);

/*
 * Ask for a pass, unless one is under way.  Every "deep_every_ms", or less
 * often where that takes long, it looks at every inode.  The order's "deep" and
 * "gently" are set here.
 */
void lister_ask(struct lister *l, struct scan_order *order, int64_t mono_ms,
    int64_t deep_every_ms);
/* The next pass looks at every inode. */
void lister_deep(struct lister *l);

/*
 * So old may the last pass be: two intervals, or longer where passes take long.
 */
int64_t lister_late_ms(const struct lister *l);

/* Take what came, without waiting longer than wait_ms.  Is there a new pass? */
bool lister_take(struct lister *l, int wait_ms, int64_t mono_ms);
void lister_close(struct lister *l);

#endif
