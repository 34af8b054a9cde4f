#ifndef STATUSD_OFFICE_H
#define STATUSD_OFFICE_H

struct config;
struct console;
struct err;
struct http_call;
struct http_reply;
struct ingest;
struct offers;
struct vault;

/* The console with what it works with. */
struct office {
	struct vault *vault;
	struct offers *offers;
	struct console *console;
};

/*
 * Opens all of it, and lets "in" hand out orders.  Where the file cannot be had
 * sessions and orders are kept in memory, with a warning.  0, or -1 with *e
 * set; to be closed in either case.
 */
int office_open(
    struct office *o, const struct config *c, struct ingest *in, struct err *e);
/* An http_console_fn: "office" is a struct office. */
void office_answer(
    void *office, const struct http_call *call, struct http_reply *reply);
/* When neither HTTP nor "in" runs any more. */
void office_close(struct office *o);

#endif
