/*
 * What libcurl is told, and what it has found.
 */
#include "lib/probe_look.h"

#include "lib/clock.h"
#include "lib/fetch.h"
#include "lib/fetch_handle.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define BODY_MOST ((size_t)1024 * 1024)
#define BODY_KEPT ((size_t)512 * 1024)
#define HOST_MOST 256

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct look *l = arg;

	/* What is too much is not looked at. */
	if (l->body.len + n * size <= BODY_KEPT)
		buf_add(&l->body, p, n * size);
	return n * size;
}

/* Lines that mail servers say come here, as the headers of a page do. */
static size_t
take_line(char *p, size_t size, size_t n, void *arg)
{
	struct look *l = arg;
	size_t len = n * size;

	while (len > 0 && (p[len - 1] == '\n' || p[len - 1] == '\r'))
		len--;
	(void)snprintf(l->reply, sizeof(l->reply), "%.*s", (int)len, p);
	if (len >= 3 && strncmp(p, "235", 3) == 0)
		l->authenticated = true;
	return n * size;
}

static size_t
give_mail(char *out, size_t size, size_t n, void *arg)
{
	struct look *l = arg;
	size_t left = l->mail.message_len - l->sent;

	n *= size;
	if (n > left)
		n = left;
	memcpy(out, l->mail.message + l->sent, n);
	l->sent += n;
	return n;
}

static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	(void)arg;
	(void)purpose;
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int
keep(char **to, const char *from)
{
	*to = from != NULL ? strdup(from) : NULL;
	return from != NULL && *to == NULL ? -1 : 0;
}

static int
copy_order(struct look *l, const struct probe_order *o)
{
	struct look_texts *t = &l->texts;

	l->order = *o;
	if (keep(&t->url, o->url) == -1 || keep(&t->expect, o->expect) == -1 ||
	    keep(&t->inside, o->inside) == -1 ||
	    keep(&t->user, o->user) == -1 ||
	    keep(&t->password, o->password) == -1 ||
	    keep(&t->tls_name, o->tls_name) == -1 ||
	    keep(&t->ca_file, o->ca_file) == -1)
		return -1;
	if (o->mail != NULL) {
		l->mail = *o->mail;
		t->message = malloc(o->mail->message_len + 1);
		if (t->message == NULL || keep(&t->from, o->mail->from) == -1 ||
		    keep(&t->to, o->mail->to) == -1)
			return -1;
		memcpy(t->message, o->mail->message, o->mail->message_len);
		l->mail.message = t->message;
		l->order.mail = &l->mail;
	}
	if (o->inbox != NULL) {
		l->inbox = *o->inbox;
		if (keep(&t->mailbox, o->inbox->mailbox) == -1 ||
		    keep(&t->header, o->inbox->header) == -1 ||
		    keep(&t->append, o->inbox->append) == -1)
			return -1;
		l->inbox.mailbox = t->mailbox;
		l->inbox.header = t->header;
		l->inbox.append = t->append;
		l->order.inbox = &l->inbox;
	}
	return 0;
}

/* "mail.example.net::127.0.0.1:993": the name is asked for at that address. */
static int
rename_host(struct look *l, CURLU *u)
{
	char *host = NULL, *port = NULL, *rule = NULL, *url = NULL;
	int rc = -1;

	if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return -1;
	(void)curl_url_get(u, CURLUPART_PORT, &port, 0);
	if (asprintf(&rule, "::%s:%s", host, port != NULL ? port : "") == -1)
		rule = NULL;
	if (rule != NULL &&
	    curl_url_set(u, CURLUPART_HOST, l->texts.tls_name, 0) ==
	        CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK) {
		l->connect_to = curl_slist_append(NULL, rule);
		(void)curl_easy_setopt(
		    l->easy, CURLOPT_CONNECT_TO, l->connect_to);
		rc = curl_easy_setopt(l->easy, CURLOPT_URL, url) == CURLE_OK
		    ? 0
		    : -1;
	}
	curl_free(host);
	curl_free(port);
	curl_free(url);
	free(rule);
	return rc;
}

