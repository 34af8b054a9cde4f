#ifndef QUEUEWATCH_ACT_H
#define QUEUEWATCH_ACT_H

#include "queuewatch/pick.h"

#include <stdbool.h>

struct config;
struct err;

/*
 * "queuewatch hold|release|delete|requeue": shows which messages of the queue
 * are meant and how many; with "yes" it does it.  "delete" puts them on hold,
 * from where they are deleted after ACT_KEEP_S, unless "now".
 */
#define ACT_KEEP_S (7 * 86400)

enum act_what { ACT_HOLD, ACT_RELEASE, ACT_DELETE, ACT_REQUEUE };

struct act_args {
	enum act_what what;
	struct pick pick;
	bool yes, now, json;
	const char *instance; /* this one alone; NULL: all of the host's */
	bool undo; /* release what the last hold or delete has held */
};

/* Read the words, the verb first.  Returns 0, or -1 with *e set. */
int act_args(int argc, char **argv, struct act_args *args_r, struct err *e);

/* Returns 0, or -1 with *e set. */
int act(const struct config *c, const struct act_args *args, struct err *e);

#endif
