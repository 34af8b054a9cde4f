#ifndef STATUSD_HTTP_CONN_H
#define STATUSD_HTTP_CONN_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Every connection that is open, and how long it may still be.  The HTTP
 * library's own time-out counts inactivity only, so that a client that sends a
 * byte now and then could stay for ever: here a request, and an answer, has a
 * total time.
 */
struct conns;
struct conn;

/*
 * A request has 20 s from the connection's begin or from the end of the answer
 * before it.  As an idle connection is closed after CONN_IDLE_S, a request has
 * never less than 10 s.
 */
#define CONN_IDLE_S 10
#define CONN_REQUEST_MS 20000
/* To take an answer in: 40 KiB at 700 bytes a second. */
#define CONN_ANSWER_MS 60000

/* Starts the thread that watches over them.  NULL with *e set on failure. */
struct conns *conns_new(struct err *e);
/* After the last conn_free(). */
void conns_free(struct conns *c);

/* A connection began on this descriptor.  NULL without memory. */
struct conn *conn_new(struct conns *c, int fd, int64_t mono_ms);
/* Before the descriptor is closed. */
void conn_free(struct conn *conn);

/*
 * The request that is under way on it, NULL: none.  The HTTP library forgets
 * some of those that it refuses itself; the connection's end finds them here.
 */
struct request;
void conn_hold(struct conn *conn, struct request *request);
struct request *conn_held(const struct conn *conn);

/* Its answer begins; its answer is through. */
void conn_answering(struct conn *conn, int64_t mono_ms);
void conn_waiting(struct conn *conn, int64_t mono_ms);

#endif
