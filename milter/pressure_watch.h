#ifndef MILTER_PRESSURE_WATCH_H
#define MILTER_PRESSURE_WATCH_H

#include "lib/pressure.h"
#include "milter/live.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct err;

/*
 * Follows the pressure file of the configuration in force: a thread reads it
 * once a second.  It expires by itself.
 */
struct pressure_watch {
	_Atomic(int) level; /* enum pressure_level */
	struct live_slot *slot;
	atomic_bool stop;
	pthread_t thread;
	bool started;
};

/* Returns 0, or -1 with *e set; "slot" must live on. */
int pressure_watch_start(
    struct pressure_watch *p, struct live_slot *slot, struct err *e);
/* Returns at once: the thread ends with the process or within a second. */
void pressure_watch_end(struct pressure_watch *p);

enum pressure_level pressure_watch_level(const struct pressure_watch *p);

#endif
