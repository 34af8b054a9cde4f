#include "milter/ahead.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROOM 4096 /* what stands before a recipient's reply is about 600 */
#define MOST_FDS (1u << 20)
#define MORE_MS 1 /* libmilter waits for more so long, by a thread ... */
#define PATIENCE_MS 20 /* ... and here, where not too many are waiting */
#define PATIENT 64

struct ahead {
	size_t at, n; /* bytes[at] to bytes[n - 1] are still to be given */
	char bytes[ROOM];
};

static _Atomic(struct ahead *) *by_fd;
static size_t n_fds;
static atomic_int waiting; /* for more */

int
ahead_begin(void)
{
	struct rlimit l;

	if (by_fd != NULL)
		return 0;
	n_fds = MOST_FDS;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max < MOST_FDS)
		n_fds = (size_t)l.rlim_max;
	by_fd = calloc(n_fds, sizeof(by_fd[0]));
	if (by_fd != NULL)
		return 0;
	n_fds = 0;
	return -1;
}

static struct ahead *
of(int fd)
{
	return fd >= 0 && (size_t)fd < n_fds ? atomic_load(&by_fd[fd]) : NULL;
}

void
ahead_watch(int fd)
{
	struct ahead *a;

	if (fd < 0 || (size_t)fd >= n_fds)
		return;
	a = malloc(sizeof(*a));
	if (a != NULL)
		a->at = a->n = 0;
	free(atomic_exchange(&by_fd[fd], a));
}

void
ahead_forget(int fd)
{
	if (of(fd) != NULL)
		free(atomic_exchange(&by_fd[fd], NULL));
}

bool
ahead_watches(int fd)
{
	return of(fd) != NULL;
}

/* Whether there is something to give.  The end and faults are left to read. */
static bool
fill(int fd, struct ahead *a)
{
	ssize_t got;

	if (a->at < a->n)
		return true;
	got = recv(fd, a->bytes, sizeof(a->bytes), MSG_DONTWAIT);
	if (got <= 0)
		return false;
	a->at = 0;
	a->n = (size_t)got;
	return true;
}

static int
is_ready(struct pollfd *p)
{
	p->revents = POLLIN;
	return 1;
}

static int
wait_for(struct pollfd *p, int timeout_ms)
{
	struct timespec limit = { .tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000L };

	return ppoll(p, 1, timeout_ms < 0 ? NULL : &limit, NULL);
}

static int
wait_for_more(struct pollfd *p)
{
	bool patient = atomic_fetch_add(&waiting, 1) < PATIENT;
	int r = wait_for(p, patient ? PATIENCE_MS : MORE_MS);

	atomic_fetch_sub(&waiting, 1);
	return r;
}

int
ahead_poll(struct pollfd *p, int timeout_ms)
{
	struct ahead *a = of(p->fd);
	int r;

	p->revents = 0;
	if (fill(p->fd, a))
		return is_ready(p);
	r = timeout_ms == MORE_MS ? wait_for_more(p) : wait_for(p, timeout_ms);
	if (r == 1 && p->revents == POLLIN)
		(void)fill(p->fd, a);
	return r;
}

ssize_t
ahead_take(int fd, void *to, size_t n)
{
	struct ahead *a = of(fd);

	if (a == NULL || a->at == a->n)
		return 0;
	if (n > a->n - a->at)
		n = a->n - a->at;
	memcpy(to, a->bytes + a->at, n);
	a->at += n;
	return (ssize_t)n;
}
