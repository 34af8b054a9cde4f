#ifndef LIB_PROBE_LOOK_H
#define LIB_PROBE_LOOK_H

#include "lib/buf.h"
#include "lib/probe.h"
#include "lib/probe_imap.h"

#include <curl/curl.h>

/*
 * Internal to lib/probe*: one look under way.
 */
enum look_step {
	LOOK_FIRST,
	LOOK_DESCRIBE, /* once more, for a certificate that is not accepted */
	LOOK_PAGE, /* a redirect of the first page was followed */
	LOOK_FORM, /* the log-in was sent */
	LOOK_INSIDE, /* a redirect behind the log-in was followed */
	LOOK_TALK, /* libcurl has connected; the talk is ours */
};

/* The order's texts, owned. */
struct look_texts {
	char *url, *expect, *inside, *user, *password, *tls_name, *ca_file;
	char *from, *to, *message, *mailbox, *header, *append;
};

struct look {
	struct probe_order order; /* its texts are those of "texts" */
	struct look_texts texts;
	struct probe_mail mail;
	struct probe_inbox inbox;
	void (*done)(void *arg, const struct probe_result *r);
	void *arg;

	CURL *easy;
	struct curl_slist *connect_to, *rcpt;
	bool loopback; /* the URL's host */
	bool http, tcp;
	enum look_step step;
	int redirects;
	int64_t started_ms, deadline_ms; /* monotonic */
	struct buf body; /* the page; or what is to be sent in a talk */
	size_t sent; /* of it */
	bool greeted; /* "expect" was in what tcp said */
	struct imap_talk talk;
	bool talking;
	bool authenticated; /* SMTP said so */
	char reply[160]; /* the server's last line */
	char error[CURL_ERROR_SIZE];
	struct probe_result r;
};

/* What a step came to. */
enum look_next { LOOK_OVER, LOOK_AGAIN, LOOK_GO_ON };

/*
 * Copy the order and make the handle.  Returns 0, or -1 without memory or with
 * a URL that is none (r.reason says which).
 */
int look_open(struct look *l, const struct probe_order *order);
void look_close(struct look *l);

/* Set the deadline of the next transfer to what is left. */
void look_limit(struct look *l, int64_t now_ms);
/* Have the next transfer describe the certificate, accepted or not. */
void look_accept_all(struct look *l);
/* Fill r.cert from the transfer that ended. */
void look_certificate(struct look *l);

/*
 * The transfer ended with "code": LOOK_OVER with l->r filled, LOOK_AGAIN for
 * another transfer that is prepared, LOOK_GO_ON for a talk that has begun.
 */
enum look_next look_ended(struct look *l, CURLcode code);

/* The same for a page. */
enum look_next look_page(struct look *l);

/* Whether the talk wants to send, else receive. */
bool look_sends(const struct look *l);
/* Talk on as far as it goes without waiting: LOOK_GO_ON or LOOK_OVER. */
enum look_next look_talk(struct look *l);

/* Fill l->r. */
enum look_next look_up(struct look *l);
enum look_next look_down(struct look *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
