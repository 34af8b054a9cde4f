#ifndef STATUSD_HTTP_REQUEST_H
#define STATUSD_HTTP_REQUEST_H

#include "statusd/http.h"

#include <stdbool.h>

struct MHD_Connection;

/*
 * One request from its first line to its answer.  The library's callbacks in
 * http.c hand it the pieces.
 */
struct request;

/* Its target as it was sent, still escaped.  NULL without memory. */
struct request *request_new(const char *uri);
void request_free(struct request *r); /* NULL is allowed */

/* What the library tells about it at each call. */
struct request_piece {
	const char *path; /* decoded */
	const char *method;
	const char *data;
	size_t *size; /* set to what was not taken */
};

enum request_next {
	REQUEST_MORE, /* wait for the next piece */
	REQUEST_ANSWERED,
	REQUEST_DROP, /* close the connection */
};

/*
 * Hand over no more reports, and wait for those that were.  One that is given
 * over keeps its connection asleep meanwhile.
 */
void request_end_reports(void);

enum request_next request_take(struct request *r, const struct http_options *o,
    struct MHD_Connection *c, const struct request_piece *piece);

#endif
