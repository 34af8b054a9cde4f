#include "milter/reload.h"

#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/err.h"
#include "lib/grey/store.h"
#include "lib/log.h"
#include "milter/live.h"
#include "milter/session.h"

#include <pthread.h>
#include <time.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct milter *milter;
	const struct live_source *from;
	bool first, running, again, ended;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER };

static void
read_once(bool first)
{
	struct grey_store_options o;
	struct err e = { { 0 } };
	struct live *live = live_read(state.from, &e);

	if (live == NULL) {
		log_error(
		    "not reloaded, the old configuration stands: %s", e.text);
		return;
	}
	live_add_networks(live);
	(void)pthread_mutex_lock(&state.lock);
	if (!state.ended) {
		o = live_store_options(&live->config);
		grey_store_configure(state.milter->store, &o);
		if (!first)
			proof_configure(&state.milter->proof, &live->config);
		live_put(&state.milter->live, live);
		live = NULL;
	}
	(void)pthread_mutex_unlock(&state.lock);
	live_release(live);
	if (!first)
		log_info("reloaded %s", state.from->file);
}

static void *
run(void *arg)
{
	bool first = state.first, more;

	(void)arg;
	do {
		read_once(first);
		if (!first)
			daemon_notify("READY=1");
		first = false;
		(void)pthread_mutex_lock(&state.lock);
		more = state.again && !state.ended;
		state.again = false;
		state.running = more;
		(void)pthread_cond_broadcast(&state.changed);
		(void)pthread_mutex_unlock(&state.lock);
	} while (more);
	return NULL;
}

void
reload_start(struct milter *m, const struct live_source *from, bool first)
{
	pthread_t thread;
	bool start;

	if (!first)
		daemon_notify("RELOADING=1");
	(void)pthread_mutex_lock(&state.lock);
	start = !state.running;
	if (start) {
		state.milter = m;
		state.from = from;
		state.first = first;
		state.running = true;
		if (pthread_create(&thread, NULL, run, NULL) != 0) {
			state.running = false;
			log_error("not reloaded: no thread");
		} else {
			(void)pthread_detach(thread);
		}
	} else {
		state.again = true;
	}
	(void)pthread_mutex_unlock(&state.lock);
}

void
reload_wait(int ms)
{
	int64_t ns = clock_mono_ns() + ms * INT64_C(1000000);
	struct timespec until = { .tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000 };

	(void)pthread_mutex_lock(&state.lock);
	while (state.running &&
	    pthread_cond_clockwait(
	        &state.changed, &state.lock, CLOCK_MONOTONIC, &until) == 0)
		;
	(void)pthread_mutex_unlock(&state.lock);
}

void
reload_end(void)
{
	(void)pthread_mutex_lock(&state.lock);
	state.ended = true;
	(void)pthread_mutex_unlock(&state.lock);
}
