#ifndef LIB_ALERT_H
#define LIB_ALERT_H

#include "lib/buf.h"
#include "lib/level.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * A message to the operator, and what each channel makes of it: docs/alerts.md.
 * Pure but for alert_read_secret() and alert_send().
 */
enum alert_event {
	ALERT_OPEN, /* a fault began */
	ALERT_CHANGE, /* its level changed */
	ALERT_RESOLVED, /* it is over */
	ALERT_REMIND, /* it goes on and nobody has acknowledged it */
	ALERT_TEST,
};

/* "open", "change", "resolved", "remind", "test", NULL. */
extern const char *const alert_event_words[];

struct alert_message {
	enum alert_event event;
	enum level level;
	const char *system; /* "NC036" */
	const char *title; /* one line */
	const char *text; /* lines, plain text; may be "" */
	const char *url; /* where more stands; may be "" */
	/*
	 * Names this message: two messages with one key are one, however often
	 * they are queued.  So it holds what the matter is, since when, and the
	 * number of the change: "NC036/disk:/var/vmail/1742401270/3".
	 */
	const char *dedup_key;
	/* What belongs together and stays in order; "": the system. */
	const char *thread;
	int64_t at; /* Unix seconds */
};

/* Where to: an "alert" section of the configuration. */
struct alert_target {
	const char *name; /* the section's title */
	const char *url;
	const char *to; /* smtp: the recipient; else "" */
	const char
	    *from; /* smtp: the sender; "": from the URL's user or "to" */
	const char *password_file; /* the secret that the URL names; or "" */
};

/*
 * Whether messages can be sent to this target as it is written.  Returns 0, or
 * -1 with *e saying what would be right (without the target's name).
 */
int alert_check(const struct alert_target *target, struct err *e);

/*
 * Whether the channel itself takes a repeated message for the same one, so that
 * it can be sent again when nobody knows whether it arrived.
 */
bool alert_is_idempotent(const char *url);

/*
 * Read the first line of a password file.  Returns 0 and a string to free() in
 * *secret_r ("" where "path" is ""), or -1 with *e set.
 */
int alert_read_secret(const char *path, char **secret_r, struct err *e);

#define ALERT_RECIPIENTS 8

/* What is to be sent: one HTTP request, or one message by SMTP. */
struct alert_request {
	bool is_mail;
	const char *method;
	char *url; /* for fetch() or fetch_mail(); may hold the secret */
	char *headers[8]; /* ended by NULL */
	const char *content_type;
	struct buf body; /* JSON, text, or an RFC 5322 message */
	char *bearer; /* NULL: none */
	char *user, *password; /* NULL: none */
	char *from, *to[ALERT_RECIPIENTS + 1]; /* mail; "to" ended by NULL */
};

/*
 * Compose the request.  "secret" is the content of password_file, or "";
 * "host" is this host's name, for Message-ID and From.  Pure.
 * Returns 0, and *r_r is to be freed with alert_request_free(); or -1 with *e
 * set and nothing to free.
 */
struct alert_context {
	const struct alert_target *target;
	const char *secret;
	const char *host;
};
int alert_compose(const struct alert_context *c, const struct alert_message *m,
    struct alert_request *r_r, struct err *e);
void alert_request_free(struct alert_request *r);

/*
 * Compose and send now, once; blocks for as long as "limits" allows.
 * Returns 0 when the other side took it, or -1 with *e set (without secrets).
 */
struct fetch_limits;
int alert_send(const struct alert_context *c, const struct alert_message *m,
    const struct fetch_limits *limits, struct err *e);

#endif
