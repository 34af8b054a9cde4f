#ifndef QUEUEWATCH_WHOSE_H
#define QUEUEWATCH_WHOSE_H

#include <stdint.h>

struct maillog_names;

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

/* "instance" is maillog_instance()'s key, here and below. */
void whose_want(struct whose *w, uint64_t instance, const char *queue_id);
/*
 * Look in the log: a path, "journal", or "" for none.  Newest first, until all
 * are found; "mail_owner" is Postfix's, "names" those of its instances (NULL:
 * one).  Returns how many files were read.
 */
int whose_read(struct whose *w, const char *log, const char *mail_owner,
    const struct maillog_names *names);
/* What is known of it, or NULL where it was not wanted. */
const struct whose_entry *whose_of(
    struct whose *w, uint64_t instance, const char *queue_id);
void whose_each(struct whose *w,
    void (*each)(const struct whose_entry *entry, void *arg), void *arg);

#endif
