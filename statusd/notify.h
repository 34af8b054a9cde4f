#ifndef STATUSD_NOTIFY_H
#define STATUSD_NOTIFY_H

#include "lib/level.h"
#include "statusd/store.h"

#include <stdbool.h>

struct config;
struct err;
struct outbox;

/*
 * From the notices in the store to the outbox, for every alert that is to hear
 * of them.
 */

/* Make the outbox know the targets of the configuration. */
int notify_configure(struct outbox *o, const struct config *c, struct err *e);

/*
 * Hand over what waits.  A notice is taken from the store only after the
 * outbox has it, and the outbox tells messages apart by their key, so none is
 * lost or sent twice, over kill -9 as well.  Returns 0 or -1.
 */
int notify_deliver(
    struct store *s, struct outbox *o, const struct config *c, struct err *e);

/*
 * Whether an alert hears of a fault that is now at "level": one at or above
 * its own level, and every further message of a fault it was told of.  Pure.
 */
bool notify_wants(enum level alert, enum level level, bool told);

#endif
