#ifndef STATUSD_INBOX_H
#define STATUSD_INBOX_H

#include "statusd/ingest.h"

struct err;
struct metrics;

/*
 * Reports on their way into the store: a thread takes in all that have come
 * meanwhile with one commit, so that many systems cost little more than one,
 * and who reads a page waits for none of it.
 */
struct inbox;

/* One report.  It lives until "done" was called, once, by the thread. */
struct inbox_item {
	struct ingest_request request;
	void (*done)(struct inbox_item *item);
	struct inbox_item *next; /* the inbox's */
};

/* The answers are counted in "m".  NULL with *e set on failure. */
struct inbox *inbox_start(struct ingest *in, struct metrics *m, struct err *e);

/* Any thread.  An http_report_fn whose context is the inbox. */
void inbox_put(void *inbox, struct inbox_item *item);

/* Ends the thread; what was put is taken in before.  NULL is allowed. */
void inbox_stop(struct inbox *b);

#endif
