#include "milter/instead.h"

#include "lib/clock.h"
#include "lib/log.h"
#include "milter/ahead.h"
#include "milter/count.h"
#include "milter/nudge.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 20 /* until the next try */
#define PATIENCE_MS 1000 /* then who comes is turned away */
#define NEEDED 4096 /* bytes: more than libmilter takes for a connection */
#define PIECE 16 /* descriptors */
#define PIECES_MS 5 /* between two looks at all of them */

/* libmilter's calls carry no pointer of ours; its listener alone accepts. */
static struct {
	struct nudge *nudge;
	struct count *count;
	int spare; /* a descriptor to be had when there are no others */
	int64_t since_ms; /* none has been taken since; 0: all is well */
	struct log_limit log;
} taker = { .spare = -1 };

/* In libc's header, their prototypes are wrapped by some compilers' checks. */
int instead_of_accept(int fd, struct sockaddr *from, socklen_t *size) __asm__(
    "accept");
int instead_of_poll(struct pollfd *fds, nfds_t n, int timeout_ms) __asm__(
    "poll");
ssize_t instead_of_read(int fd, void *to, size_t n) __asm__("read");
int instead_of_close(int fd) __asm__("close");

/* It is called some 40 times in a session: ppoll(2) would cost more. */
static int (*libc_poll)(struct pollfd *fds, nfds_t n, int timeout_ms);
static ssize_t (*libc_read)(int fd, void *to, size_t n);
static int (*libc_close)(int fd);

static void
wait_ms(int ms)
{
	struct timespec pause = { .tv_nsec = ms * 1000000L };

	(void)nanosleep(&pause, NULL);
}

/* --- accept --- */

static void
keep_spare(void)
{
	if (taker.spare == -1)
		taker.spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* -1: not even this one. */
static int
turn_away(int listener)
{
	int fd;

	if (taker.spare != -1)
		(void)close(taker.spare);
	taker.spare = -1;
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd != -1) {
		(void)close(fd);
		atomic_fetch_add(&taker.count->turned_away, 1);
	}
	keep_spare();
	return fd;
}

/* It cannot be taken now, for "fault". */
static void
hold_back(int listener, int fault)
{
	int64_t now_ms = clock_mono_ms();

	if (taker.since_ms == 0)
		taker.since_ms = now_ms;
	if (now_ms - taker.since_ms >= PATIENCE_MS) {
		log_warn_limited(&taker.log, now_ms, 60,
		    "no connection can be taken: %s: the mail server is turned "
		    "away and goes on without the milter",
		    strerror(fault));
		if (turn_away(listener) != -1)
			return;
	}
	wait_ms(PAUSE_MS);
}

/* libmilter takes memory for it, and counts failures. */
static int
take(int listener, struct sockaddr *from, socklen_t *size)
{
	void *room = malloc(NEEDED);

	if (room == NULL) {
		errno = ENOMEM;
		return -1;
	}
	free(room);
	return accept4(listener, from, size, SOCK_CLOEXEC);
}

int
instead_of_accept(int fd, struct sockaddr *from, socklen_t *size)
{
	int taken = take(fd, from, size);

	if (taken != -1) {
		taker.since_ms = 0;
		ahead_watch(taken);
		nudge_watch(taker.nudge, taken);
		return taken;
	}
	switch (errno) {
	case EINTR:
	case EAGAIN:
	case ECONNABORTED:
	case EBADF: /* never gets well */
	case EFAULT:
	case EINVAL:
	case ENOTSOCK:
		break;
	default: /* no descriptor, no memory, a fault of the network */
		hold_back(fd, errno);
		errno = EAGAIN;
		break;
	}
	return -1;
}

/* --- poll --- */

static int
look_at_pieces(struct pollfd *fds, nfds_t n)
{
	struct timespec none = { 0 };
	int r, ready = 0;
	nfds_t i, k, piece;

	for (i = 0; i < n; i += piece) {
		piece = n - i < PIECE ? n - i : PIECE;
		r = ppoll(fds + i, piece, &none, NULL);
		if (r > 0)
			ready += r;
		for (k = i; r == -1 && k < i + piece; k++)
			fds[k].revents = 0;
	}
	return ready;
}

/*
 * There are more of them than this process may have by now, or no memory for
 * so many at once.
 */
static int
poll_pieces(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int64_t end_ms = clock_mono_ms() + timeout_ms;
	int ready;

	for (;;) {
		ready = look_at_pieces(fds, n);
		if (ready > 0 || (timeout_ms >= 0 && clock_mono_ms() >= end_ms))
			return ready;
		wait_ms(PIECES_MS);
	}
}

int
instead_of_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	int r;

	if (n == 1 && (fds->events & POLLIN) != 0 && ahead_watches(fds->fd))
		return ahead_poll(fds, timeout_ms);
	r = libc_poll != NULL ? libc_poll(fds, n, timeout_ms)
	                      : poll_pieces(fds, n, timeout_ms);
	if (r == -1 && n > 1 && (errno == EINVAL || errno == ENOMEM))
		return poll_pieces(fds, n, timeout_ms);
	return r;
}

/* --- read, close --- */

ssize_t
instead_of_read(int fd, void *to, size_t n)
{
	ssize_t got = ahead_take(fd, to, n);

	if (got > 0)
		return got;
	return libc_read != NULL ? libc_read(fd, to, n)
	                         : syscall(SYS_read, fd, to, n);
}

int
instead_of_close(int fd)
{
	ahead_forget(fd);
	return libc_close != NULL ? libc_close(fd)
	                          : (int)syscall(SYS_close, fd);
}

/* --- sigwait --- */

/*
 * libmilter has a thread that waits for our signals and, when it was quicker
 * than this program, ends the listener as if that had failed.  So it waits for
 * ever.
 */
int
sigwait(const sigset_t *restrict set, int *restrict sig)
{
	(void)set;
	(void)sig;
	for (;;)
		(void)pause();
}

/* ISO C knows no way from an object's address to a function's. */
static void
find(const char *name, void *function)
{
	void *next = dlsym(RTLD_NEXT, name);

	memcpy(function, &next, sizeof(next));
}

void
instead_begin(struct nudge *nudge, struct count *count)
{
	find("poll", &libc_poll);
	find("read", &libc_read);
	find("close", &libc_close);
	taker.nudge = nudge;
	taker.count = count;
	keep_spare();
	(void)ahead_begin(); /* without memory there is no reading ahead */
}
