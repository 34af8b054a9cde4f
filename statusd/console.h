#ifndef STATUSD_CONSOLE_H
#define STATUSD_CONSOLE_H

#include "statusd/http.h"

struct config;
struct err;
struct offers;
struct vault;

/*
 * The operator's side, below "/console/": made for a phone, without a script.
 * Pass phrase and code to come in; then what is wrong, what can be said and
 * what can be ordered.  Any thread.
 */
struct console;

/* "v" and "offers" must live longer.  NULL with *e set without memory. */
struct console *console_new(const struct config *c, struct vault *v,
    struct offers *offers, struct err *e);
void console_free(struct console *c); /* NULL is allowed */
/* A new configuration, which must live until the next call. */
void console_configure(struct console *c, const struct config *config);

/* Never fails: the reply says what is wrong. */
void console_answer(
    struct console *c, const struct http_call *call, struct http_reply *reply);

#endif
