/*
 * What the end of each step means, and what comes next.
 */
#include "lib/probe_look.h"

#include "lib/escape.h"
#include "lib/probe_form.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define REDIRECTS_MOST 5
#define FORM_MOST ((size_t)64 * 1024)

enum look_next
look_up(struct look *l)
{
	l->r.state = PROBE_UP;
	l->r.reason[0] = '\0';
	return LOOK_OVER;
}

/* A server's words may stand in it: they must be harmless. */
enum look_next
look_down(struct look *l, const char *fmt, ...)
{
	char text[512];
	struct buf b;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_init(&b, 4 * sizeof(text));
	escape_line(&b, text, strlen(text));
	l->r.state = PROBE_DOWN;
	(void)snprintf(
	    l->r.reason, sizeof(l->r.reason), "%.250s", buf_text(&b));
	buf_free(&b);
	return LOOK_OVER;
}

static enum look_next
no_connection(struct look *l)
{
	long number = 0;

	(void)curl_easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &number);
	return look_down(l, "no connection: %s",
	    number != 0 ? strerror((int)number) : "nobody answers");
}

static enum look_next
in_words(struct look *l, CURLcode code)
{
	const char *why = l->error[0] != '\0' ? l->error
	                                      : curl_easy_strerror(code);

	if (code == CURLE_COULDNT_RESOLVE_HOST)
		return look_down(l, "its name cannot be resolved");
	if (code == CURLE_COULDNT_CONNECT)
		return no_connection(l);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return look_down(l, "no answer within %g s",
		    (double)l->order.timeout_ms / 1000);
	if (code == CURLE_LOGIN_DENIED)
		return look_down(l, "the log-in is refused%s%s",
		    l->reply[0] != '\0' ? ": " : "", l->reply);
	if (code == CURLE_USE_SSL_FAILED)
		return look_down(l, "it does not offer STARTTLS");
	if (code == CURLE_PEER_FAILED_VERIFICATION)
		return look_down(l, "its certificate is not accepted: %s", why);
	if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR ||
	    code == CURLE_SEND_ERROR)
		return look_down(l, "it breaks the connection off");
	if (l->order.mail != NULL && l->reply[0] > '3')
		return look_down(l, "the server answers %s", l->reply);
	return look_down(l, "%s", why);
}

