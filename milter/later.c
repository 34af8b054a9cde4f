#include "milter/later.h"

static bool
is_under_way(const struct later *l, uint64_t mark)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->jobs[(l->first + i) % LATER_MAX].mark == mark)
			return true;
	}
	for (i = 0; i < LATER_THREADS; i++) {
		if (l->running[i] == mark)
			return true;
	}
	return false;
}

/* The next job, whose place among the running ones is *place_r. */
static struct later_job
take(struct later *l, size_t *place_r)
{
	struct later_job job = l->jobs[l->first];
	size_t i = 0;

	l->first = (l->first + 1) % LATER_MAX;
	l->n--;
	while (l->running[i] != 0)
		i++;
	l->running[i] = job.mark;
	*place_r = i;
	return job;
}

static void *
work(void *arg)
{
	struct later *l = arg;
	struct later_job job;
	size_t place;

	(void)pthread_mutex_lock(&l->lock);
	for (;;) {
		l->idle++;
		while (l->n == 0)
			(void)pthread_cond_wait(&l->filled, &l->lock);
		l->idle--;
		job = take(l, &place);
		(void)pthread_mutex_unlock(&l->lock);
		job.run(job.arg);
		(void)pthread_mutex_lock(&l->lock);
		l->running[place] = 0;
	}
	return NULL;
}

/* One thread more, where all are at work; false: there is none at all. */
static bool
man(struct later *l)
{
	pthread_t thread;

	if (l->idle > l->n || l->threads == LATER_THREADS)
		return true;
	if (pthread_create(&thread, NULL, work, l) == 0) {
		(void)pthread_detach(thread);
		l->threads++;
	}
	return l->threads > 0;
}

bool
later_post(struct later *l, const struct later_job *job)
{
	struct later_job own = *job;
	bool room, known;

	if (own.mark == 0)
		own.mark = 1;
	(void)pthread_mutex_lock(&l->lock);
	known = is_under_way(l, own.mark);
	room = known || (l->n < LATER_MAX && man(l));
	if (room && !known) {
		l->jobs[(l->first + l->n++) % LATER_MAX] = own;
		(void)pthread_cond_signal(&l->filled);
	}
	(void)pthread_mutex_unlock(&l->lock);
	if (known)
		own.drop(own.arg);
	return room;
}
