#include "queuewatch/losses.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/lost.h"
#include "lib/grey/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS 500
#define URL_MOST 1024

struct losses {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool stop, asked;
	int64_t asked_ms; /* monotonic; 0: never */
	char url[URL_MOST];
	int64_t window_s;
	struct losses_view view;
};

static void
add(struct losses_view *v, const struct grey_lost *l)
{
	struct losses_domain *d;

	v->messages += l->envelopes;
	v->domains++;
	if (v->n == LOSSES_MOST)
		return;
	d = &v->items[v->n++];
	memcpy(d->name, l->domain, sizeof(d->name));
	d->messages = l->envelopes;
	d->last = l->last;
}

static int
read_store(
    const char *url, int64_t window_s, struct losses_view *v, struct err *e)
{
	const struct grey_store_options o = { .url = url,
		.use = GREY_STORE_READ,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1 };
	const struct grey_lost_query q = { .now = clock_now(),
		.retry_window_s = window_s,
		.since = clock_now() - LOSSES_SINCE_S };
	struct grey_store *s = grey_store_open(&o, e);
	struct allow_entry *allowed = NULL;
	struct grey_lost *lost = NULL;
	size_t n = 0, n_allowed = 0, i;
	int rc = -1;

	if (s == NULL)
		return -1;
	if (grey_store_allow_list(s, &allowed, &n_allowed, e) == -1 ||
	    grey_lost_list(s, &q, &lost, &n, e) == -1)
		goto out;
	for (i = 0; i < n; i++) {
		if (lost[i].kind == GREY_LOST_DOMAIN &&
		    !grey_lost_listed(&lost[i], allowed, n_allowed))
			add(v, &lost[i]);
	}
	rc = 0;
out:
	free(allowed);
	free(lost);
	grey_store_close(s);
	return rc;
}

/* A store in a file that was never made: there is no greymilter here. */
static bool
is_none(const char *url)
{
	static const char scheme[] = "sqlite:";

	return *url == '\0' ||
	    (strncmp(url, scheme, sizeof(scheme) - 1) == 0 &&
	        access(url + sizeof(scheme) - 1, F_OK) == -1);
}

static void
look(const char *url, int64_t window_s, struct losses_view *v)
{
	struct err e;

	memset(v, 0, sizeof(*v));
	v->state = is_none(url) ? LOSSES_NONE : LOSSES_KNOWN;
	if (v->state == LOSSES_KNOWN &&
	    read_store(url, window_s, v, &e) == -1) {
		v->state = LOSSES_FAULT;
		(void)snprintf(v->why, sizeof(v->why),
		    "greymilter's store cannot be read: %.200s", e.text);
	}
}

static void *
run(void *arg)
{
	struct losses *l = arg;
	struct losses_view v;
	char url[URL_MOST];
	int64_t window_s;
	bool stop;

	for (;;) {
		(void)pthread_mutex_lock(&l->lock);
		while (!l->stop && !l->asked)
			(void)pthread_cond_wait(&l->wake, &l->lock);
		stop = l->stop;
		memcpy(url, l->url, sizeof(url));
		window_s = l->window_s;
		(void)pthread_mutex_unlock(&l->lock);
		if (stop)
			return NULL;
		look(url, window_s, &v);
		(void)pthread_mutex_lock(&l->lock);
		l->view = v;
		l->asked = false;
		(void)pthread_mutex_unlock(&l->lock);
	}
}

struct losses *
losses_start(struct err *e)
{
	struct losses *l = calloc(1, sizeof(*l));
	int rc;

	if (l == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->wake, NULL);
	rc = pthread_create(&l->thread, NULL, run, l);
	if (rc != 0) {
		(void)err_set(e, "start a thread: %s", strerror(rc));
		free(l);
		return NULL;
	}
	return l;
}

void
losses_stop(struct losses *l)
{
	int64_t until = clock_now_ms() + STOP_MS;
	struct timespec ts = { .tv_sec = until / 1000,
		.tv_nsec = until % 1000 * 1000000 };

	if (l == NULL)
		return;
	(void)pthread_mutex_lock(&l->lock);
	l->stop = true;
	(void)pthread_cond_signal(&l->wake);
	(void)pthread_mutex_unlock(&l->lock);
	if (pthread_timedjoin_np(l->thread, NULL, &ts) == 0)
		free(l);
	else /* a large store: it ends with the process */
		(void)pthread_detach(l->thread);
}

void
losses_ask(struct losses *l, const struct losses_order *order, int64_t mono_ms)
{
	(void)pthread_mutex_lock(&l->lock);
	if (!l->asked &&
	    (l->asked_ms == 0 || mono_ms - l->asked_ms >= order->pause_ms ||
	        strcmp(l->url, order->url) != 0 ||
	        l->window_s != order->window_s)) {
		(void)snprintf(l->url, sizeof(l->url), "%s", order->url);
		l->window_s = order->window_s;
		l->asked = true;
		l->asked_ms = mono_ms;
		(void)pthread_cond_signal(&l->wake);
	}
	(void)pthread_mutex_unlock(&l->lock);
}

void
losses_again(struct losses *l)
{
	(void)pthread_mutex_lock(&l->lock);
	l->asked_ms = 0;
	(void)pthread_mutex_unlock(&l->lock);
}

void
losses_get(struct losses *l, struct losses_view *view_r)
{
	(void)pthread_mutex_lock(&l->lock);
	*view_r = l->view;
	(void)pthread_mutex_unlock(&l->lock);
}
