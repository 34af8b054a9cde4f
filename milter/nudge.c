#include "milter/nudge.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define QUICK_MS 2 /* until the next look, while nudges help */
#define SLOW_MS 20 /* while they do not */
#define HOPELESS_MS 5000 /* without one that was taken: then */
#define RARE_MS 1000
#define CONNECT_US 50000
#define EVENTS 256

/* --- who is not read --- */

static int
grow(struct nudge *n, size_t fds)
{
	size_t room = n->fds * 2 > fds ? n->fds * 2 : fds;
	struct nudge_fd *by_fd = realloc(n->by_fd, room * sizeof(*by_fd));

	if (by_fd == NULL)
		return -1;
	memset(by_fd + n->fds, 0, (room - n->fds) * sizeof(*by_fd));
	n->by_fd = by_fd;
	n->fds = room;
	return 0;
}

/*
 * It is unread now.  Returns for how long it has been at each look, in ms.  Its
 * number may have been another's at the last one.
 */
static int64_t
unread_ms(struct nudge *n, uint64_t id, int64_t now_ms)
{
	size_t fd = id & UINT32_MAX;
	uint32_t serial = (uint32_t)(id >> 32);
	struct nudge_fd *f;

	if (fd >= n->fds && grow(n, fd + 1) == -1)
		return 0;
	f = &n->by_fd[fd];
	if (f->serial != serial || f->look + 1 != n->look)
		f->since_ms = now_ms;
	f->serial = serial;
	f->look = n->look;
	return now_ms - f->since_ms;
}

/*
 * While others are taken on, threads come and go, and take what is ready; a
 * nudge would only be one thread more on a machine that has much to do.  But
 * what is taken on between nudges may be their work.
 */
static int
limit_ms(const struct nudge *n, unsigned long long *served, size_t before)
{
	unsigned long long now = atomic_load(n->served);
	bool busy = now != *served && before == 0;

	*served = now;
	return busy ? NUDGE_BUSY_MS : NUDGE_LOOK_MS;
}

/*
 * Sets *stalled_r to how many have stood unread for "limit" ms.  Returns how
 * many are unread at all; waits for one for "timeout_ms" (-1: for ever).  The
 * kernel goes by open files, so that none is taken for another that has its
 * number by now.
 */
static int
look(struct nudge *n, int timeout_ms, int limit, size_t *stalled_r)
{
	struct epoll_event events[EVENTS];
	int i, got = epoll_wait(n->epoll, events, EVENTS, timeout_ms);
	int64_t now_ms = clock_mono_ms();

	n->look++;
	*stalled_r = got == EVENTS ? 1 : 0; /* not all were told of */
	for (i = 0; i < got; i++)
		if (unread_ms(n, events[i].data.u64, now_ms) >= limit)
			++*stalled_r;
	return got;
}

/* --- nudges --- */

static void
end_one(struct nudge *n, int *own)
{
	(void)close(*own);
	*own = -1;
	n->n_own--;
}

/* Those that libmilter has taken, and closed. */
static void
end_taken(struct nudge *n, int64_t now_ms)
{
	size_t i;
	char c;

	if (n->n_own == 0)
		n->taken_ms = now_ms;
	for (i = 0; i < NUDGES && n->n_own > 0; i++) {
		if (n->own[i] == -1 ||
		    (recv(n->own[i], &c, 1, MSG_DONTWAIT) == -1 &&
		        errno == EAGAIN))
			continue;
		end_one(n, &n->own[i]);
		n->taken_ms = now_ms;
	}
}

static int
connect_own(const struct nudge *n)
{
	struct timeval limit = { .tv_usec = CONNECT_US };
	int fd = socket(n->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&n->to, n->to_size) == 0 &&
	    shutdown(fd, SHUT_WR) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/*
 * A nudge can be left without a thread as others are.  When the last few all
 * are, the oldest gives way to one more: no thread is counted as idle any
 * longer, so that one gets its own.
 */
static void
nudge(struct nudge *n, size_t stalled)
{
	size_t left = n->n_own < NUDGES ? NUDGES - n->n_own : 1;
	int *own;

	for (left = stalled < left ? stalled : left; left > 0; left--) {
		own = &n->own[n->next];
		if (*own != -1)
			end_one(n, own);
		*own = connect_own(n);
		if (*own == -1)
			return;
		n->n_own++;
		n->next = (n->next + 1) % NUDGES;
		atomic_fetch_add(&n->made, 1);
	}
}

/* Until the next look. */
static int
pause_after(int ms, size_t stalled, size_t before, int64_t hopeless_ms)
{
	int most = hopeless_ms < HOPELESS_MS ? SLOW_MS : RARE_MS;

	if (stalled == 0)
		return NUDGE_LOOK_MS;
	if (before == 0 || stalled < before)
		return QUICK_MS;
	return ms * 2 < most ? ms * 2 : most;
}

static void *
run(void *arg)
{
	struct nudge *n = arg;
	struct timespec pause = { 0 };
	unsigned long long served = 0;
	int ms = NUDGE_LOOK_MS, unread = 0;
	size_t stalled, before = 0;

	for (;;) {
		unread = look(n, unread <= 0 && n->n_own == 0 ? -1 : 0,
		    limit_ms(n, &served, before), &stalled);
		end_taken(n, clock_mono_ms());
		ms = pause_after(
		    ms, stalled, before, clock_mono_ms() - n->taken_ms);
		if (stalled > 0)
			nudge(n, stalled);
		before = stalled;
		pause.tv_sec = ms / 1000;
		pause.tv_nsec = ms % 1000 * 1000000L;
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

int
nudge_start(struct nudge *n, int listener, atomic_ullong *served, struct err *e)
{
	pthread_t thread;
	size_t i;

	for (i = 0; i < NUDGES; i++)
		n->own[i] = -1;
	n->served = served;
	n->to_size = sizeof(n->to);
	if (getsockname(listener, (struct sockaddr *)&n->to, &n->to_size) == -1)
		return err_set(e, "the socket's address: %s", strerror(errno));
	n->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (n->epoll == -1)
		return err_set(e, "epoll: %s", strerror(errno));
	if (pthread_create(&thread, NULL, run, n) != 0)
		return err_set(e, "no thread to look after connections");
	(void)pthread_detach(thread);
	return 0;
}

void
nudge_watch(struct nudge *n, int fd)
{
	struct epoll_event event = { .events = EPOLLIN,
		.data.u64 = (uint64_t)++n->serial << 32 | (uint32_t)fd };

	(void)epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &event);
}
