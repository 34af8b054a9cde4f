#include "lib/fetch.h"

#include "lib/err.h"
#include "lib/fetch_handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What of the message libcurl has not read yet. */
struct source {
	const char *p;
	size_t left;
};

static size_t
give(char *out, size_t size, size_t n, void *arg)
{
	struct source *s = arg;

	n *= size;
	if (n > s->left)
		n = s->left;
	memcpy(out, s->p, n);
	s->p += n;
	s->left -= n;
	return n;
}

/* Could an address break out of its command (RFC 5321 section 4.1.2)? */
static int
check_address(const char *a, struct err *e)
{
	if (fetch_has_control(a) || strpbrk(a, "<> ") != NULL ||
	    strlen(a) > 320)
		return err_set(e,
		    "a mail address has characters that an "
		    "envelope cannot have: not sent");
	return 0;
}

/*
 * A secret goes only over TLS or loopback.  Without one, and without
 * "need_tls", STARTTLS is taken where it is offered, whoever's certificate it
 * is: the alternative would be no TLS at all.
 */
static void
set_tls(CURL *curl, const struct fetch_mail *m, bool secret)
{
	bool wrapped = strncasecmp(m->url, "smtps://", 8) == 0;
	bool must = m->need_tls || (secret && !fetch_is_loopback(m->url));

	curl_easy_setopt(curl, CURLOPT_USE_SSL,
	    must ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	if (!wrapped && !must) {
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

/*
 * The URL without its user, whose name and password become options (they are
 * percent-encoded in a URL); the path is the name for EHLO.
 */
static int
set_url(CURL *curl, const struct fetch_mail *m, struct err *e)
{
	struct fetch_url_parts p;
	const char *user = m->user, *password = m->password;
	char *url = NULL;
	size_t n;
	int result = -1;

	if (fetch_url_split(m->url, &p) == -1) {
		(void)err_set(e, "URL: is no smtp:// or smtps:// URL");
		goto out;
	}
	if (user == NULL && p.user[0] != '\0')
		user = p.user;
	if (password == NULL && p.password[0] != '\0')
		password = p.password;
	n = strcspn(strstr(p.url, "://") + 3, "/?#");
	n += (size_t)(strstr(p.url, "://") + 3 - p.url);
	if (asprintf(&url, "%.*s/%s", (int)n, p.url, m->helo ? m->helo : "") ==
	    -1) {
		url = NULL;
		(void)err_set(e, "no memory");
		goto out;
	}
	curl_easy_setopt(curl, CURLOPT_URL, url);
	set_tls(curl, m, password != NULL);
	if (user != NULL && password != NULL) {
		curl_easy_setopt(curl, CURLOPT_USERNAME, user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, password);
	}
	result = 0;
out:
	free(url);
	free(p.url);
	free(p.user);
	free(p.password);
	return result;
}

static int
check(const struct fetch_mail *m, struct err *e)
{
	static const char *const protocols[] = { "smtps", "smtp", NULL };

	if (fetch_check_url(m->url, protocols, true, e) == -1)
		return err_prefix(e, "URL");
	if (m->helo != NULL &&
	    (fetch_has_control(m->helo) || strpbrk(m->helo, "/?# ") != NULL))
		return err_set(e, "the name for EHLO is no host name");
	if (check_address(m->from, e) == -1)
		return -1;
	for (size_t i = 0; m->to[i] != NULL; i++)
		if (m->to[i][0] == '\0' || check_address(m->to[i], e) == -1)
			return err_prefix(e, "recipient");
	return 0;
}

static int
run(struct fetch_handle *h, const struct fetch_mail *m, struct err *e)
{
	struct source source = { m->message, m->message_len };
	long reply = 0;

	if (m->from[0] != '\0')
		curl_easy_setopt(h->curl, CURLOPT_MAIL_FROM, m->from);
	curl_easy_setopt(h->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(h->curl, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(h->curl, CURLOPT_READDATA, &source);
	curl_easy_setopt(
	    h->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)m->message_len);
	if (fetch_handle_run(h, e) == 0)
		return 0;
	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &reply);
	if (reply >= 400)
		return err_prefix(e, "the server answered %ld", reply);
	return -1;
}

int
fetch_mail(const struct fetch_mail *mail, struct err *e)
{
	struct fetch_handle h;
	struct curl_slist *to = NULL, *more;
	int result = -1;

	if (check(mail, e) == -1 ||
	    fetch_handle_open(&h, &mail->limits, "smtp,smtps", e) == -1)
		return -1;
	for (size_t i = 0; mail->to[i] != NULL; i++) {
		more = curl_slist_append(to, mail->to[i]);
		if (more == NULL) {
			(void)err_set(e, "no memory");
			goto out;
		}
		to = more;
	}
	curl_easy_setopt(h.curl, CURLOPT_MAIL_RCPT, to);
	if (set_url(h.curl, mail, e) == -1)
		goto out;
	result = run(&h, mail, e);
out:
	fetch_handle_close(&h);
	curl_slist_free_all(to);
	return result;
}
