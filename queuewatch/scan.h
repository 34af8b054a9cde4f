#ifndef QUEUEWATCH_SCAN_H
#define QUEUEWATCH_SCAN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One pass over the Postfix spool: how many messages wait in each queue, and
 * since when.  Directories are listed, files at most asked for their inode's
 * facts; no queue file is ever opened.
 *
 * What moves while the pass goes on can be seen once, twice or not at all, so
 * a count is wrong by no more than what moved; a message seen in "active" (or
 * before) and again in "deferred" counts for the place where it was seen last.
 */
enum scan_queue {
	SCAN_MAILDROP,
	SCAN_INCOMING,
	SCAN_ACTIVE,
	SCAN_DEFERRED,
	SCAN_HOLD,
	SCAN_QUEUES,
};
extern const char *const scan_queue_names[]; /* ended by NULL */

/* Ages: below 5, 10, 20, 40, 80 ... 1280 min, and what is older (qshape's). */
#define SCAN_AGES 10
extern const int64_t scan_age_limits_s[SCAN_AGES - 1];

/* Beyond this many files of a queue, inodes are asked only in a deep pass. */
#define SCAN_SHALLOW_ABOVE 2000

/* What to do; fixed size, sent over a socket. */
struct scan_order {
	int64_t now; /* Unix seconds */
	/* What arrived before is left out of "since" figures; 0: nothing is. */
	int64_t since;
	int64_t overdue_s; /* a next attempt so far in the past is overdue */
	int64_t future_s; /* and so far in the future is a fault */
	bool deep; /* ask for every inode */
	bool gently; /* pause now and then: the first pass */
};

struct scan_count {
	int fault; /* errno of the first failure; the rest then says nothing */
	bool deep; /* every inode was asked */
	int64_t messages; /* ready ones */
	int64_t unready; /* being written, or left so */
	int64_t oldest; /* arrival of the oldest, Unix seconds; 0: none */
	/*
	 * Of what arrived since: the oldest that has not been tried or is
	 * overdue; in "active" when the one that is there longest came there.
	 */
	int64_t oldest_waiting;
	int64_t ages[SCAN_AGES]; /* messages by age */
	/* Deep passes alone, else kept from the last one: */
	int64_t future; /* incoming, deferred: mtime too far in the future */
	int64_t overdue; /* deferred: next attempt long past */
};

/* The file that Postfix's master holds locked while it runs. */
struct scan_lock {
	bool is_there;
	uint32_t device_major, device_minor;
	uint64_t inode;
};

struct scan_result {
	int64_t at; /* the order's now */
	int64_t took_us;
	struct scan_lock lock;
	int64_t moved; /* seen twice in this pass */
	struct scan_count queue[SCAN_QUEUES];
};

/*
 * Make the pass over "root", an open descriptor of the queue directory.  Where
 * a figure needs what this pass did not ask, it is taken from "last" (of the
 * pass before; zeroed at first).  A queue that cannot be listed gets its
 * errno in "fault"; the others are counted.
 */
void scan_run(int root, const struct scan_order *order,
    const struct scan_result *last, struct scan_result *result_r);

#endif
