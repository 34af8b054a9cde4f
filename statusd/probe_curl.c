#include "statusd/probe_job.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)256 * 1024)

static size_t
take_body(char *p, size_t size, size_t n, void *arg)
{
	struct probe_job *j = arg;

	/* What is too much is not looked at. */
	if (j->body.len + size * n <= BODY_MAX)
		buf_add(&j->body, p, size * n);
	return size * n;
}

static void
address_text(const struct probe_job *j, char out[INET6_ADDRSTRLEN + 2])
{
	char text[INET6_ADDRSTRLEN] = "";
	const void *a = &j->address;

	if (j->address.ss_family == AF_INET) {
		(void)inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)a)->sin_addr, text,
		    sizeof(text));
		(void)snprintf(out, INET6_ADDRSTRLEN + 2, "%s", text);
	} else {
		(void)inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)a)->sin6_addr, text,
		    sizeof(text));
		(void)snprintf(out, INET6_ADDRSTRLEN + 2, "[%s]", text);
	}
}

/* The URL for libcurl: a bare connection goes by "http". */
static void
make_url(const struct probe_job *j, char *out, size_t size)
{
	const struct probe_target *t = &j->target;
	bool six = strchr(t->host, ':') != NULL;

	(void)snprintf(out, size, "%s://%s%s%s:%d%s",
	    t->kind == PROBE_TCP ? "http" : t->scheme, six ? "[" : "", t->host,
	    six ? "]" : "", t->port,
	    t->kind == PROBE_HTTP && t->rest[0] != '\0' ? t->rest : "/");
}

static int
set_options(struct probe_job *j, const char *url)
{
	CURL *c = j->easy;
	int bad = 0;

	bad |= curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK;
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
	           "http,https,smtp,smtps,imap,imaps,pop3,pop3s,ftp,ftps") !=
	    CURLE_OK;
	bad |= curl_easy_setopt(c, CURLOPT_RESOLVE, j->resolve) != CURLE_OK;
	(void)curl_easy_setopt(c, CURLOPT_PRIVATE, j);
	(void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	(void)curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
	(void)curl_easy_setopt(c, CURLOPT_USERAGENT, "mailglance");
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, j->verify ? 1L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, j->verify ? 2L : 0L);
	(void)curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)j->timeout_ms);
	(void)curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(c, CURLOPT_WRITEDATA, j);
	if (j->starttls)
		(void)curl_easy_setopt(
		    c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	/* Greeting, TLS and capabilities; then it has answered. */
	(void)curl_easy_setopt(c,
	    j->target.kind != PROBE_HTTP ? CURLOPT_CONNECT_ONLY
	                                 : CURLOPT_FORBID_REUSE,
	    1L);
	return bad ? -1 : 0;
}

int
probe_curl_start(struct probe_job *j, CURLM *multi)
{
	char url[1024], resolve[512], address[INET6_ADDRSTRLEN + 2];

	buf_init(&j->body, BODY_MAX);
	address_text(j, address);
	make_url(j, url, sizeof(url));
	(void)snprintf(resolve, sizeof(resolve), "%s:%d:%s", j->target.host,
	    j->target.port, address);
	j->easy = curl_easy_init();
	if (strchr(j->target.host, ':') == NULL)
		j->resolve = curl_slist_append(NULL, resolve);
	if (j->easy == NULL || set_options(j, url) == -1 ||
	    curl_multi_add_handle(multi, j->easy) != CURLM_OK) {
		(void)snprintf(j->fault, sizeof(j->fault), "no memory");
		return -1;
	}
	j->stage = PROBE_CURL;
	return 0;
}

static void
read_certificate(struct probe_job *j)
{
	static const char key[] = "Expire date:", serial[] = "Serial Number:";
	struct curl_certinfo *info = NULL;
	unsigned char sum[16] = { 0 };

	if (curl_easy_getinfo(j->easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
	    info == NULL || info->num_of_certs < 1)
		return;
	for (struct curl_slist *l = info->certinfo[0]; l != NULL; l = l->next) {
		if (strncmp(l->data, key, sizeof(key) - 1) == 0) {
			int64_t at = probe_expiry(l->data + sizeof(key) - 1);

			j->expires_at = at > 0 ? at : 0;
		}
		if (strncmp(l->data, serial, sizeof(serial) - 1) == 0)
			(void)crypto_generichash(sum, sizeof(sum),
			    (const unsigned char *)l->data, strlen(l->data),
			    NULL, 0);
	}
	/* Any number tells two apart. */
	memcpy(&j->cert, sum, sizeof(j->cert));
	j->cert &= INT64_MAX;
}

static void
judge_http(struct probe_job *j)
{
	long status = 0;

	(void)curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200 || status >= 400) {
		j->failed = true;
		(void)snprintf(j->fault, sizeof(j->fault),
		    "the answer has the status %ld", status);
	} else if (j->expect[0] != '\0' &&
	    strstr(buf_text(&j->body), j->expect) == NULL) {
		j->failed = true;
		(void)snprintf(j->fault, sizeof(j->fault),
		    "the answer does not hold the text expected");
	}
}

int
probe_curl_done(struct probe_job *j, CURLcode code)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	read_certificate(j);
	/* A server that wants to know who asks has answered. */
	j->failed = code != CURLE_OK && code != CURLE_LOGIN_DENIED;
	if (j->failed) {
		(void)snprintf(
		    j->fault, sizeof(j->fault), "%s", curl_easy_strerror(code));
		return 0;
	}
	if (j->target.kind == PROBE_HTTP)
		judge_http(j);
	if (j->target.kind != PROBE_TCP || j->expect[0] == '\0')
		return 0;
	if (curl_easy_getinfo(j->easy, CURLINFO_ACTIVESOCKET, &fd) !=
	    CURLE_OK) {
		j->failed = true;
		return 0;
	}
	j->fd = fd;
	j->stage = PROBE_WAITING;
	return 1;
}

int
probe_curl_banner(struct probe_job *j)
{
	char part[1024];
	size_t n = 0;
	CURLcode rc = curl_easy_recv(j->easy, part, sizeof(part), &n);

	if (rc == CURLE_AGAIN)
		return 1;
	buf_add(&j->body, part, n);
	if (strstr(buf_text(&j->body), j->expect) != NULL)
		return 0;
	if (rc == CURLE_OK && n > 0 && !j->body.bad)
		return 1;
	j->failed = true;
	(void)snprintf(j->fault, sizeof(j->fault),
	    "the greeting does not hold the text expected");
	return 0;
}

void
probe_curl_end(struct probe_job *j, CURLM *multi)
{
	if (j->easy != NULL) {
		(void)curl_multi_remove_handle(multi, j->easy);
		curl_easy_cleanup(j->easy);
		/* The socket was libcurl's. */
		j->fd = -1;
	}
	j->easy = NULL;
	curl_slist_free_all(j->resolve);
	j->resolve = NULL;
	buf_free(&j->body);
}
