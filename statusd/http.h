#ifndef STATUSD_HTTP_H
#define STATUSD_HTTP_H

#include "lib/buf.h"
#include "statusd/http_limit.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct site;
struct store_search;
struct inbox_item;

/*
 * The HTTP side: GET and HEAD of the site's files from memory, the search
 * form, and the reports that come in.  It decides nothing about them: a report
 * goes to the callback.
 */
struct http;

/*
 * Takes over a report, from any of the HTTP threads, and calls its "done" from
 * any thread when its request has an answer.  Of a body longer than
 * "report_max" nothing is kept, but for its length.
 */
typedef void (*http_report_fn)(void *ctx, struct inbox_item *report);

/* Most bytes of a form. */
#define HTTP_FORM_MAX ((size_t)128 * 1024)

/* A request for something below "/console/". */
struct http_call {
	bool post;
	const char *path; /* decoded, behind "/console/": "incident/7" */
	const char *body; /* of a POST: the form; ended by a NUL */
	size_t len; /* above HTTP_FORM_MAX: body is not looked at */
	/* Headers, NULL where they were not sent. */
	const char *type, *cookie, *origin, *host, *fetch_site;
	struct ip client;
	int64_t now; /* Unix seconds */
};

struct http_reply {
	unsigned status;
	struct buf page; /* HTML; without any a line of text is sent */
	char location[512]; /* a path; "": none */
	char cookie[256]; /* "": none */
	int refresh_s; /* the page is to be asked for again; 0: not */
};

/* Fills in the reply.  Called from any of the HTTP threads. */
typedef void (*http_console_fn)(
    void *office, const struct http_call *call, struct http_reply *reply);

struct http_options {
	int fd; /* from http_listen(); http_stop() closes it */
	struct site *site; /* not owned */
	struct store_search
	    *search; /* not owned; NULL: it is answered by 503 */
	http_report_fn report; /* NULL: 404 */
	/* Web servers in front of this one; copied. */
	struct limit_proxies proxies;
	struct limit *limit; /* set by http_start() */
	size_t report_max; /* most bytes a report may have */
	http_console_fn console; /* NULL: 404 */
	void *office; /* what it gets */
	void *ctx;
};

/*
 * Open the port "listen" names: "127.0.0.1:8080", "[::1]:8080", "[::]:8080"
 * (both families), ":8080" (the same).  May be called before rights are
 * dropped.  Port 0 takes a free one.  Returns the descriptor (close-on-exec),
 * or -1 with *e set.
 */
int http_listen(const char *listen, struct err *e);

/* Whether http_listen() would understand it: 0, or -1 with what is right. */
int http_check_listen(const char *listen, struct err *e);

/*
 * Start to serve in threads of its own.  Call after signals were blocked.
 * NULL with *e set on failure (the descriptor is then still the caller's).
 */
struct http *http_start(const struct http_options *options, struct err *e);

/* The port it listens on. */
uint16_t http_port(const struct http *h);

/*
 * Ends it; waits for the answers to reports that were handed over: whoever
 * takes them must still run.  NULL is allowed.
 */
void http_stop(struct http *h);

#endif
