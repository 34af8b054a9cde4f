#ifndef QUEUEWATCH_SHOWQ_H
#define QUEUEWATCH_SHOWQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Postfix's queue, message by message, from the showq service (what mailq and
 * postqueue read; Postfix 3.4 and later).  The list is a stream of records:
 *
 *	name NUL value NUL ... name NUL value NUL NUL
 *
 * of which the first may name the protocol (3.6 and later), each other one is a
 * message, and the last is empty.  In a message "recipient" begins another
 * recipient, whose "reason" may follow.  Names that are not known are passed
 * over.  Nothing is kept but the message under way.
 */
#define SHOWQ_NAME 64
#define SHOWQ_VALUE 2048 /* a longer value is cut */

/* One recipient of a message.  Foreign text: sender, recipient, reason. */
struct showq_entry {
	char queue[SHOWQ_NAME];
	char id[128];
	int64_t arrived; /* Unix seconds */
	int64_t size; /* bytes */
	char sender[SHOWQ_VALUE];
	char recipient[SHOWQ_VALUE];
	char reason[SHOWQ_VALUE]; /* why it was deferred; "" */
};

typedef void showq_each(const struct showq_entry *entry, void *arg);

struct showq_parser {
	showq_each *each;
	void *arg;
	struct showq_entry entry;
	bool has_recipient; /* one that was not told yet */
	bool in_value;
	bool empty; /* no attribute yet in this record */
	bool ended; /* the empty record came */
	char name[SHOWQ_NAME], value[SHOWQ_VALUE];
	size_t n; /* of the name or value under way */
};

/* Pure.  Feed what was read; "each" is called for every recipient. */
void showq_begin(struct showq_parser *p, showq_each *each, void *arg);
void showq_feed(struct showq_parser *p, const char *bytes, size_t n);

/*
 * Read the whole list of the Postfix with this queue directory, within
 * "timeout_ms".  Returns 0, or -1 with *e set: nobody answers, no right, or the
 * list was cut off.
 */
int showq_read(const char *queue_directory, int timeout_ms, showq_each *each,
    void *arg, struct err *e);

/*
 * The same by showq, or where that does not answer by "postqueue -j" (which
 * holds the list in memory).  Returns 0, or -1 with *e set.
 */
struct facts;
int showq_list(const struct facts *facts, int timeout_ms, showq_each *each,
    void *arg, struct err *e);

/* Pure: feed postqueue's line for one message.  Whether it was understood. */
bool showq_json(const char *line, size_t n, showq_each *each, void *arg);

#endif
