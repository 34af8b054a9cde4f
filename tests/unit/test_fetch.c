#include "lib/err.h"
#include "lib/fetch.h"
#include "lib/fetch_handle.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void
urls_are_checked(void **state)
{
	static const char *const protocols[] = { "https", "http", NULL };
	static const struct {
		const char *url;
		bool plain;
		const char *want;
	} t[] = {
		{ "https://x.example", false, "" },
		{ "HTTPS://x.example:8443/a?b=c", false, "" },
		{ "http://127.0.0.1:8080", false, "" },
		{ "http://127.9.9.9", false, "" },
		{ "http://[::1]:1/", false, "" },
		{ "http://localhost/", false, "" },
		{ "http://x.example/", true, "" },
		{ "http://x.example/", false, "without TLS only a host on" },
		{ "http://128.0.0.1/", false, "without TLS only a host on" },
		{ "http://localhost.x.example/", false, "without TLS" },
		{ "http://127.0.0.1@x.example/", false, "without TLS" },
		{ "http://127.0.0.1.x.example/", false, "without TLS" },
		{ "ftp://x.example/", false, "must begin with https://, http" },
		{ "httpsx://x.example/", false, "must begin with" },
		{ "file:///etc/passwd", false, "" },
		{ "x.example", false, "must be a URL such as https://host/" },
		{ "", false, "is empty; must be a URL" },
		{ "https://", false, "is no URL with a valid host and port" },
		{ "https://x:0x", false,
		    "is no URL with a valid host and port" },
		{ "https://x/a b", false, "has a blank or control character" },
		{ "https://x/\x7f", false, "has a blank or control character" },
		{ "https://x/\r\nHost: y", false, "has a blank or control" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = { "" };
		int r = fetch_check_url(t[i].url, protocols, t[i].plain, &e);
		bool file = strncmp(t[i].url, "file:", 5) == 0;

		if ((r == 0) != (t[i].want[0] == '\0' && !file) ||
		    strncmp(e.text, t[i].want, strlen(t[i].want)) != 0)
			fail_msg("row %zu, %s: %d, %s", i, t[i].url, r, e.text);
	}
}

static void
public_addresses(void **state)
{
	static const struct {
		const char *address;
		bool is_public, is_loopback;
	} t[] = {
		{ "8.8.8.8", true, false },
		{ "0.0.0.0", false, false },
		{ "10.1.2.3", false, false },
		{ "100.64.0.1", false, false },
		{ "100.128.0.1", true, false },
		{ "127.0.0.1", false, true },
		{ "127.255.255.255", false, true },
		{ "169.254.169.254", false, false },
		{ "172.31.255.255", false, false },
		{ "172.32.0.1", true, false },
		{ "192.168.0.1", false, false },
		{ "198.19.0.1", false, false },
		{ "203.0.113.7", false, false },
		{ "224.0.0.1", false, false },
		{ "255.255.255.255", false, false },
		{ "2a00:1450::1", true, false },
		{ "2606:4700::1111", true, false },
		{ "::", false, false },
		{ "::1", false, true },
		{ "::ffff:127.0.0.1", false, true },
		{ "::ffff:10.0.0.1", false, false },
		{ "::ffff:8.8.8.8", true, false },
		{ "64:ff9b::7f00:1", false, false },
		{ "2001:db8::1", false, false },
		{ "2001::1", false, false },
		{ "2002:7f00:1::", false, false },
		{ "fc00::1", false, false },
		{ "fe80::1", false, false },
		{ "ff02::1", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct sockaddr_storage sa = { 0 };
		struct sockaddr_in in = { .sin_family = AF_INET };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

		if (inet_pton(AF_INET, t[i].address, &in.sin_addr) == 1)
			memcpy(&sa, &in, sizeof(in));
		else if (inet_pton(AF_INET6, t[i].address, &in6.sin6_addr) == 1)
			memcpy(&sa, &in6, sizeof(in6));
		else
			fail_msg("row %zu", i);
		if (fetch_is_public((void *)&sa) != t[i].is_public ||
		    fetch_is_loopback_address((void *)&sa) != t[i].is_loopback)
			fail_msg("row %zu: %s", i, t[i].address);
	}
}

static void
urls_are_split(void **state)
{
	struct fetch_url_parts p;

	(void)state;
	assert_int_equal(
	    fetch_url_split("smtps://a%40b:p%2Fw@h.example:465/x", &p), 0);
	assert_string_equal(p.url, "smtps://h.example:465/x");
	assert_string_equal(p.user, "a@b");
	assert_string_equal(p.password, "p/w");
	free(p.url);
	free(p.user);
	free(p.password);
	assert_int_equal(fetch_url_split("://", &p), -1);
	free(p.url);
	free(p.user);
	free(p.password);
}

/* Nothing of this reaches a socket. */
static void
refused_before_a_socket(void **state)
{
	static const char *const evil[] = { "X: y\r\nZ: 1", NULL };
	static const struct {
		struct fetch_request req;
		const char *want;
	} t[] = {
		{ { .url = "http://192.0.2.1/" }, "URL: without TLS only" },
		{ { .url = "gopher://127.0.0.1/" }, "URL: must begin with" },
		{ { .url = "http://127.0.0.1:1/", .headers = evil },
		    "a header holds a control character" },
		{ { .url = "http://127.0.0.1:1/", .bearer = "a\nb" },
		    "a header holds a control character" },
		{ { .url = "http://127.0.0.1:1/",
		      .limits = { .public_only = true } },
		    "the host has no public address" },
		{ { .url = "http://localhost:1/",
		      .limits = { .public_only = true } },
		    "the host has no public address" },
	};
	struct fetch_answer a;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(fetch(&t[i].req, &a, &e), -1);
		if (strncmp(e.text, t[i].want, strlen(t[i].want)) != 0)
			fail_msg("row %zu: %s", i, e.text);
	}
}

static void
mail_addresses_cannot_break_out(void **state)
{
	static const char *const bad[] = { "a@b>\r\nRCPT TO:<c@d", "a b@c",
		"a@b<", "" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *to[] = { bad[i], NULL };
		const struct fetch_mail m = { .url = "smtp://127.0.0.1:1",
			.from = "",
			.to = to,
			.message = "" };

		assert_int_equal(fetch_mail(&m, &e), -1);
		assert_non_null(strstr(e.text, "recipient"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_checked),
		cmocka_unit_test(public_addresses),
		cmocka_unit_test(urls_are_split),
		cmocka_unit_test(refused_before_a_socket),
		cmocka_unit_test(mail_addresses_cannot_break_out),
	};

	return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
