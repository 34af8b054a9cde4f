#ifndef QUEUEWATCH_LOOKER_H
#define QUEUEWATCH_LOOKER_H

#include "queuewatch/disk.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Looks at one file system, in a thread of its own: one that hangs (a server
 * that is away) delays nothing else.
 */
struct looker;

/* NULL without memory or thread. */
struct looker *looker_start(const char *path);
/* Never waits: a thread that hangs ends when its call does. */
void looker_stop(struct looker *l);

/* Look now, unless a look is under way. */
void looker_ask(struct looker *l, int64_t mono_ms);
/*
 * The newest sample: 1; 0 where none came since the last call.  Waits no longer
 * than until "until_ms" (monotonic).
 */
int looker_take(struct looker *l, int64_t until_ms, struct disk_sample *s_r);
/* For how long the look has been under way; 0: none is. */
int64_t looker_hangs_ms(struct looker *l, int64_t mono_ms);

#endif
