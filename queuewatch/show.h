#ifndef QUEUEWATCH_SHOW_H
#define QUEUEWATCH_SHOW_H

#include <stdbool.h>

struct config;
struct err;
struct report;

/*
 * "queuewatch show": what the daemon found last, from its state file, beside
 * the daemon or without it.  Returns 0, or -1 with *e set.
 */
int show(const struct config *c, bool json, struct err *e);

/* The daemon's last report; report_free() it.  Returns 0, or -1 with *e set. */
int show_read(const struct config *c, struct report *r, struct err *e);

#endif