/* The address for libcurl; a bare connection goes by "http". */
static int
set_url(struct look *l)
{
	CURLU *u = curl_url();
	char *url = NULL;
	int rc = -1;

	if (u == NULL ||
	    curl_url_set(u, CURLUPART_URL, l->texts.url,
	        CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		goto out;
	if (l->tcp)
		(void)curl_url_set(u, CURLUPART_SCHEME, "http", 0);
	if (l->inbox.mailbox != NULL)
		(void)curl_url_set(u, CURLUPART_PATH, "/", 0);
	if (l->texts.tls_name != NULL && l->texts.tls_name[0] != '\0') {
		rc = rename_host(l, u);
	} else if (curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK) {
		rc = curl_easy_setopt(l->easy, CURLOPT_URL, url) == CURLE_OK
		    ? 0
		    : -1;
	}
out:
	curl_free(url);
	curl_url_cleanup(u);
	return rc;
}

static void
set_tls(struct look *l)
{
	CURL *c = l->easy;
	bool named = l->texts.tls_name != NULL && l->texts.tls_name[0] != '\0';
	bool verify = l->order.tls != PROBE_TLS_ANY;
	bool names = verify && (named || !l->loopback);

	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, names ? 2L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	(void)curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
	if (l->order.starttls)
		(void)curl_easy_setopt(
		    c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (l->texts.ca_file != NULL && l->texts.ca_file[0] != '\0')
		(void)curl_easy_setopt(c, CURLOPT_CAINFO, l->texts.ca_file);
	l->r.cert.names_judged = names;
}

static void
set_mail(struct look *l)
{
	l->rcpt = curl_slist_append(NULL, l->texts.to);
	(void)curl_easy_setopt(l->easy, CURLOPT_MAIL_RCPT, l->rcpt);
	(void)curl_easy_setopt(l->easy, CURLOPT_MAIL_FROM, l->texts.from);
	(void)curl_easy_setopt(l->easy, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(l->easy, CURLOPT_READFUNCTION, give_mail);
	(void)curl_easy_setopt(l->easy, CURLOPT_READDATA, l);
	(void)curl_easy_setopt(
	    l->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)l->mail.message_len);
}

static void
set_options(struct look *l)
{
	CURL *c = l->easy;

	(void)curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
	    "http,https,smtp,smtps,imap,imaps,pop3,pop3s,ftp,ftps");
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, l);
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, l->error);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "mailglance/" MG_VERSION);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, l);
	(void)curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_line);
	(void)curl_easy_setopt(c, CURLOPT_HEADERDATA, l);
	set_tls(l);
	if (l->order.mail != NULL)
		set_mail(l);
	/* One that is only connected is ours, and closed with its handle. */
	if (l->order.mail == NULL &&
	    (!l->http || l->order.tls == PROBE_TLS_EXAMINE))
		(void)curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	else
		(void)curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	if (l->http) /* keeps cookies, reads none from anywhere */
		(void)curl_easy_setopt(c, CURLOPT_COOKIEFILE, "");
	else if (l->texts.user != NULL) {
		(void)curl_easy_setopt(c, CURLOPT_USERNAME, l->texts.user);
		(void)curl_easy_setopt(c, CURLOPT_PASSWORD,
		    l->texts.password != NULL ? l->texts.password : "");
	}
}

int
look_open(struct look *l, const struct probe_order *order)
{
	buf_init(&l->body, BODY_MOST);
	l->r.state = PROBE_UNKNOWN;
	l->http = strncasecmp(order->url, "http", 4) == 0;
	l->tcp = strncasecmp(order->url, "tcp:", 4) == 0;
	l->loopback = fetch_is_loopback(order->url);
	l->easy = curl_easy_init();
	if (l->easy == NULL || copy_order(l, order) == -1) {
		(void)snprintf(l->r.reason, sizeof(l->r.reason), "no memory");
		return -1;
	}
	if (set_url(l) == -1) {
		(void)snprintf(
		    l->r.reason, sizeof(l->r.reason), "its URL is none");
		return -1;
	}
	set_options(l);
	return 0;
}

static void
forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void
look_close(struct look *l)
{
	struct look_texts *t = &l->texts;

	curl_easy_cleanup(l->easy);
	curl_slist_free_all(l->connect_to);
	curl_slist_free_all(l->rcpt);
	if (l->talking)
		imap_talk_end(&l->talk);
	buf_free(&l->body);
	forget(t->password);
	free(t->url);
	free(t->expect);
	free(t->inside);
	free(t->user);
	free(t->tls_name);
	free(t->ca_file);
	free(t->from);
	free(t->to);
	free(t->message);
	free(t->mailbox);
	free(t->header);
	free(t->append);
	free(l);
}

void
look_limit(struct look *l, int64_t now_ms)
{
	int64_t left = l->deadline_ms - now_ms;

	(void)curl_easy_setopt(
	    l->easy, CURLOPT_TIMEOUT_MS, left > 1 ? (long)left : 1L);
	(void)curl_easy_setopt(
	    l->easy, CURLOPT_CONNECTTIMEOUT_MS, left > 1 ? (long)left : 1L);
}

void
look_accept_all(struct look *l)
{
	(void)curl_easy_setopt(l->easy, CURLOPT_SSL_VERIFYPEER, 0L);
}

void
look_certificate(struct look *l)
{
	struct curl_certinfo *info = NULL;
	struct curl_slist *line;

	if (curl_easy_getinfo(l->easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return;
	for (line = info->certinfo[0]; line != NULL; line = line->next)
		probe_cert_line(&l->r.cert, line->data);
}
