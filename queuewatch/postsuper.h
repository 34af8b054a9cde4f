#ifndef QUEUEWATCH_POSTSUPER_H
#define QUEUEWATCH_POSTSUPER_H

#include <stddef.h>

struct err;
struct multi;

/* What postsuper(1) does with messages. */
enum postsuper_what {
	POSTSUPER_HOLD,
	POSTSUPER_RELEASE,
	POSTSUPER_DELETE,
	POSTSUPER_DELETE_HELD, /* those in the hold queue alone */
	POSTSUPER_REQUEUE,
};

/*
 * Do it with "messages", in portions through "postsuper -".  One stands on a
 * line: "QUEUE-ID" of the host's first Postfix instance, "QUEUE-ID INSTANCE" of
 * another; of instances that "m" does not know they are passed over with an
 * error at the end, unless it knows all there are.  After each portion,
 * "progress" (or NULL) hears how many of all are done.  What is not in the
 * queue any more is passed over.  Needs root's rights, or those of Postfix's
 * owner.  Returns 0, or -1 with *e set and the rest not done.
 */
int postsuper(const struct multi *m, enum postsuper_what what,
    const char *messages, void (*progress)(size_t done, size_t all, void *arg),
    void *arg, struct err *e);

#endif