/* libcurl did not accept the certificate: why not, and what is it? */
static enum look_next
not_accepted(struct look *l)
{
	struct probe_cert *c = &l->r.cert;
	static const char head[] = "SSL certificate problem: ";
	const char *why = strstr(l->error, head);
	long verdict = 0;

	if (l->step == LOOK_DESCRIBE) {
		look_certificate(l);
		return look_up(l); /* only the names were judged */
	}
	(void)curl_easy_getinfo(l->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
	c->chain = probe_cert_chain(verdict);
	if (verdict == 0) {
		look_certificate(l);
		return look_up(l);
	}
	(void)snprintf(c->chain_fault, sizeof(c->chain_fault), "%.110s",
	    why != NULL ? why + sizeof(head) - 1 : l->error);
	look_accept_all(l);
	l->step = LOOK_DESCRIBE;
	return LOOK_AGAIN;
}

/* Polite, and without waiting for the answer. */
static void
say_goodbye(struct look *l)
{
	const char *word = "QUIT\r\n";
	size_t n;

	if (l->tcp || l->http)
		return;
	if (strncasecmp(l->texts.url, "imap", 4) == 0)
		word = "m LOGOUT\r\n";
	(void)curl_easy_send(l->easy, word, strlen(word), &n);
}

static enum look_next
connected(struct look *l)
{
	bool smtp = strncasecmp(l->texts.url, "smtp", 4) == 0;

	buf_reset(&l->body);
	l->sent = 0;
	if (l->order.tls == PROBE_TLS_EXAMINE && !l->r.cert.given)
		return look_down(l, "it shows no certificate");
	if (l->order.inbox != NULL) {
		imap_talk_begin(&l->talk, &l->inbox, l->arg, &l->body);
		l->talking = true;
	} else if (!l->tcp || l->texts.expect == NULL ||
	    l->texts.expect[0] == '\0') {
		say_goodbye(l);
		if (smtp && l->texts.user != NULL && !l->authenticated)
			return look_down(l, "it does not offer a log-in");
		return look_up(l);
	}
	l->step = LOOK_TALK;
	return LOOK_GO_ON;
}

enum look_next
look_ended(struct look *l, CURLcode code)
{
	struct probe_cert *c = &l->r.cert;

	if (code == CURLE_PEER_FAILED_VERIFICATION &&
	    l->order.tls == PROBE_TLS_EXAMINE)
		return not_accepted(l);
	/* A server that wants to know who asks has answered. */
	if (code == CURLE_LOGIN_DENIED && l->texts.user == NULL)
		code = CURLE_OK;
	if (code != CURLE_OK) {
		if (code == CURLE_PEER_FAILED_VERIFICATION)
			look_certificate(l);
		return in_words(l, code);
	}
	look_certificate(l);
	c->names_match = c->names_judged;
	if (l->step != LOOK_DESCRIBE && c->given &&
	    l->order.tls != PROBE_TLS_ANY)
		c->chain = PROBE_CHAIN_OK;
	if (l->order.mail != NULL)
		return look_up(l);
	return l->http && l->order.tls != PROBE_TLS_EXAMINE ? look_page(l)
	                                                    : connected(l);
}

bool
look_sends(const struct look *l)
{
	return l->talking && l->sent < l->body.len;
}

static enum look_next
heard(struct look *l, const char *p, size_t n)
{
	struct buf *b = &l->body;
	int rc;

	if (!l->talking) {
		buf_add(b, p, n);
		if (strstr(buf_text(b), l->texts.expect) != NULL)
			return look_up(l);
		return b->bad ? look_down(l, "it says too much") : LOOK_GO_ON;
	}
	rc = imap_talk_feed(&l->talk, p, n, b);
	if (rc == -1)
		return look_down(l, "%s", l->talk.fault);
	if (rc == 0)
		return LOOK_GO_ON;
	(void)curl_easy_send(l->easy, b->data + l->sent, b->len - l->sent, &n);
	if (l->inbox.append != NULL && l->talk.n_found == 0)
		return look_down(
		    l, "what was stored in %s is not there", l->inbox.mailbox);
	return look_up(l);
}

enum look_next
look_talk(struct look *l)
{
	enum look_next next;
	char part[4096];
	size_t n;
	CURLcode rc;

	do {
		while (look_sends(l)) {
			rc = curl_easy_send(l->easy, l->body.data + l->sent,
			    l->body.len - l->sent, &n);
			if (rc == CURLE_AGAIN)
				return LOOK_GO_ON;
			if (rc != CURLE_OK)
				return in_words(l, rc);
			l->sent += n;
		}
		rc = curl_easy_recv(l->easy, part, sizeof(part), &n);
		if (rc == CURLE_AGAIN)
			return LOOK_GO_ON;
		if (rc != CURLE_OK || n == 0)
			return l->talking || l->body.len == 0
			    ? in_words(l, CURLE_GOT_NOTHING)
			    : look_down(l,
			          "its greeting does not hold the text "
			          "expected");
		next = heard(l, part, n);
	} while (next == LOOK_GO_ON);
	return next;
}

/* Whether both lead to the same server by the same protocol. */
static bool
same_server(const char *a, const char *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST,
		CURLUPART_PORT };
	CURLU *ua = curl_url(), *ub = curl_url();
	bool same = ua != NULL && ub != NULL &&
	    curl_url_set(ua, CURLUPART_URL, a, 0) == CURLUE_OK &&
	    curl_url_set(ub, CURLUPART_URL, b, 0) == CURLUE_OK;
	char *pa, *pb;
	size_t i;

	for (i = 0; same && i < sizeof(parts) / sizeof(parts[0]); i++) {
		pa = pb = NULL;
		same = curl_url_get(ua, parts[i], &pa, CURLU_DEFAULT_PORT) ==
		        CURLUE_OK &&
		    curl_url_get(ub, parts[i], &pb, CURLU_DEFAULT_PORT) ==
		        CURLUE_OK &&
		    strcasecmp(pa, pb) == 0;
		curl_free(pa);
		curl_free(pb);
	}
	curl_url_cleanup(ua);
	curl_url_cleanup(ub);
	return same;
}

