#ifndef LIB_FETCH_HANDLE_H
#define LIB_FETCH_HANDLE_H

#include "lib/fetch.h"

#include <curl/curl.h>

/*
 * Internal to lib/fetch*: a libcurl handle with what every transfer shares
 * (deadline, address rules, cancelling, no proxy, no signals).
 */
struct fetch_handle {
	CURL *curl;
	const struct fetch_limits *limits;
	bool kept; /* the handle is limits->kept's */
	bool loopback_only;
	bool refused; /* an address was, by the rules */
	char error[CURL_ERROR_SIZE];
};

/*
 * "protocols" as libcurl takes them ("http,https"); loopback_only: no socket to
 * another host.  Returns 0, or -1 with *e set and nothing to free.  *h must
 * stay where it is until fetch_handle_close().
 */
int fetch_handle_open(struct fetch_handle *h, const struct fetch_limits *limits,
    const char *protocols, struct err *e);
/* Perform; 0, or -1 with *e saying why in words. */
int fetch_handle_run(struct fetch_handle *h, struct err *e);
void fetch_handle_close(struct fetch_handle *h);

/*
 * Parts of a URL of any protocol: itself without its user and password, and
 * these two, percent-decoded, "" where it has none.  Each is to be free()d,
 * also after a failure, and starts as NULL.  Returns 0 or -1.
 */
struct fetch_url_parts {
	char *url, *user, *password;
};
int fetch_url_split(const char *url, struct fetch_url_parts *parts_r);

/* A control character in s? */
bool fetch_has_control(const char *s);

/* An address that the public network routes (RFC 6890 and its registries). */
struct sockaddr;
bool fetch_is_public(const struct sockaddr *sa);
bool fetch_is_loopback_address(const struct sockaddr *sa);

#endif
