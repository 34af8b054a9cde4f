#ifndef QUEUEWATCH_SENDER_H
#define QUEUEWATCH_SENDER_H

#include "lib/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct errand;

/*
 * Brings the reports to statusd: each is kept in a ring on disk, sent by a
 * thread of its own, singly and in order, and taken away when statusd has
 * accepted it.  Any thread may call these.  Nobody waits for the disk to flush
 * the ring: a power cut may take back what was kept last.  Where the disk
 * stands still a report leaves from memory, before those that wait on it.
 */
struct sender;

/*
 * Open the ring at "path" (made where it is missing, as large as the disk
 * allows); where that fails, reports are kept in memory, with a warning.
 * NULL with *e set only without memory.
 */
struct sender *sender_open(const char *path, struct err *e);

/*
 * Where reports are kept in memory and none waits: try again to have the ring
 * at "path".
 */
void sender_retry(struct sender *s, const char *path);

struct sender_target {
	const char *url; /* statusd's, without /api/v1/report; "": none */
	const char *token_file;
	int64_t interval_s;
};

/*
 * Where to, copied; again at a reload.  The token is read now, and again when
 * it is refused; one that cannot be read leaves the last.  With no url nothing
 * is kept.
 */
int sender_aim(
    struct sender *s, const struct sender_target *target, struct err *e);

/*
 * Start sending; call after fork and after signals are blocked.  The errand
 * touches the ring; it is stopped after sender_close().
 */
int sender_start(struct sender *s, struct errand *x, struct err *e);
/* Ends what is under way within about a second, and frees. */
void sender_close(struct sender *s);

/* Highest seq ever kept, also over restarts; 0: none. */
int64_t sender_last_seq(struct sender *s);
/*
 * Keep a report and send it in its turn.  Returns 0 when it is kept, 1 when the
 * disk has not taken it yet, -1 without memory.
 */
int sender_add(struct sender *s, int64_t seq, const char *text, size_t len);

struct sender_status {
	int64_t accepted_seq; /* the highest; 0: none */
	size_t waiting;
	int64_t dropped; /* unsent, since the ring was made */
	char fault[256]; /* why the last try failed; "": it did not */
	bool in_memory; /* some are, or would be: the disk does not take them */
};
void sender_status(struct sender *s, struct sender_status *status_r);

/*
 * Readable when there is something to learn: an answer, or a status that
 * changed.  sender_answer() takes the oldest answer: 1 and *a_r is to be freed
 * with report_answer_free(), *seq_r the report's it answers; or 0.
 */
int sender_event_fd(const struct sender *s);
int sender_answer(struct sender *s, struct report_answer *a_r, int64_t *seq_r);

#endif
