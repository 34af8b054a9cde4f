#ifndef QUEUEWATCH_HELD_H
#define QUEUEWATCH_HELD_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/*
 * What was put on hold by hand, so that it can be taken back, and what of it is
 * to be deleted, and when.  A file of lines, newest last:
 *
 *	BATCH AT DUE QUEUE-ID [INSTANCE]
 *
 * INSTANCE is the Postfix instance's name, where it is not the host's first;
 * the two are how a message is named here and by postsuper().  AT and DUE are
 *Unix seconds; DUE is 0 for what is only held.  It belongs to who may delete
 *mail (root); another's file counts for nothing.
 */
#define HELD_MOST (64 * 1024 * 1024) /* bytes of the file */
#define HELD_KEEP_S (30 * 86400) /* the undo list goes back so far */

struct held_entry {
	int64_t batch, at, due;
	const char *id; /* with the instance: n bytes of the text */
	size_t n;
};

/* Pure: the next entry of the text, moving *p; 0 at its end. */
int held_next(const char **p, struct held_entry *entry_r);

/*
 * Add a batch of messages (one a line).  Entries older than
 * HELD_KEEP_S that are not due any more go.  Returns 0, or -1 with *e set.
 */
int held_add(
    const char *path, const char *ids, int64_t now, int64_t due, struct err *e);

/* Take these messages (one a line) out of the list, where they are in it. */
int held_forget(const char *path, const char *ids, struct err *e);

/* The messages of the newest batch into "ids", one a line; it is taken out
 * of the list.  Returns 1, 0 where there is none, -1 with *e set. */
int held_undo(const char *path, struct buf *ids, struct err *e);

/* The same for all whose time has come, up to "most" of them. */
int held_due(
    const char *path, int64_t now, size_t most, struct buf *ids, struct err *e);

/*
 * Delete from the hold queue what is due, in portions, by postsuper; of every
 * instance that the one of "postfix_config" knows.
 */
int held_delete_due(
    const char *path, const char *postfix_config, int64_t now, struct err *e);

#endif
