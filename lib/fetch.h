#ifndef LIB_FETCH_H
#define LIB_FETCH_H

#include "lib/buf.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * One HTTP request, or one message over SMTP, with libcurl: named protocols
 * only, no redirects, no proxy from the environment, one deadline for all.
 * Any thread may call these; each call blocks its thread.
 */

/*
 * A connection that stands between requests to one host, for what asks often:
 * to begin one with TLS takes tens of milliseconds of a core.  One thread at a
 * time.  After ten minutes it is made anew, and where the other side has closed
 * it.  NULL without memory.
 */
struct fetch_kept;
struct fetch_kept *fetch_kept_new(void);
void fetch_kept_free(struct fetch_kept *k); /* NULL is harmless */

/* What the two have in common.  Zero-initialise; 0 and NULL mean the default.
 */
struct fetch_limits {
	int timeout_ms; /* for all of it; 0: 15000 */
	int connect_ms; /* 0: 5000 */
	const char *ca_file; /* NULL: the system's */
	/* Without TLS allowed to any host, not only to loopback. */
	bool plain;
	/*
	 * For addresses that strangers gave: refuses a host that resolves to a
	 * private, loopback, link-local or otherwise special address, before a
	 * socket is opened.
	 */
	bool public_only;
	/* When it becomes true, the call ends within about a second. */
	const atomic_bool *cancel;
	struct fetch_kept *kept; /* NULL: a connection of its own */
	/*
	 * Called once, when the connection stands and before the first byte of
	 * the request (or of MAIL FROM) is sent; anything but 0 gives up.
	 */
	int (*about_to_send)(void *arg);
	void *arg;
};

struct fetch_request {
	const char *method; /* NULL: POST where there is a body, else GET */
	const char *url; /* http:// or https:// */
	const char *const *headers; /* "Name: value", ended by NULL; or NULL */
	const char *content_type; /* of the body, or NULL */
	const void *body;
	size_t body_len;
	const char *bearer; /* Authorization: Bearer, or NULL */
	const char *user, *password; /* Authorization: Basic, or NULL */
	size_t max_answer; /* bytes of the answer's body; 0: 1 MiB */
	struct fetch_limits limits;
};

struct fetch_answer {
	int status; /* 200 ... */
	struct buf body;
	int retry_after_s; /* from Retry-After in seconds; 0: not said */
};

/*
 * Make the request.  Returns 0 when an answer came, of any status, and
 * *answer_r is to be freed with fetch_answer_free(); or -1 with *e set and
 * nothing to free.  A header, URL or token with a control character in it is
 * refused.
 */
int fetch(const struct fetch_request *req, struct fetch_answer *answer_r,
    struct err *e);
void fetch_answer_free(struct fetch_answer *a);

struct fetch_mail {
	/*
	 * smtp://[user@]host[:port] (STARTTLS is used where offered, and must
	 * be where there is a password or "need_tls") or smtps://.
	 */
	const char *url;
	const char *user; /* NULL: the URL's; used with a password only */
	const char *password; /* NULL: the URL's, or none */
	bool need_tls;
	const char *helo; /* NULL: this host's name */
	const char *from; /* envelope sender; "" for <> */
	const char *const *to; /* envelope recipients, ended by NULL */
	const char *message; /* RFC 5322, lines ended by CR LF */
	size_t message_len;
	struct fetch_limits limits;
};

/* Returns 0 when the server took the message, or -1 with *e set. */
int fetch_mail(const struct fetch_mail *mail, struct err *e);

/* Whether the URL's host is "localhost", in 127.0.0.0/8, or ::1. */
bool fetch_is_loopback(const char *url);

/*
 * Whether this could be fetched as it is written: one of the protocols
 * (NULL-ended, as "https"), a host, no control character or blank, and without
 * TLS only to loopback unless "plain".  Returns 0, or -1 with *e saying what
 * would be right.  For checking configurations.
 */
int fetch_check_url(
    const char *url, const char *const *protocols, bool plain, struct err *e);

#endif
