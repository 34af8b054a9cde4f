#ifndef QUEUEWATCH_TOP_H
#define QUEUEWATCH_TOP_H

#include <stdbool.h>

struct config;
struct err;

/*
 * "queuewatch top": who and what fills the queue, recipients in all queues
 * counted by destination, sender, recipient, reason, login (sasl), client, size
 * or instance.  Login and client are looked up in the log.
 */
struct top_args {
	const char *by; /* a word */
	const char *instance; /* this one alone; NULL: all of the host's */
	bool once; /* else again and again, until it is interrupted */
	bool json;
};

/* Returns 0, or -1 with *e set. */
int top(const struct config *c, const struct top_args *args, struct err *e);

#endif
