#ifndef QUEUEWATCH_SHOW_H
#define QUEUEWATCH_SHOW_H

#include <stdbool.h>

struct config;
struct err;

/*
 * "queuewatch show": what the daemon found last, from its state file, beside
 * the daemon or without it.  Returns 0, or -1 with *e set.
 */
int show(const struct config *c, bool json, struct err *e);

#endif
