#ifndef QUEUEWATCH_CAUSE_H
#define QUEUEWATCH_CAUSE_H

#include "queuewatch/template.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct showq_entry;

/*
 * What a queue is made of: recipients counted by destination, sender, folded
 * reason, login, client, ...  Pure.
 *
 * A tally holds so many names as it was made for; when it is full those seen
 * least are let go (lossy counting), so the large ones are right whatever
 * comes.
 */
#define TALLY_KEYS 65536 /* for who asks by hand */
#define TALLY_FEW 1024 /* for the daemon */
#define TALLY_NAME 320

struct tally;

struct tally_row {
	char name[TALLY_NAME];
	int64_t count;
	double share; /* of all that was added, 0 to 1 */
	char reason[TEMPLATE_SIZE]; /* the one most of them have, or "" */
};

/* "keys" is a power of two, at least 4.  NULL without memory. */
struct tally *tally_new(size_t keys);
void tally_free(struct tally *t);
void tally_reset(struct tally *t);
/* "reason" is a template, or "". */
void tally_add(struct tally *t, const char *name, const char *reason);
/* The same "n" times, without a reason. */
void tally_add_many(struct tally *t, const char *name, int64_t n);
int64_t tally_total(const struct tally *t);
/* The largest first, equal ones by name; returns how many, up to "most". */
size_t tally_top(const struct tally *t, struct tally_row *rows, size_t most);

enum cause_by {
	CAUSE_DESTINATION,
	CAUSE_SENDER,
	CAUSE_RECIPIENT,
	CAUSE_REASON,
	CAUSE_SASL, /* the login; the log tells */
	CAUSE_CLIENT, /* the log tells */
	CAUSE_SIZE,
	CAUSE_FILTER, /* mail waits before it */
	CAUSE_KINDS,
};
extern const char *const cause_words[]; /* ended by NULL */

/*
 * What "by" says of this recipient, into "out": a domain in lower case for a
 * destination; "(none)" for an empty reason, "<>" for an empty sender.
 * Login and client are not in the queue's list: "(unknown)".
 */
void cause_name(
    const struct showq_entry *m, enum cause_by by, char out[TALLY_NAME]);
#define CAUSE_UNKNOWN "(unknown)"
#define CAUSE_NONE "(none)"

/* A growth's causes: which names explain how much of it. */
#define CAUSES_MOST 8
struct cause {
	enum cause_by by;
	struct tally_row row;
};
struct causes {
	size_t n;
	struct cause items[CAUSES_MOST];
};

/*
 * The largest shares of the tallies (any may be NULL), largest first.  Of
 * equal ones that first which is said to explain more: destination, login,
 * reason, sender, client.
 */
void causes_of(struct tally *const tallies[CAUSE_KINDS], struct causes *c_r);

/* One more, into its place. */
void causes_add(struct causes *c, enum cause_by by, const char *name,
    double share, const char *reason);

/* As in a report: [{"by","name","share","reason"}, ...]. */
json_t *causes_json(const struct causes *c);

#endif
