#ifndef LIB_PROBE_H
#define LIB_PROBE_H

#include "lib/probe_cert.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Looks at services as their users see them, with libcurl: many at once from
 * one thread, without blocking, each with one deadline for all of its steps.
 * A prober belongs to one thread.
 */
struct prober;

enum probe_state {
	PROBE_UNKNOWN, /* it could not be looked, for a reason of our own */
	PROBE_UP,
	PROBE_DOWN,
};

/* What becomes of a certificate that a mail program would not accept. */
enum probe_tls {
	PROBE_TLS_STRICT, /* the service is down */
	PROBE_TLS_ANY, /* nothing */
	PROBE_TLS_EXAMINE, /* it is described, and the service is up */
};

/* A message to hand in: its envelope, and RFC 5322 text with CR LF. */
struct probe_mail {
	const char *from, *to; /* from: "" for <> */
	const char *message;
	size_t message_len;
};

/*
 * An IMAP mailbox to look into: each message with this header, its value and
 * when it arrived (Unix seconds, 0: not told) is shown to "take"; where that
 * returns true, the message is removed.
 */
struct probe_inbox {
	const char *mailbox;
	const char *header;
	bool (*take)(void *arg, const char *value, int64_t arrived);
	/* Store this there before (RFC 5322, CR LF, with the header); NULL. */
	const char *append;
};

struct probe_order {
	/*
	 * http, https: the page must answer 2xx or 3xx; with a user, its log-in
	 * form (or HTTP's own) must let him in.  smtp, smtps, imap, imaps,
	 * pop3, pop3s, ftp, ftps: the greeting, with "starttls" TLS, with a
	 * user the log-in.  tcp: a connection.
	 */
	const char *url;
	const char *expect; /* must be in the page, or in tcp's greeting */
	const char *inside; /* must be in the page behind the log-in */
	const char *user, *password; /* NULL: no log-in */
	const char *tls_name; /* NULL: the URL's host */
	const char *ca_file; /* NULL: the system's */
	bool starttls;
	enum probe_tls tls;
	const struct probe_mail *mail; /* smtp, smtps: hand this in; or NULL */
	const struct probe_inbox *inbox; /* imap, imaps; or NULL */
	int timeout_ms;
};

struct probe_result {
	enum probe_state state;
	double latency_s; /* how long it took */
	char reason[256]; /* why it is not up: "connection refused" */
	struct probe_cert cert; /* "given" where TLS was spoken */
};

/* NULL with *e set on failure. */
struct prober *prober_open(struct err *e);
/* What is under way is given up, and told to nobody.  NULL is harmless. */
void prober_close(struct prober *p);

/*
 * Begin to look; the order is copied (not what inbox.take's "arg" points to).
 * "done" is called once, from prober_wait(), also where nothing could be begun;
 * "arg" goes to it and to inbox.take.
 */
void prober_begin(struct prober *p, const struct probe_order *order,
    void (*done)(void *arg, const struct probe_result *r), void *arg);

/* How many are under way. */
size_t prober_busy(const struct prober *p);

/*
 * Work, and wait at most "wait_ms" for something to do or for one of "fds"
 * (at most PROBE_FDS, whose revents are set).
 */
#define PROBE_FDS 64
void prober_wait(struct prober *p, struct pollfd *fds, size_t n, int wait_ms);

#endif
