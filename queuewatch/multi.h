#ifndef QUEUEWATCH_MULTI_H
#define QUEUEWATCH_MULTI_H

#include "queuewatch/facts.h"
#include "queuewatch/maillog.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct whose;

/*
 * All Postfix instances of a host (postmulti), for what is done by hand or by
 * order.  The host's first is called "postfix", the others by their names.
 */
struct multi {
	struct facts items[FACTS_INSTANCES];
	size_t n;
	struct maillog_names names; /* of all, whichever is chosen */
	bool all; /* none is left out because it does not answer */
};

#define MULTI_FIRST "postfix"

/*
 * Ask the instances that the one of "dir" knows of; NULL with *e set where that
 * does not answer.  Of others that do not answer *e tells (else its text is
 * "").  Free it with multi_free().
 */
struct multi *multi_read(const char *dir, struct err *e);
void multi_free(struct multi *m); /* NULL is harmless */

/* Keep the one of this name alone.  Returns 0, or -1 with *e set. */
int multi_choose(struct multi *m, const char *name, struct err *e);

const char *multi_name(const struct facts *f);
/* The key that its queue ids go by in the log. */
uint64_t multi_key(const struct facts *f);
/* How they are called in the log. */
void multi_names(
    const struct facts *const *facts, size_t n, struct maillog_names *names_r);

/*
 * Look up in the log ("maillog" as configured) who sent what is wanted.
 * Returns how many files were read.
 */
int multi_whose(const struct multi *m, const char *maillog, struct whose *w);

#endif
