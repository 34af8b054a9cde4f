#ifndef QUEUEWATCH_ASKER_H
#define QUEUEWATCH_ASKER_H

#include "queuewatch/facts.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Keeps Postfix's facts fresh in a thread of its own, so that a postconf that
 * hangs delays nothing: every 5 minutes, every 30 s while they cannot be had.
 * What was known stays known.
 */
struct asker;

/*
 * Start the thread, which asks at once (postconf takes 2 s where main.cf has
 * just been written).  "dir" is copied; "" is a host without Postfix.
 */
struct asker *asker_start(const char *dir, struct err *e);
void asker_stop(struct asker *a);
/* Ask again soon, of this folder. */
void asker_again(struct asker *a, const char *dir);

/*
 * Whether facts are known, copied to *facts_r.  "fault" (of "size" bytes) is
 * why they are not, or are no longer fresh; "" where all is well or nothing has
 * been answered yet.
 */
bool asker_get(
    struct asker *a, struct facts *facts_r, char *fault, size_t size);

/* The host's other instances, as last known: how many. */
size_t asker_others(struct asker *a, struct facts others_r[FACTS_INSTANCES]);

#endif
