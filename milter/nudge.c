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
#define SLOW_MS 50 /* while they do not */
#define HOPELESS_MS 5000 /* without one that was taken: then */
#define RARE_MS 1000
#define CONNECT_US 50000
#define EVENTS 64

/* --- who has spoken --- */

static int
grow(struct nudge *n, size_t fds)
{
	size_t room = n->fds * 2 > fds ? n->fds * 2 : fds;
	struct nudge_fd *by_fd = realloc(n->by_fd, room * sizeof(*by_fd));
	int *listed;

	if (by_fd == NULL)
		return -1;
	n->by_fd = by_fd;
	listed = realloc(n->listed, room * sizeof(*listed));
	if (listed == NULL)
		return -1;
	n->listed = listed;
	memset(by_fd + n->fds, 0, (room - n->fds) * sizeof(*by_fd));
	n->fds = room;
	return 0;
}

static void
note(struct nudge *n, int fd)
{
	if ((size_t)fd >= n->fds && grow(n, (size_t)fd + 1) == -1)
		return; /* unwatched until it speaks again */
	n->by_fd[fd].heard = n->look;
	if (n->by_fd[fd].listed)
		return;
	n->by_fd[fd].listed = true;
	n->listed[n->n_listed++] = fd;
}

/* Each event is told once: when more has come. */
static void
hear(struct nudge *n, int timeout_ms)
{
	struct epoll_event events[EVENTS];
	int i, got;

	do {
		got = epoll_wait(n->epoll, events, EVENTS, timeout_ms);
		for (i = 0; i < got; i++)
			note(n, events[i].data.fd);
		timeout_ms = 0;
	} while (got == EVENTS);
}

/*
 * Its end is something to read as well.  It may be closed and its number be
 * another's by now: then at worst a nudge is wasted.
 */
static bool
is_unread(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* How many stand unread since the last look; the others leave the list. */
static size_t
count_unread(struct nudge *n)
{
	size_t i, kept = 0, unread = 0;
	int fd;

	for (i = 0; i < n->n_listed; i++) {
		fd = n->listed[i];
		if (n->by_fd[fd].heard != n->look) {
			if (!is_unread(fd)) {
				n->by_fd[fd].listed = false;
				continue;
			}
			unread++;
		}
		n->listed[kept++] = fd;
	}
	n->n_listed = kept;
	return unread;
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
nudge(struct nudge *n, size_t unread)
{
	size_t left = n->n_own < NUDGES ? NUDGES - n->n_own : 1;
	int *own;

	for (left = unread < left ? unread : left; left > 0; left--) {
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
pause_after(int ms, size_t unread, size_t before, int64_t hopeless_ms)
{
	int most = hopeless_ms < HOPELESS_MS ? SLOW_MS : RARE_MS;

	if (unread == 0)
		return NUDGE_LOOK_MS;
	if (before == 0 || unread < before)
		return QUICK_MS;
	return ms * 2 < most ? ms * 2 : most;
}

static void *
run(void *arg)
{
	struct nudge *n = arg;
	struct timespec pause = { 0 };
	int ms = NUDGE_LOOK_MS;
	size_t unread, before = 0;
	int64_t now_ms;

	for (;;) {
		n->look++;
		hear(n, n->n_listed == 0 && n->n_own == 0 ? -1 : 0);
		now_ms = clock_mono_ms();
		end_taken(n, now_ms);
		unread = count_unread(n);
		ms = pause_after(ms, unread, before, now_ms - n->taken_ms);
		if (unread > 0)
			nudge(n, unread);
		before = unread;
		pause.tv_sec = ms / 1000;
		pause.tv_nsec = ms % 1000 * 1000000L;
		(void)nanosleep(&pause, NULL);
	}
	return NULL;
}

int
nudge_start(struct nudge *n, int listener, struct err *e)
{
	pthread_t thread;
	size_t i;

	for (i = 0; i < NUDGES; i++)
		n->own[i] = -1;
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
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
		.data.fd = fd };

	(void)epoll_ctl(n->epoll, EPOLL_CTL_ADD, fd, &event);
}
