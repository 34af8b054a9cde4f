#ifndef MILTER_NUDGE_H
#define MILTER_NUDGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

/*
 * libmilter counts a thread of its pool as idle until it runs.  What becomes
 * ready in between is left to a thread that another connection takes; when that
 * one sends half a packet and falls silent, the thread waits for the rest, and
 * nobody looks again at what is ready until any thread is done with anything.
 *
 * So a thread of ours looks at the connections.  Where what the mail server
 * said is not read for NUDGE_LOOK_MS, it connects to the milter's own socket
 * and says nothing: libmilter gives that a thread of its own, which then takes
 * the oldest that is ready.  While nobody speaks it sleeps.
 */
#define NUDGE_LOOK_MS 25
#define NUDGE_BUSY_MS 200 /* instead, while others are taken on */
#define NUDGES 8 /* at once */

struct nudge_fd {
	uint32_t serial; /* of the connection that had this number then */
	unsigned look; /* when it was last unread */
	int64_t since_ms;
};

struct nudge {
	int epoll;
	uint32_t serial; /* of the newest connection */
	struct nudge_fd *by_fd;
	size_t fds;
	unsigned look; /* counts */
	int own[NUDGES]; /* the last nudges that were not taken yet, or -1 */
	size_t n_own, next;
	int64_t taken_ms; /* when one was, last */
	struct sockaddr_storage to;
	socklen_t to_size;
	atomic_ullong *served, made; /* the latter for the metrics */
};

/*
 * Start it, for connections that arrive at "listener"; "served" counts those
 * that libmilter has begun to serve.  *n is all zero; all live until the end.
 * Returns 0, or -1 with *e set.
 */
int nudge_start(
    struct nudge *n, int listener, atomic_ullong *served, struct err *e);

/*
 * A connection has come; it is forgotten when it is closed.  One thread.
 */
void nudge_watch(struct nudge *n, int fd);

#endif
