/* Who asks, and how often he may. */
#include "statusd/http_limit.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct ip
ip(const char *text)
{
	struct ip ip;

	assert_int_equal(ip_parse(text, &ip), 0);
	return ip;
}

static void
who_asks(void **state)
{
	static const struct {
		const char *peer, *forwarded, *want;
	} t[] = {
		{ "192.0.2.1", NULL, "192.0.2.1" },
		/* A stranger may write what he likes. */
		{ "192.0.2.1", "198.51.100.7", "192.0.2.1" },
		{ "127.0.0.1", NULL, "127.0.0.1" },
		{ "127.0.0.1", "198.51.100.7", "198.51.100.7" },
		{ "127.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7" },
		{ "127.0.0.1", "198.51.100.7, 10.1.2.3", "198.51.100.7" },
		{ "127.0.0.1", "10.1.2.3,10.1.2.4", "10.1.2.3" },
		{ "127.0.0.1", "nonsense", "127.0.0.1" },
		{ "127.0.0.1", "198.51.100.7, nonsense", "127.0.0.1" },
		{ "127.0.0.1", "", "127.0.0.1" },
		{ "127.0.0.1", " , ,", "127.0.0.1" },
		{ "::ffff:127.0.0.1", "2001:db8::1", "2001:db8::1" },
	};
	struct ip_net nets[2];
	struct limit_proxies proxies = { nets, 2 };

	(void)state;
	assert_int_equal(ip_net_parse("127.0.0.0/8", &nets[0], NULL), 0);
	assert_int_equal(ip_net_parse("10.0.0.0/8", &nets[1], NULL), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct ip peer = ip(t[i].peer), got;
		char text[IP_TEXT_SIZE];

		got = limit_client(&peer, t[i].forwarded, &proxies);
		assert_string_equal(ip_text(&got, text), t[i].want);
	}
}

static void
how_often(void **state)
{
	struct limit *l = limit_new();
	struct ip a = ip("192.0.2.1"), b = ip("192.0.2.2");

	(void)state;
	assert_non_null(l);
	for (int i = 0; i < LIMIT_BURST; i++) {
		assert_true(limit_take(l, &a, 1000));
	}
	assert_false(limit_take(l, &a, 1000));
	assert_true(limit_take(l, &b, 1000));
	assert_false(limit_take(l, &a, 1000 + 1000 / LIMIT_PER_S - 1));
	assert_true(limit_take(l, &a, 1000 + 1000 / LIMIT_PER_S));
	assert_false(limit_take(l, &a, 1000 + 1000 / LIMIT_PER_S));
	for (int i = 0; i < LIMIT_BURST; i++)
		assert_true(limit_take(l, &a, 1000000));
	assert_false(limit_take(l, &a, 1000000));
	limit_free(l);
}

/* One network of IPv6 is one asker; a million of them need no more memory. */
static void
many(void **state)
{
	struct limit *l = limit_new();
	struct ip first = ip("2001:db8::1"), same = ip("2001:db8::ffff"),
	          other = ip("2001:db8:0:1::1");

	(void)state;
	for (int i = 0; i < LIMIT_BURST; i++)
		assert_true(limit_take(l, &first, 5));
	assert_false(limit_take(l, &same, 5));
	assert_true(limit_take(l, &other, 5));
	for (int i = 0; i < 1000000; i++) {
		struct ip one = { { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			              (uint8_t)i },
			32 };

		assert_true(limit_take(l, &one, 10 + i));
	}
	limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_asks),
		cmocka_unit_test(how_often),
		cmocka_unit_test(many),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests_name("http_limit", tests, NULL, NULL);
}
