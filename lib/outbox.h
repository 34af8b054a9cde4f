#ifndef LIB_OUTBOX_H
#define LIB_OUTBOX_H

#include "lib/alert.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * A durable queue of messages to the operator.  Every target has a thread of
 * its own, so a slow one holds up nobody else; within a target the messages of
 * one thread (alert_message.thread) go out in order.
 *
 * A message is told from another by (target, dedup_key), also over restarts.
 * It is noted in the file as "under way" after the connection stands and before
 * its first byte leaves; refused or unanswered it is tried again: 1, 2, 4 ...
 * 60 s, for the first ten minutes no longer, then up to 15 min, for three days.
 * One that was under way when the program was killed may have arrived: it
 * is not sent again, but counted and logged as "uncertain".
 *
 * Where the file cannot be written (full disk), messages are still sent, from
 * memory, and what became of them is written later; outbox_counts says so.
 */
struct outbox;

/*
 * Open (or make) the SQLite file "path"; a file that is damaged is set aside as
 * PATH.damaged.  With a file that cannot be used at all the outbox works from
 * memory; *e then holds the reason and outbox_counts().store_fault is set.
 * NULL only without memory.
 */
struct outbox *outbox_open(const char *path, struct err *e);

/*
 * The targets, copied; may be called again (reload).  What waits for a target
 * that is no longer named is dropped.  Returns 0 or -1.
 */
int outbox_targets(struct outbox *o, const struct alert_target *targets,
    size_t n, struct err *e);

/* Start sending; call after fork and after signals are blocked. */
int outbox_start(struct outbox *o, struct err *e);
/*
 * Stop sending (within about a second; what is under way is given up to
 * "grace_ms" to be finished), and close.  What waits is kept in the file.
 */
void outbox_close(struct outbox *o, int grace_ms);

/*
 * Queue a message for the target of that name.  Returns 1 when it is queued,
 * 0 when it was queued (or sent) before, -1 with *e set: no such target, or the
 * queue is full and everything in it is as important.  Any thread.
 */
int outbox_add(struct outbox *o, const char *target,
    const struct alert_message *m, struct err *e);

struct outbox_counts {
	int64_t waiting; /* now */
	int64_t oldest_s; /* age of the oldest that waits; 0: none */
	int64_t sent, failed_tries, dropped, uncertain; /* since start */
	bool store_fault; /* the file could not be written last time */
	char store_error[256];
};
/* "target" NULL: all together.  Any thread. */
void outbox_counts(
    struct outbox *o, const char *target, struct outbox_counts *counts_r);

#endif
