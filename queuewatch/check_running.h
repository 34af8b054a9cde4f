#ifndef QUEUEWATCH_CHECK_RUNNING_H
#define QUEUEWATCH_CHECK_RUNNING_H

#include "queuewatch/check_queue.h"

#include <stddef.h>

/*
 * Whether Postfix runs: its master holds pid/master.pid locked as long as it
 * lives, and the kernel lists who holds what (/proc/locks).  Where nobody is
 * seen to hold it, the showq socket has the last word: a master may be hidden
 * in another process namespace.
 */

/* Pure.  Whether a line of /proc/locks tells of a lock on this file. */
bool running_holds(const char *line, const struct scan_lock *lock);

/*
 * The finding "service" with the subject "postfix", or the instance's name.
 * None where there is no such file (Postfix has never run here), none of an
 * instance that is switched off, and none where a service section has that
 * name.
 */
void running_check(struct findings *fs, const struct queue_view *v,
    const struct facts *facts, const struct scan_lock *lock);

#endif
