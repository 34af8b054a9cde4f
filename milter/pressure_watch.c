#include "milter/pressure_watch.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#include <time.h>

static void
look(struct pressure_watch *p)
{
	struct live *live = live_take(p->slot);
	const char *file = live->config.pressure.file;
	enum pressure_level now = PRESSURE_OK, before;

	if (*file != '\0')
		now = pressure_read(file, clock_now());
	before = (enum pressure_level)atomic_exchange(&p->level, (int)now);
	if (now != before)
		log_info("pressure: %s, was %s", pressure_words[now],
		    pressure_words[before]);
	live_release(live);
}

static void *
run(void *arg)
{
	struct timespec second = { .tv_sec = 1 };
	struct pressure_watch *p = arg;

	while (!atomic_load(&p->stop)) {
		look(p);
		(void)nanosleep(&second, NULL);
	}
	return NULL;
}

int
pressure_watch_start(
    struct pressure_watch *p, struct live_slot *slot, struct err *e)
{
	p->slot = slot;
	look(p);
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		return err_set(e, "no thread for the pressure file");
	(void)pthread_detach(p->thread);
	p->started = true;
	return 0;
}

void
pressure_watch_end(struct pressure_watch *p)
{
	atomic_store(&p->stop, true);
}

enum pressure_level
pressure_watch_level(const struct pressure_watch *p)
{
	return (enum pressure_level)atomic_load_explicit(
	    &p->level, memory_order_relaxed);
}
