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
 * Ask once now, for at most "first_ms", then start the thread.  "dir" is
 * copied; "" is a host without Postfix.
 */
struct asker *asker_start(const char *dir, int first_ms, struct err *e);
void asker_stop(struct asker *a);
/* Ask again soon, of this folder. */
void asker_again(struct asker *a, const char *dir);

/*
 * Whether facts are known, copied to *facts_r.  "fault" (of "size" bytes) is
 * why they are not, or are no longer fresh; "" where all is well.
 */
bool asker_get(
    struct asker *a, struct facts *facts_r, char *fault, size_t size);

#endif
