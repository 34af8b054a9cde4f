#include "queuewatch/looker.h"

#include "lib/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES ((size_t)128 * 1024)

struct looker {
	pthread_mutex_t lock;
	pthread_cond_t wake, came;
	char path[FACTS_PATH];
	bool asked, fresh, stopped;
	int64_t asked_ms;
	struct disk_sample sample;
};

static void
drop(struct looker *l)
{
	(void)pthread_mutex_destroy(&l->lock);
	(void)pthread_cond_destroy(&l->wake);
	(void)pthread_cond_destroy(&l->came);
	free(l);
}

/* The thread owns the looker once it has been stopped. */
static void *
look(void *arg)
{
	struct looker *l = arg;
	struct disk_sample s;

	(void)pthread_mutex_lock(&l->lock);
	for (;;) {
		while (!l->asked && !l->stopped)
			(void)pthread_cond_wait(&l->wake, &l->lock);
		if (l->stopped)
			break;
		(void)pthread_mutex_unlock(&l->lock);
		disk_sample(l->path, &s);
		(void)pthread_mutex_lock(&l->lock);
		l->sample = s;
		l->fresh = true;
		l->asked = false;
		(void)pthread_cond_signal(&l->came);
	}
	(void)pthread_mutex_unlock(&l->lock);
	drop(l);
	return NULL;
}

struct looker *
looker_start(const char *path)
{
	struct looker *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;
	pthread_attr_t thread_attr;
	pthread_t thread;
	int rc;

	if (l == NULL)
		return NULL;
	(void)snprintf(l->path, sizeof(l->path), "%s", path);
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&l->wake, &attr);
	(void)pthread_cond_init(&l->came, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_attr_init(&thread_attr);
	(void)pthread_attr_setdetachstate(
	    &thread_attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&thread_attr, STACK_BYTES);
	rc = pthread_create(&thread, &thread_attr, look, l);
	(void)pthread_attr_destroy(&thread_attr);
	if (rc != 0) {
		drop(l);
		return NULL;
	}
	return l;
}

void
looker_stop(struct looker *l)
{
	if (l == NULL)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->stopped = true;
	(void)pthread_cond_signal(&l->wake);
	(void)pthread_mutex_unlock(&l->lock);
}

void
looker_ask(struct looker *l, int64_t mono_ms)
{
	(void)pthread_mutex_lock(&l->lock);
	if (!l->asked) {
		l->asked = true;
		l->asked_ms = mono_ms;
		(void)pthread_cond_signal(&l->wake);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

int
looker_take(struct looker *l, int64_t until_ms, struct disk_sample *s_r)
{
	const struct timespec until = { .tv_sec = until_ms / 1000,
		.tv_nsec = until_ms % 1000 * 1000000 };
	int came;

	(void)pthread_mutex_lock(&l->lock);
	while (!l->fresh && l->asked && clock_mono_ms() < until_ms)
		(void)pthread_cond_timedwait(&l->came, &l->lock, &until);
	came = l->fresh;
	if (came)
		*s_r = l->sample;
	l->fresh = false;
	(void)pthread_mutex_unlock(&l->lock);
	return came;
}

int64_t
looker_hangs_ms(struct looker *l, int64_t mono_ms)
{
	int64_t ms;

	(void)pthread_mutex_lock(&l->lock);
	ms = l->asked && mono_ms > l->asked_ms ? mono_ms - l->asked_ms : 0;
	(void)pthread_mutex_unlock(&l->lock);
	return ms;
}
