#ifndef STATUSD_HTTP_ANSWER_H
#define STATUSD_HTTP_ANSWER_H

#include <stdbool.h>

struct MHD_Connection;
struct buf;
struct http_reply;
struct site;
struct site_file;

/*
 * Answers, with the headers that each of them carries.  All return whether the
 * answer could be queued; where not, the connection is to be closed.
 */

/*
 * A file, in the encoding the client takes; 304 where it has it already.  With
 * a status other than 200 the file is sent whatever the client has.
 */
bool http_answer_file(struct MHD_Connection *c, struct site *site,
    struct site_file *f, unsigned status);

/* An HTML page made for this request alone. */
bool http_answer_page(struct MHD_Connection *c, const struct buf *page);

/* The console's: nobody keeps it. */
bool http_answer_reply(struct MHD_Connection *c, const struct http_reply *r);

/* JSON; a 401 gets its WWW-Authenticate, a 503 its Retry-After. */
bool http_answer_json(
    struct MHD_Connection *c, unsigned status, const struct buf *json);

/* A line of text; "name" and "value" are a further header, or NULL. */
bool http_answer_text(struct MHD_Connection *c, unsigned status,
    const char *text, const char *name, const char *value);

#endif
