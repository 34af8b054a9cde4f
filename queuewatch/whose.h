#ifndef QUEUEWATCH_WHOSE_H
#define QUEUEWATCH_WHOSE_H

#include <stdint.h>

/*
 * By hand: who sent the messages of the queue, client and login, looked up in
 * the mail log and in what was rotated away of it.  Memory grows with the
 * queue (48 bytes a message).
 */
struct whose;

struct whose_entry {
	uint64_t id; /* of the queue id */
	int64_t count; /* how often it was wanted: recipients */
	const char *client, *sasl; /* NULL: not known, none */
	int file; /* whose.c's own: in which it was found */
};

struct whose *whose_new(void); /* NULL without memory */
void whose_free(struct whose *w); /* NULL is harmless */
/* Nothing is wanted any more; names that are known stay in memory. */
void whose_reset(struct whose *w);

void whose_want(struct whose *w, const char *queue_id);
/*
 * Look in the log: a path, "journal", or "" for none.  Newest first, until all
 * are found; "mail_owner" is Postfix's.  Returns how many files were read.
 */
int whose_read(struct whose *w, const char *log, const char *mail_owner);
/* What is known of it, or NULL where it was not wanted. */
const struct whose_entry *whose_of(struct whose *w, const char *queue_id);
void whose_each(struct whose *w,
    void (*each)(const struct whose_entry *entry, void *arg), void *arg);

#endif
