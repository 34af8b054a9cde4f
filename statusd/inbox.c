#include "statusd/inbox.h"

#include "lib/err.h"
#include "statusd/metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Most reports in one commit: others want to write as well. */
#define BATCH 32

struct inbox {
	struct ingest *ingest;
	struct metrics *metrics;
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t wake;
	struct inbox_item *first, **last;
	bool stop;
};

/* Those that wait, at most BATCH; waits for one.  0: it is over. */
static size_t
collect(struct inbox *b, struct inbox_item **items)
{
	size_t n = 0;

	(void)pthread_mutex_lock(&b->lock);
	while (b->first == NULL && !b->stop)
		(void)pthread_cond_wait(&b->wake, &b->lock);
	while (b->first != NULL && n < BATCH) {
		items[n++] = b->first;
		b->first = b->first->next;
	}
	if (b->first == NULL)
		b->last = &b->first;
	(void)pthread_mutex_unlock(&b->lock);
	return n;
}

static void *
work(void *arg)
{
	struct inbox *b = arg;
	struct inbox_item *items[BATCH];
	struct ingest_request *requests[BATCH];
	size_t n;

	while ((n = collect(b, items)) > 0) {
		for (size_t i = 0; i < n; i++)
			requests[i] = &items[i]->request;
		ingest_reports(b->ingest, requests, n);
		for (size_t i = 0; i < n; i++) {
			metrics_count_report(b->metrics, requests[i]->status);
			items[i]->done(items[i]);
		}
	}
	return NULL;
}

struct inbox *
inbox_start(struct ingest *in, struct metrics *m, struct err *e)
{
	struct inbox *b = calloc(1, sizeof(*b));
	int fault;

	if (b == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	b->ingest = in;
	b->metrics = m;
	b->last = &b->first;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->wake, NULL);
	fault = pthread_create(&b->thread, NULL, work, b);
	if (fault == 0)
		return b;
	(void)err_set(e, "start a thread: %s", strerror(fault));
	(void)pthread_cond_destroy(&b->wake);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
	return NULL;
}

void
inbox_put(void *inbox, struct inbox_item *item)
{
	struct inbox *b = inbox;

	item->next = NULL;
	(void)pthread_mutex_lock(&b->lock);
	*b->last = item;
	b->last = &item->next;
	(void)pthread_cond_signal(&b->wake);
	(void)pthread_mutex_unlock(&b->lock);
}

void
inbox_stop(struct inbox *b)
{
	if (b == NULL)
		return;
	(void)pthread_mutex_lock(&b->lock);
	b->stop = true;
	(void)pthread_cond_signal(&b->wake);
	(void)pthread_mutex_unlock(&b->lock);
	(void)pthread_join(b->thread, NULL);
	(void)pthread_cond_destroy(&b->wake);
	(void)pthread_mutex_destroy(&b->lock);
	free(b);
}
