#include "lib/fetch_handle.h"

#include "lib/err.h"
#include "lib/ip.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* IANA's special-purpose registries: what is not reachable by everybody. */
static const char *const special4[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3" };
/* Within 2000::/3; all outside of it is special. */
static const char *const special6[] = { "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20" };

static bool
any_contains(const char *const *nets, size_t n, const struct ip *ip)
{
	struct ip_net net;
	struct err e;

	for (size_t i = 0; i < n; i++)
		if (ip_net_parse(nets[i], &net, &e) == 0 &&
		    ip_net_contains(&net, ip))
			return true;
	return false;
}

static int
address_of(const struct sockaddr *sa, struct ip *ip_r)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	*ip_r = (struct ip){ .bits = 32 };
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof(in));
		memcpy(ip_r->bytes, &in.sin_addr, 4);
		return 0;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof(in6));
		if (memcmp(&in6.sin6_addr, mapped, 12) == 0) {
			memcpy(ip_r->bytes, &in6.sin6_addr.s6_addr[12], 4);
			return 0;
		}
		memcpy(ip_r->bytes, &in6.sin6_addr, 16);
		ip_r->bits = 128;
		return 0;
	}
	return -1;
}

bool
fetch_is_public(const struct sockaddr *sa)
{
	struct ip ip;

	if (address_of(sa, &ip) == -1)
		return false;
	if (ip.bits == 32)
		return !any_contains(
		    special4, sizeof(special4) / sizeof(special4[0]), &ip);
	return (ip.bytes[0] & 0xe0) == 0x20 &&
	    !any_contains(
	        special6, sizeof(special6) / sizeof(special6[0]), &ip);
}

static bool
ip_is_loopback(const struct ip *ip)
{
	static const uint8_t one[16] = { [15] = 1 };

	return ip->bits == 32 ? ip->bytes[0] == 127
	                      : memcmp(ip->bytes, one, 16) == 0;
}

bool
fetch_is_loopback_address(const struct sockaddr *sa)
{
	struct ip ip;

	return address_of(sa, &ip) == 0 && ip_is_loopback(&ip);
}

bool
fetch_has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/* A part of the URL, curl_free() it; NULL where it has none or is no URL. */
static char *
part(const char *url, CURLUPart what)
{
	CURLU *u = curl_url();
	char *text = NULL;

	if (u != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
	        CURLUE_OK &&
	    curl_url_get(u, what, &text, 0) != CURLUE_OK)
		text = NULL;
	curl_url_cleanup(u);
	return text;
}

/* A copy that free() takes. */
static char *
copy(CURLU *u, CURLUPart what, unsigned flags)
{
	char *text = NULL, *mine;

	if (curl_url_get(u, what, &text, flags) != CURLUE_OK)
		text = NULL;
	mine = strdup(text != NULL ? text : "");
	curl_free(text);
	return mine;
}

int
fetch_url_split(const char *url, struct fetch_url_parts *parts_r)
{
	CURLU *u = curl_url();
	int result = -1;

	*parts_r = (struct fetch_url_parts){ 0 };
	if (u != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ==
	        CURLUE_OK) {
		parts_r->user = copy(u, CURLUPART_USER, CURLU_URLDECODE);
		parts_r->password = copy(
		    u, CURLUPART_PASSWORD, CURLU_URLDECODE);
		(void)curl_url_set(u, CURLUPART_USER, NULL, 0);
		(void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
		parts_r->url = copy(u, CURLUPART_URL, 0);
		if (parts_r->user != NULL && parts_r->password != NULL &&
		    parts_r->url != NULL && parts_r->url[0] != '\0')
			result = 0;
	}
	curl_url_cleanup(u);
	return result;
}

bool
fetch_is_loopback(const char *url)
{
	char *host = part(url, CURLUPART_HOST);
	struct ip ip;
	bool yes;

	yes = host != NULL &&
	    (strcasecmp(host, "localhost") == 0 ||
	        (ip_parse(host, &ip) == 0 && ip_is_loopback(&ip)));
	curl_free(host);
	return yes;
}

static int
check_scheme(
    const char *url, const char *const *protocols, bool plain, struct err *e)
{
	size_t n = strcspn(url, ":");
	char all[128] = "";

	for (size_t i = 0; protocols[i] != NULL; i++) {
		size_t used = strlen(all);

		if (strncasecmp(url, protocols[i], n) == 0 &&
		    protocols[i][n] == '\0') {
			if (!plain && strchr("sS", url[n - 1]) == NULL &&
			    !fetch_is_loopback(url))
				return err_set(e,
				    "without TLS only a host on loopback is "
				    "allowed; write %ss://",
				    protocols[i]);
			return 0;
		}
		(void)snprintf(all + used, sizeof(all) - used, "%s%s://",
		    i > 0 ? ", " : "", protocols[i]);
	}
	return err_set(e, "must begin with %s", all);
}

int
fetch_check_url(
    const char *url, const char *const *protocols, bool plain, struct err *e)
{
	char *host;

	if (url[0] == '\0')
		return err_set(e, "is empty; must be a URL");
	if (fetch_has_control(url) || strchr(url, ' ') != NULL)
		return err_set(
		    e, "has a blank or control character; write %%20 instead");
	if (strstr(url, "://") == NULL ||
	    strcspn(url, ":") != (size_t)(strstr(url, "://") - url))
		return err_set(
		    e, "must be a URL such as %s://host/", protocols[0]);
	host = part(url, CURLUPART_HOST);
	if (host == NULL || host[0] == '\0') {
		curl_free(host);
		return err_set(e, "is no URL with a valid host and port");
	}
	curl_free(host);
	return check_scheme(url, protocols, plain, e);
}
