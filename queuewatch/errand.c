#include "queuewatch/errand.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct errand {
	pthread_mutex_t lock;
	pthread_cond_t wake, came;
	struct errand_job *first, **end;
	int64_t begun_ms; /* monotonic; of the job that runs; 0: none does */
	bool stop, ended, left;
};

static void
drop(struct errand *x)
{
	(void)pthread_mutex_destroy(&x->lock);
	(void)pthread_cond_destroy(&x->wake);
	(void)pthread_cond_destroy(&x->came);
	free(x);
}

/* With the lock held, which is let go meanwhile. */
static void
run_first(struct errand *x)
{
	struct errand_job *job = x->first;

	x->first = job->next;
	if (x->first == NULL)
		x->end = &x->first;
	x->begun_ms = clock_mono_ms();
	(void)pthread_mutex_unlock(&x->lock);
	job->run(job);
	(void)pthread_mutex_lock(&x->lock);
	if (job->left) {
		(void)pthread_mutex_unlock(&x->lock);
		job->drop(job);
		(void)pthread_mutex_lock(&x->lock);
	} else {
		job->over = true;
		(void)pthread_cond_broadcast(&x->came);
	}
	x->begun_ms = 0;
}

/* The thread frees what it was left with. */
static void *
run(void *arg)
{
	struct errand *x = arg;
	bool left;

	(void)pthread_mutex_lock(&x->lock);
	while (!x->stop || (x->first != NULL && !x->left)) {
		if (x->first != NULL)
			run_first(x);
		else
			(void)pthread_cond_wait(&x->wake, &x->lock);
	}
	x->ended = true;
	left = x->left;
	(void)pthread_cond_broadcast(&x->came);
	(void)pthread_mutex_unlock(&x->lock);
	if (left)
		drop(x);
	return NULL;
}

struct errand *
errand_start(struct err *e)
{
	struct errand *x = calloc(1, sizeof(*x));
	pthread_condattr_t attr;
	pthread_attr_t detached;
	pthread_t thread;
	int rc;

	if (x == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	x->end = &x->first;
	(void)pthread_mutex_init(&x->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&x->wake, &attr);
	(void)pthread_cond_init(&x->came, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)pthread_attr_init(&detached);
	(void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &detached, run, x);
	(void)pthread_attr_destroy(&detached);
	if (rc == 0)
		return x;
	(void)err_set(e, "start a thread: %s", strerror(rc));
	drop(x);
	return NULL;
}

/* With the lock held: until *over, or the time is. */
static void
await(struct errand *x, const bool *over, int wait_ms)
{
	int64_t until = clock_mono_ms() + wait_ms;
	const struct timespec ts = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };

	while (!*over && clock_mono_ms() < until)
		(void)pthread_cond_timedwait(&x->came, &x->lock, &ts);
}

bool
errand_stop(struct errand *x, int wait_ms)
{
	bool ended;

	if (x == NULL)
		return true;
	(void)pthread_mutex_lock(&x->lock);
	x->stop = true;
	(void)pthread_cond_signal(&x->wake);
	await(x, &x->ended, wait_ms);
	ended = x->ended;
	x->left = !ended;
	(void)pthread_mutex_unlock(&x->lock);
	if (ended)
		drop(x);
	return ended;
}

static int64_t
hangs_ms(const struct errand *x)
{
	return x->begun_ms != 0 ? clock_mono_ms() - x->begun_ms : 0;
}

enum errand_outcome
errand_do(struct errand *x, struct errand_job *job, int wait_ms)
{
	enum errand_outcome outcome;

	job->next = NULL;
	job->over = job->left = false;
	if (x == NULL) {
		job->run(job);
		return ERRAND_DONE;
	}
	(void)pthread_mutex_lock(&x->lock);
	if (hangs_ms(x) >= ERRAND_HANGS_MS) {
		(void)pthread_mutex_unlock(&x->lock);
		job->drop(job);
		return ERRAND_NOT;
	}
	*x->end = job;
	x->end = &job->next;
	(void)pthread_cond_signal(&x->wake);
	await(x, &job->over, wait_ms);
	outcome = job->over ? ERRAND_DONE : ERRAND_LATE;
	job->left = !job->over;
	(void)pthread_mutex_unlock(&x->lock);
	return outcome;
}

int64_t
errand_hangs_ms(struct errand *x)
{
	int64_t ms;

	if (x == NULL)
		return 0;
	(void)pthread_mutex_lock(&x->lock);
	ms = hangs_ms(x);
	(void)pthread_mutex_unlock(&x->lock);
	return ms;
}
