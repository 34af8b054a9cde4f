#ifndef STATUSD_INGEST_H
#define STATUSD_INGEST_H

#include "lib/buf.h"

#include <stddef.h>
#include <stdint.h>

struct config;
struct err;

/* A longer body is answered 413.  Read at most one byte more than this. */
#define INGEST_BODY_MAX ((size_t)256 * 1024)

/* What receives reports.  Any thread may call ingest_report(). */
struct ingest;

/* Opens its own handle of the store.  NULL with *e set on failure. */
struct ingest *ingest_new(const struct config *c, struct err *e);
void ingest_free(struct ingest *in);
/* A new configuration; "c" must live until the next call or ingest_free(). */
void ingest_configure(struct ingest *in, const struct config *c);

struct ingest_answer {
	int status; /* 200, 400, 401, 403, 413, 503 */
	struct buf body; /* JSON; the caller frees it with buf_free() */
};

/*
 * POST /api/v1/report.  "authorization" is the header's whole value or NULL.
 * "body" has "len" bytes; where the sender announced or sent more than
 * INGEST_BODY_MAX, pass any len above it (body is not looked at then).
 * Never fails: a fault of the store is answered 503, so that the sender keeps
 * its report.  A WWW-Authenticate header belongs to a 401.
 */
void ingest_report(struct ingest *in, const char *authorization,
    const char *body, size_t len, int64_t now, struct ingest_answer *answer_r);

#endif
