#ifndef QUEUEWATCH_PICK_H
#define QUEUEWATCH_PICK_H

#include "queuewatch/showq.h"
#include "queuewatch/whose.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * Which messages of the queue are meant: all conditions that are given must
 * hold for one recipient of the message.  Pure.
 */
struct pick {
	/* An address, or a domain with all below it ("@domain" as well). */
	const char *sender, *recipient;
	const char *destination; /* a domain with all below it */
	const char *sasl; /* a login, whole */
	const char *client; /* "name[addr]", or either of them */
	const char *reason; /* a part of the reason, or of its template */
	int64_t age_s; /* at least so old; 0: any */
};

/*
 * Take "--sender X" and the like.  Returns 1 where the words are one of these,
 * 0 where they are not, -1 with *e set.
 */
int pick_option(
    struct pick *p, const char *option, const char *value, struct err *e);
bool pick_is_empty(const struct pick *p);
/* Whether it must be looked up who sent it. */
bool pick_needs_log(const struct pick *p);

/* "who" may be NULL: it is not known. */
bool pick_matches(const struct pick *p, const struct showq_entry *m,
    const struct whose_entry *who, int64_t now);

#endif
