#include "queuewatch/asker.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGAIN_MS (5 * 60 * 1000)
#define AGAIN_FAILED_MS (30 * 1000)
#define STOP_MS 500

struct asker {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool stop, again;
	char dir[FACTS_PATH];
	bool known;
	struct facts facts[FACTS_INSTANCES];
	size_t n; /* of them; 0: none yet */
	char fault[256];
};

/* Not with the lock held. */
static void
ask(struct asker *a)
{
	char dir[FACTS_PATH];
	static struct facts facts[FACTS_INSTANCES]; /* this thread's */
	struct err e;
	int n;

	(void)pthread_mutex_lock(&a->lock);
	memcpy(dir, a->dir, sizeof(dir));
	a->again = false;
	(void)pthread_mutex_unlock(&a->lock);
	if (dir[0] == '\0')
		return;
	n = facts_read_all(dir, FACTS_TIMEOUT_MS, facts, &e);
	(void)pthread_mutex_lock(&a->lock);
	if (strcmp(dir, a->dir) != 0) {
		a->again = true;
	} else {
		if (n > 0) {
			memcpy(a->facts, facts, (size_t)n * sizeof(facts[0]));
			a->n = (size_t)n;
			a->known = true;
		}
		if (e.text[0] != '\0' &&
		    strncmp(a->fault, e.text, sizeof(a->fault) - 1) != 0)
			log_warn("%s", e.text);
		(void)snprintf(a->fault, sizeof(a->fault), "%.255s", e.text);
	}
	(void)pthread_mutex_unlock(&a->lock);
}

static void *
run(void *arg)
{
	struct asker *a = arg;
	struct timespec ts;
	int64_t until;
	bool stop;

	for (;;) {
		ask(a);
		(void)pthread_mutex_lock(&a->lock);
		until = clock_mono_ms() +
		    (a->fault[0] != '\0' ? AGAIN_FAILED_MS : AGAIN_MS);
		ts.tv_sec = until / 1000;
		ts.tv_nsec = until % 1000 * 1000000;
		while (!a->stop && !a->again && clock_mono_ms() < until)
			(void)pthread_cond_timedwait(&a->wake, &a->lock, &ts);
		stop = a->stop;
		(void)pthread_mutex_unlock(&a->lock);
		if (stop)
			return NULL;
	}
}

struct asker *
asker_start(const char *dir, struct err *e)
{
	struct asker *a = calloc(1, sizeof(*a));
	pthread_condattr_t attr;
	int rc;

	if (a == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&a->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&a->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)snprintf(a->dir, sizeof(a->dir), "%s", dir);
	rc = pthread_create(&a->thread, NULL, run, a);
	if (rc != 0) {
		(void)err_set(e, "start a thread: %s", strerror(rc));
		free(a);
		return NULL;
	}
	return a;
}

void
asker_stop(struct asker *a)
{
	int64_t until = clock_now_ms() + STOP_MS;
	struct timespec ts;

	if (a == NULL)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->stop = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
	ts = (struct timespec){ .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };
	if (pthread_timedjoin_np(a->thread, NULL, &ts) == 0)
		free(a);
	else /* a postconf that hangs: it ends with the process */
		(void)pthread_detach(a->thread);
}

void
asker_again(struct asker *a, const char *dir)
{
	(void)pthread_mutex_lock(&a->lock);
	if (strcmp(a->dir, dir) != 0) {
		a->known = false;
		a->n = 0;
		a->fault[0] = '\0';
		(void)snprintf(a->dir, sizeof(a->dir), "%s", dir);
	}
	a->again = true;
	(void)pthread_cond_signal(&a->wake);
	(void)pthread_mutex_unlock(&a->lock);
}

bool
asker_get(struct asker *a, struct facts *facts_r, char *fault, size_t size)
{
	bool known;

	(void)pthread_mutex_lock(&a->lock);
	known = a->known;
	if (known)
		*facts_r = a->facts[0];
	(void)snprintf(fault, size, "%s", a->fault);
	(void)pthread_mutex_unlock(&a->lock);
	return known;
}

size_t
asker_others(struct asker *a, struct facts others_r[FACTS_INSTANCES])
{
	size_t n;

	(void)pthread_mutex_lock(&a->lock);
	n = a->n > 0 ? a->n - 1 : 0;
	memcpy(others_r, a->facts + 1, n * sizeof(others_r[0]));
	(void)pthread_mutex_unlock(&a->lock);
	return n;
}
