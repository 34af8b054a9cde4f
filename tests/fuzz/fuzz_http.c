/* What a request brings: path, headers, the client behind proxies. */
#include "lib/err.h"
#include "statusd/http_limit.h"
#include "statusd/http_rules.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
path(const char *s)
{
	char out[512], again[512];

	if (http_normal_path(s, out, sizeof(out)) == -1)
		return;
	assert(out[0] == '/');
	assert(strlen(out) < sizeof(out));
	assert(strstr(out, "/../") == NULL && strstr(out, "//") == NULL);
	/* In order is in order. */
	assert(http_normal_path(out, again, sizeof(again)) == 0);
	assert(strcmp(out, again) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ip_net net;
	struct limit_proxies proxies = { &net, 1 };
	struct ip peer;
	char *s = malloc(size + 1);
	struct err e;
	int64_t at;

	if (s == NULL)
		return 0;
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	path(s);
	(void)http_escapes_ok(s);
	(void)http_accepts_gzip(s);
	(void)http_etag_matches(s, "0123456789abcdef0123");
	(void)http_parse_date(s, &at);
	if (ip_net_parse("127.0.0.0/8", &net, &e) == 0 &&
	    ip_parse("127.0.0.1", &peer) == 0)
		(void)limit_client(&peer, s, &proxies);
	free(s);
	return 0;
}
