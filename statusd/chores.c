#include "statusd/chores.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "statusd/notify.h"
#include "statusd/rescue.h"
#include "statusd/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_MS 200

struct chores {
	pthread_mutex_t lock; /* guards store and config */
	struct store *store; /* NULL: suspended */
	const struct config *config;
	struct outbox *outbox;
	struct rescue rescue;
	struct log_limit limit;
	atomic_bool damaged;

	pthread_mutex_t stop_lock;
	pthread_cond_t stop_wake;
	bool stop;
	bool started;
	pthread_t thread;
};

struct chores *
chores_new(const struct config *c, struct outbox *o, struct err *e)
{
	struct chores *ch = calloc(1, sizeof(*ch));
	pthread_condattr_t attr;

	if (ch == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&ch->lock, NULL);
	(void)pthread_mutex_init(&ch->stop_lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&ch->stop_wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	ch->config = c;
	ch->outbox = o;
	if (chores_reopen(ch, e) == -1) {
		chores_stop(ch);
		return NULL;
	}
	return ch;
}

/* With the lock. */
static void
step(struct chores *ch)
{
	struct err e;

	if (ch->store == NULL)
		return;
	if (notify_deliver(ch->store, ch->outbox, ch->config, &e) == -1)
		log_warn_limited(
		    &ch->limit, clock_mono_ms(), 60, "alerts: %s", e.text);
	rescue_keep(&ch->rescue, ch->store, ch->config, clock_now());
	atomic_store(&ch->damaged, store_is_damaged(ch->store));
}

/* Whether it is over. */
static bool
rest(struct chores *ch)
{
	int64_t ns = clock_mono_ns() + LOOK_MS * INT64_C(1000000);
	struct timespec until = { .tv_sec = ns / 1000000000,
		.tv_nsec = ns % 1000000000 };
	bool stop;

	(void)pthread_mutex_lock(&ch->stop_lock);
	while (!ch->stop &&
	    pthread_cond_timedwait(&ch->stop_wake, &ch->stop_lock, &until) == 0)
		;
	stop = ch->stop;
	(void)pthread_mutex_unlock(&ch->stop_lock);
	return stop;
}

static void *
run(void *arg)
{
	struct chores *ch = arg;

	do {
		(void)pthread_mutex_lock(&ch->lock);
		step(ch);
		(void)pthread_mutex_unlock(&ch->lock);
	} while (!rest(ch));
	return NULL;
}

int
chores_start(struct chores *ch, struct err *e)
{
	int fault = pthread_create(&ch->thread, NULL, run, ch);

	if (fault != 0)
		return err_set(e, "start a thread: %s", strerror(fault));
	ch->started = true;
	return 0;
}

void
chores_stop(struct chores *ch)
{
	if (ch == NULL)
		return;
	(void)pthread_mutex_lock(&ch->stop_lock);
	ch->stop = true;
	(void)pthread_cond_signal(&ch->stop_wake);
	(void)pthread_mutex_unlock(&ch->stop_lock);
	if (ch->started)
		(void)pthread_join(ch->thread, NULL);
	store_close(ch->store);
	(void)pthread_cond_destroy(&ch->stop_wake);
	(void)pthread_mutex_destroy(&ch->stop_lock);
	(void)pthread_mutex_destroy(&ch->lock);
	free(ch);
}

void
chores_configure(struct chores *ch, const struct config *c)
{
	(void)pthread_mutex_lock(&ch->lock);
	ch->config = c;
	(void)pthread_mutex_unlock(&ch->lock);
}

void
chores_suspend(struct chores *ch)
{
	(void)pthread_mutex_lock(&ch->lock);
	store_close(ch->store);
	ch->store = NULL;
	atomic_store(&ch->damaged, false);
	(void)pthread_mutex_unlock(&ch->lock);
}

int
chores_reopen(struct chores *ch, struct err *e)
{
	struct store *s = store_open(ch->config, e);

	if (s == NULL)
		return -1;
	store_spare(s);
	(void)pthread_mutex_lock(&ch->lock);
	store_close(ch->store);
	ch->store = s;
	(void)pthread_mutex_unlock(&ch->lock);
	return 0;
}

bool
chores_met_damage(const struct chores *ch)
{
	return atomic_load(&ch->damaged);
}
