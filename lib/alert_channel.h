#ifndef LIB_ALERT_CHANNEL_H
#define LIB_ALERT_CHANNEL_H

#include "lib/alert.h"

struct json_t;

/*
 * Internal to lib/alert*: a channel is a row in the table of lib/alert.c.  A
 * target's URL is read as SCHEME://rest, or SCHEME+http://, SCHEME+https:// for
 * a host of one's own; "prefix" takes the place of "SCHEME://".
 */
struct alert_call {
	const struct alert_context *context;
	const struct alert_message *m;
	const char *url; /* http(s) or smtp(s), without its user */
	const char *origin; /* "https://host:port" */
	const char *path; /* what is behind the origin's "/"; no query */
	const char *user; /* from the URL, decoded; "" */
};

struct alert_channel {
	const char *scheme;
	const char *prefix;
	bool is_mail;
	bool needs_path; /* a topic, a room, a key of the receiver */
	bool needs_secret;
	bool idempotent; /* knows a repeated message */
	const char *form; /* for messages: what would be right */
	int (*compose)(const struct alert_call *call, struct alert_request *r,
	    struct err *e);
};

int alert_webhook(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_ntfy(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_mail(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_slack(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_discord(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_telegram(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_matrix(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_pushover(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_pagerduty(
    const struct alert_call *call, struct alert_request *r, struct err *e);
int alert_alertmanager(
    const struct alert_call *call, struct alert_request *r, struct err *e);

/* Add a header: the name with ": ", and a value that is already harmless. */
void alert_header(struct alert_request *r, const char *name, const char *value);
/*
 * The document as the request's body, which is JSON then; frees it.  NULL (no
 * memory while it was made) is refused here.
 */
int alert_json(struct alert_request *r, struct json_t *doc, struct err *e);
/* The URL from a format; 0 or -1. */
int alert_url(struct alert_request *r, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