static enum look_next
get(struct look *l, const char *url)
{
	(void)curl_easy_setopt(l->easy, CURLOPT_HTTPGET, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_URL, url);
	return LOOK_AGAIN;
}

/* Send the log-in form of this page, to its own server only. */
static enum look_next
fill_form(struct look *l, const char *here)
{
	const struct probe_login login = { l->texts.user,
		l->texts.password != NULL ? l->texts.password : "" };
	struct buf action, fields;
	CURLU *u = curl_url();
	char *url = NULL;
	enum look_next next = LOOK_AGAIN;

	buf_init(&action, FORM_MOST);
	buf_init(&fields, FORM_MOST);
	if (probe_form_fill(buf_text(&l->body), &login, &action, &fields) == -1)
		next = look_down(l, "the page has no log-in form");
	else if (u == NULL ||
	    curl_url_set(u, CURLUPART_URL, here, 0) != CURLUE_OK ||
	    (action.len > 0 &&
	        curl_url_set(u, CURLUPART_URL, buf_text(&action), 0) !=
	            CURLUE_OK) ||
	    curl_url_get(u, CURLUPART_URL, &url, 0) != CURLUE_OK ||
	    !same_server(here, url))
		next = look_down(l, "the log-in form leads elsewhere");
	if (next == LOOK_AGAIN) {
		(void)curl_easy_setopt(
		    l->easy, CURLOPT_COPYPOSTFIELDS, buf_text(&fields));
		(void)curl_easy_setopt(l->easy, CURLOPT_URL, url);
		l->step = LOOK_FORM;
	}
	if (fields.data != NULL)
		explicit_bzero(fields.data, fields.len);
	buf_free(&action);
	buf_free(&fields);
	curl_free(url);
	curl_url_cleanup(u);
	return next;
}

static enum look_next
inside(struct look *l, long status)
{
	if (status < 200 || status >= 300)
		return look_down(
		    l, "the page behind the log-in answers %ld", status);
	if (probe_form_asks(buf_text(&l->body)))
		return look_down(l, "the log-in is refused: its form is back");
	if (l->texts.inside != NULL && l->texts.inside[0] != '\0' &&
	    strstr(buf_text(&l->body), l->texts.inside) == NULL)
		return look_down(l,
		    "the page behind the log-in does not hold the text "
		    "expected");
	return look_up(l);
}

static enum look_next
outside(struct look *l, const char *here, long status)
{
	bool wants = l->texts.expect != NULL && l->texts.expect[0] != '\0';

	if (status == 401 && l->texts.user != NULL && l->redirects == 0) {
		(void)curl_easy_setopt(
		    l->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		(void)curl_easy_setopt(
		    l->easy, CURLOPT_USERNAME, l->texts.user);
		(void)curl_easy_setopt(l->easy, CURLOPT_PASSWORD,
		    l->texts.password != NULL ? l->texts.password : "");
		l->step = LOOK_INSIDE;
		l->redirects = REDIRECTS_MOST;
		return LOOK_AGAIN;
	}
	if (status < 200 || status >= 400)
		return look_down(l, "the page answers %ld", status);
	if (wants && strstr(buf_text(&l->body), l->texts.expect) == NULL)
		return look_down(l, "the page does not hold the text expected");
	return l->texts.user != NULL ? fill_form(l, here) : look_up(l);
}

enum look_next
look_page(struct look *l)
{
	bool in = l->step == LOOK_FORM || l->step == LOOK_INSIDE;
	bool reads = l->texts.user != NULL ||
	    (l->texts.expect != NULL && l->texts.expect[0] != '\0');
	const char *here = NULL, *there = NULL;
	long status = 0;

	(void)curl_easy_getinfo(l->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(l->easy, CURLINFO_EFFECTIVE_URL, &here);
	(void)curl_easy_getinfo(l->easy, CURLINFO_REDIRECT_URL, &there);
	if (here == NULL)
		here = l->texts.url;
	if (there != NULL && reads && l->redirects < REDIRECTS_MOST &&
	    same_server(here, there)) {
		l->redirects++;
		if (l->step == LOOK_FIRST)
			l->step = LOOK_PAGE;
		else if (l->step == LOOK_FORM)
			l->step = LOOK_INSIDE;
		return get(l, there);
	}
	return in ? inside(l, status) : outside(l, here, status);
}
