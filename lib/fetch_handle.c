#include "lib/fetch_handle.h"

#include "lib/err.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#define KEPT_S 600L

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode init_result;

static void
init(void)
{
	init_result = curl_global_init(CURL_GLOBAL_DEFAULT);
}

/*
 * Refuses what the rules do not allow before there is a socket; and no child
 * inherits the others.
 */
static curl_socket_t
open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct fetch_handle *h = arg;

	(void)purpose;
	if ((h->limits->public_only && !fetch_is_public(&a->addr)) ||
	    (h->loopback_only && !fetch_is_loopback_address(&a->addr))) {
		h->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static int
progress(void *arg, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total,
    curl_off_t ul_now)
{
	const struct fetch_handle *h = arg;

	(void)dl_total;
	(void)dl_now;
	(void)ul_total;
	(void)ul_now;
	return h->limits->cancel != NULL && atomic_load(h->limits->cancel);
}

static int
before_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	const struct fetch_handle *h = arg;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	if (h->limits->about_to_send != NULL &&
	    h->limits->about_to_send(h->limits->arg) != 0)
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}

struct fetch_kept {
	CURL *curl; /* NULL before its first request */
};

struct fetch_kept *
fetch_kept_new(void)
{
	return calloc(1, sizeof(struct fetch_kept));
}

void
fetch_kept_free(struct fetch_kept *k)
{
	if (k != NULL)
		curl_easy_cleanup(k->curl);
	free(k);
}

/* A handle with no option set; a kept one has its connection. */
static CURL *
easy_of(struct fetch_handle *h)
{
	struct fetch_kept *k = h->limits->kept;

	if (k == NULL)
		return curl_easy_init();
	h->kept = true;
	if (k->curl == NULL)
		k->curl = curl_easy_init();
	if (k->curl != NULL)
		curl_easy_setopt(k->curl, CURLOPT_MAXLIFETIME_CONN, KEPT_S);
	return k->curl;
}

int
fetch_handle_open(struct fetch_handle *h, const struct fetch_limits *limits,
    const char *protocols, struct err *e)
{
	long timeout = limits->timeout_ms > 0 ? limits->timeout_ms : 15000;
	long connect = limits->connect_ms > 0 ? limits->connect_ms : 5000;

	*h = (struct fetch_handle){ .limits = limits };
	(void)pthread_once(&once, init);
	if (init_result != CURLE_OK || (h->curl = easy_of(h)) == NULL)
		return err_set(e, "libcurl cannot be started");
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, protocols);
	curl_easy_setopt(h->curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT_MS, timeout);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
	curl_easy_setopt(
	    h->curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, timeout / 1000 + 1);
	/* a resolver that does not answer holds up nobody */
	curl_easy_setopt(h->curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(h->curl, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(h->curl, CURLOPT_XFERINFODATA, h);
	curl_easy_setopt(h->curl, CURLOPT_PREREQFUNCTION, before_request);
	curl_easy_setopt(h->curl, CURLOPT_PREREQDATA, h);
	if (limits->ca_file != NULL && limits->ca_file[0] != '\0')
		curl_easy_setopt(h->curl, CURLOPT_CAINFO, limits->ca_file);
	return 0;
}

int
fetch_handle_run(struct fetch_handle *h, struct err *e)
{
	CURLcode code = curl_easy_perform(h->curl);

	if (code == CURLE_OK)
		return 0;
	if (h->refused && h->limits->public_only)
		return err_set(e, "the host has no public address");
	if (h->refused)
		return err_set(
		    e, "without TLS only hosts on loopback are allowed");
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return err_set(e, "given up");
	return err_set(
	    e, "%s", h->error[0] != '\0' ? h->error : curl_easy_strerror(code));
}

void
fetch_handle_close(struct fetch_handle *h)
{
	/* What the options point to is the caller's. */
	if (h->kept)
		curl_easy_reset(h->curl);
	else
		curl_easy_cleanup(h->curl);
	h->curl = NULL;
}
