#include "statusd/http_conn.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct conn {
	struct conns *all;
	struct conn *prev, *next;
	int fd;
	_Atomic(int64_t) until_ms; /* of the monotonic clock */
	struct request *request; /* the HTTP library's threads alone */
};

struct conns {
	pthread_mutex_t lock; /* of the list: a descriptor in it is open */
	pthread_cond_t wake;
	pthread_t thread;
	bool stop;
	struct conn *first;
};

static void
cut_overdue(struct conns *c, int64_t now_ms)
{
	for (struct conn *conn = c->first; conn != NULL; conn = conn->next)
		if (atomic_load(&conn->until_ms) <= now_ms)
			(void)shutdown(conn->fd, SHUT_RDWR);
}

static void *
watch(void *arg)
{
	struct conns *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		int64_t at_ms = clock_mono_ms() + 1000;
		struct timespec at = { .tv_sec = (time_t)(at_ms / 1000),
			.tv_nsec = (long)(at_ms % 1000) * 1000000 };

		(void)pthread_cond_timedwait(&c->wake, &c->lock, &at);
		cut_overdue(c, clock_mono_ms());
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct conns *
conns_new(struct err *e)
{
	struct conns *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;
	int fault;

	if (c == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&c->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	fault = pthread_create(&c->thread, NULL, watch, c);
	if (fault != 0) {
		err_set(e, "start a thread: %s", strerror(fault));
		(void)pthread_cond_destroy(&c->wake);
		(void)pthread_mutex_destroy(&c->lock);
		free(c);
		return NULL;
	}
	return c;
}

void
conns_free(struct conns *c)
{
	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

struct conn *
conn_new(struct conns *c, int fd, int64_t mono_ms)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->all = c;
	conn->fd = fd;
	atomic_init(&conn->until_ms, mono_ms + CONN_REQUEST_MS);
	pthread_mutex_lock(&c->lock);
	conn->next = c->first;
	if (c->first != NULL)
		c->first->prev = conn;
	c->first = conn;
	pthread_mutex_unlock(&c->lock);
	return conn;
}

void
conn_free(struct conn *conn)
{
	struct conns *c;

	if (conn == NULL)
		return;
	c = conn->all;
	pthread_mutex_lock(&c->lock);
	if (conn->prev != NULL)
		conn->prev->next = conn->next;
	else
		c->first = conn->next;
	if (conn->next != NULL)
		conn->next->prev = conn->prev;
	pthread_mutex_unlock(&c->lock);
	free(conn);
}

void
conn_hold(struct conn *conn, struct request *request)
{
	if (conn != NULL)
		conn->request = request;
}

struct request *
conn_held(const struct conn *conn)
{
	return conn != NULL ? conn->request : NULL;
}

void
conn_answering(struct conn *conn, int64_t mono_ms)
{
	if (conn != NULL)
		atomic_store(&conn->until_ms, mono_ms + CONN_ANSWER_MS);
}

void
conn_waiting(struct conn *conn, int64_t mono_ms)
{
	if (conn != NULL)
		atomic_store(&conn->until_ms, mono_ms + CONN_REQUEST_MS);
}
