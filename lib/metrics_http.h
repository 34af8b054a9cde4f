#ifndef LIB_METRICS_HTTP_H
#define LIB_METRICS_HTTP_H

#include <stddef.h>

struct buf;
struct err;

/*
 * A small HTTP server for one text: GET and HEAD /metrics, in one thread.
 * Other paths 404, other methods 405; at most 16 clients at once, each cut off
 * 10 s after it came.
 */
struct metrics_http;

/* Opens the port ("127.0.0.1:9391", "[::1]:9391"); NULL with *e set. */
struct metrics_http *metrics_http_open(const char *address, struct err *e);

/*
 * Start to serve: "compose" adds the text, in the server's thread, "arg" as
 * given.  Call after rights are dropped and signals are blocked.
 * Returns 0, or -1 with *e set.
 */
int metrics_http_start(struct metrics_http *m,
    void (*compose)(struct buf *out, void *arg), void *arg, struct err *e);

/* Stops and frees; NULL is harmless. */
void metrics_http_close(struct metrics_http *m);

/* Is this an address and port that metrics_http_open() would understand? */
int metrics_http_check(const char *address, struct err *e);

/*
 * Prometheus text format 0.0.4.  A family's head, then its samples; "type" is
 * counter, gauge, histogram, summary or untyped.
 */
void metrics_head(
    struct buf *b, const char *name, const char *type, const char *help);

struct metrics_label {
	const char *name;
	const char *value; /* any text; escaped */
};
/* "labels" is ended by .name NULL, or NULL. */
void metrics_sample(struct buf *b, const char *name,
    const struct metrics_label *labels, double value);
/* A family of one sample without labels. */
void metrics_single(struct buf *b, const char *name, const char *type,
    const char *help, double value);

#endif
