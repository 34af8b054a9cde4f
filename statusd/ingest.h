#ifndef STATUSD_INGEST_H
#define STATUSD_INGEST_H

#include "lib/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;
struct offers;
struct vault;

/* A longer body is answered 413. */
#define INGEST_BODY_MAX ((size_t)REPORT_MAX_BYTES)

/* What receives reports.  Any thread may call ingest_reports(). */
struct ingest;

/* Opens its own handle of the store.  NULL with *e set on failure. */
struct ingest *ingest_new(const struct config *c, struct err *e);
void ingest_free(struct ingest *in);
/*
 * Where orders are and results go, and what systems offer; both live longer
 * than "in".  Without, no order is given.
 */
void ingest_orders(struct ingest *in, struct vault *v, struct offers *offers);
/* A new configuration; "c" must live until the next call or ingest_free(). */
void ingest_configure(struct ingest *in, const struct config *c);

/* Close the database: until ingest_reopen() reports are answered 503. */
void ingest_suspend(struct ingest *in);
/* Whether a report met a damaged database. */
bool ingest_met_damage(struct ingest *in);
/* The database was replaced: open it anew.  0, or -1 and all is as it was. */
int ingest_reopen(struct ingest *in, struct err *e);

struct ingest_request {
	const char *authorization; /* the header's whole value, or NULL */
	const char *body;
	size_t len; /* above INGEST_BODY_MAX: body is not looked at */
	int64_t now; /* Unix seconds */
	struct buf *json; /* gets the JSON of the answer */
	int status; /* set: 200, 400, 401, 403, 413 or 503 */
};

/*
 * POST /api/v1/report, several at once, in their order, with one commit.  Never
 * fails: a fault of the store is answered 503, so that the sender keeps its
 * report; what is answered 200 is committed.  Orders are in
 * a 503 as well.
 */
void ingest_reports(
    struct ingest *in, struct ingest_request *const *q, size_t n);

#endif
