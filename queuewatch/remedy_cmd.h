#ifndef QUEUEWATCH_REMEDY_CMD_H
#define QUEUEWATCH_REMEDY_CMD_H

#include <stdbool.h>

struct config;
struct err;

/* What is prepared and built in, and whether it can be ordered. */
int remedy_list(const struct config *c, struct err *e);

/*
 * Carry it out now, by hand, with its output.  Returns 0, or -1 with *e set
 * where it failed.
 */
int remedy_run(const struct config *c, const char *name, struct err *e);

/*
 * Make a secret for it, write it into the secret file, and print what the
 * operator's phone and drawer need.  "again" replaces one that is there.
 */
int remedy_enrol(
    const struct config *c, const char *name, bool again, struct err *e);

#endif
