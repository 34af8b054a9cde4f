#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/domain.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(t) (sizeof(t) / sizeof((t)[0]))

static void
a_buffer_never_passes_its_cap(void **state)
{
	struct buf b;
	char *taken;

	(void)state;
	buf_init(&b, 5);
	assert_string_equal(buf_text(&b), "");
	buf_str(&b, "abc");
	buf_printf(&b, "%d", 45);
	assert_string_equal(buf_text(&b), "abc45");
	assert_false(b.bad);
	buf_char(&b, 'x');
	assert_true(b.bad);
	assert_string_equal(buf_text(&b), "abc45");
	assert_null(buf_take(&b));
	buf_str(&b, "new");
	taken = buf_take(&b);
	assert_string_equal(taken, "new");
	free(taken);
}

static void
errors_gather_context(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, "bad %s", "thing"), -1);
	assert_int_equal(err_prefix(&e, "line %d", 3), -1);
	assert_string_equal(e.text, "line 3: bad thing");
}

static void
addresses_are_read(void **state)
{
	static const struct {
		const char *in, *out;
	} t[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "[2001:DB8::1]", "2001:db8::1" },
		{ "IPv6:2001:db8:0::1", "2001:db8::1" },
		{ "::ffff:192.0.2.9", "192.0.2.9" },
		{ "192.0.2.256", NULL },
		{ "192.0.2", NULL },
		{ "", NULL },
		{ "1.2.3.4 ", NULL },
		{ "unknown", NULL },
	};
	char text[IP_TEXT_SIZE];
	struct ip ip;
	size_t i;

	(void)state;
	for (i = 0; i < N(t); i++) {
		if (ip_parse(t[i].in, &ip) == -1) {
			assert_null(t[i].out);
			continue;
		}
		assert_non_null(t[i].out);
		assert_string_equal(ip_text(&ip, text), t[i].out);
	}
}

static void
networks_are_read(void **state)
{
	static const struct {
		const char *in, *out, *inside, *outside;
	} t[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.4", "192.0.2.4", "192.0.2.4", "192.0.2.5" },
		{ "0.0.0.0/0", "0.0.0.0/0", "255.1.1.1", "::1" },
		{ "10.64.0.0/11", "10.64.0.0/11", "10.95.255.255",
		    "10.96.0.0" },
		{ "2001:db8::/33", "2001:db8::/33",
		    "2001:db8:7fff::", "2001:db8:8000::" },
		{ "300.1.2.3/40", NULL, "not a network", NULL },
		{ "10.0.0.1/8", NULL, "did you mean 10.0.0.0/8", NULL },
		{ "10.0.0.0/33", NULL, "0 to 32", NULL },
		{ "10.0.0.0/", NULL, "0 to 32", NULL },
		{ "10.0.0.0/-1", NULL, "0 to 32", NULL },
		{ "10.0.0.0/8/8", NULL, "0 to 32", NULL },
		{ "", NULL, "not a network", NULL },
	};
	char text[IP_TEXT_SIZE];
	struct ip_net net;
	struct err e;
	struct ip ip;
	size_t i;

	(void)state;
	for (i = 0; i < N(t); i++) {
		if (ip_net_parse(t[i].in, &net, &e) == -1) {
			assert_null(t[i].out);
			assert_non_null(strstr(e.text, t[i].inside));
			continue;
		}
		assert_non_null(t[i].out);
		assert_string_equal(ip_net_text(&net, text), t[i].out);
		assert_int_equal(ip_parse(t[i].inside, &ip), 0);
		assert_true(ip_net_contains(&net, &ip));
		assert_int_equal(ip_parse(t[i].outside, &ip), 0);
		assert_false(ip_net_contains(&net, &ip));
	}
}

static void
domains_end_on_a_label(void **state)
{
	static const struct {
		const char *name, *domain;
		bool want;
	} t[] = {
		{ "icloud.com", "icloud.com", true },
		{ "Mail.ICLOUD.com.", "icloud.com", true },
		{ "a.icloud.com", "iCloud.com.", true },
		{ "evilicloud.com", "icloud.com", false },
		{ "icloud.com.evil", "icloud.com", false },
		{ "com", "icloud.com", false },
		{ "icloud.com", "", false },
		{ "", "icloud.com", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(t); i++) {
		if (domain_within(t[i].name, t[i].domain) != t[i].want)
			fail_msg("row %zu", i);
	}
}

static void
domain_names_are_checked(void **state)
{
	char label[70], out[DOMAIN_MAX + 1];
	const char *const bad[] = { "", ".", "a..b", ".a.b", "-a.b", "a-.b",
		"a b.c", "a\n.b", "\xff.com", "com", "a@b.c", label,
		"a.\xe2\x80\xae.b" };
	struct err e;
	size_t i;

	(void)state;
	memset(label, 'a', 64);
	(void)snprintf(label + 64, sizeof(label) - 64, ".com");
	for (i = 0; i < N(bad); i++) {
		if (domain_normal(bad[i], false, out, &e) == 0)
			fail_msg("taken: %s", bad[i]);
	}
	assert_int_equal(domain_normal("ExAmple.COM.", false, out, &e), 0);
	assert_string_equal(out, "example.com");
	assert_int_equal(domain_normal("b\xc3\xbc.de", false, out, &e), 0);
	assert_int_equal(domain_normal("localhost", true, out, &e), 0);
}

static void
durations_are_read_and_told(void **state)
{
	static const struct {
		const char *in;
		int64_t ms;
	} t[] = {
		{ "3min", 180000 },
		{ "0", 0 },
		{ "36d", 3110400000 },
		{ "250ms", 250 },
		{ "3", -1 },
		{ "min", -1 },
		{ "-3min", -1 },
		{ "3 min", -1 },
		{ "3m", -1 },
		{ "9223372036854775807d", -1 },
		{ "99999999999999999999s", -1 },
		{ "", -1 },
	};
	static const struct {
		int64_t s;
		const char *text;
	} said[] = { { 0, "0 s" }, { -5, "0 s" }, { 45, "45 s" },
		{ 180, "3 min" }, { 7500, "2 h 5 min" }, { 86400, "1 d" },
		{ 86399, "23 h 59 min" } };
	char text[DURATION_SIZE];
	struct err e;
	int64_t ms;
	size_t i;

	(void)state;
	for (i = 0; i < N(t); i++) {
		if (duration_parse_ms(t[i].in, &ms, &e) == -1)
			ms = -1;
		if (ms != t[i].ms)
			fail_msg("%s: %lld", t[i].in, (long long)ms);
	}
	for (i = 0; i < N(said); i++)
		assert_string_equal(
		    duration_text(said[i].s, text), said[i].text);
}

static void
times_are_read_and_told(void **state)
{
	static const struct {
		const char *in;
		int64_t t;
	} t[] = {
		{ "2026-03-19T16:21:30Z", 1773937290 },
		{ "2026-03-19t18:21:30.25+02:00", 1773937290 },
		{ "2024-02-29T00:00:00Z", 1709164800 },
		{ "2025-02-29T00:00:00Z", -1 },
		{ "2026-03-19T24:00:00Z", -1 },
		{ "2026-03-19T16:21:30", -1 },
		{ "2026-03-19T16:21:30Zx", -1 },
		{ "2038-01-19T03:14:08Z", 2147483648 },
	};
	char text[CLOCK_RFC3339_SIZE];
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < N(t); i++) {
		if (clock_parse_rfc3339(t[i].in, &v) == -1)
			v = -1;
		if (v != t[i].t)
			fail_msg("%s: %lld", t[i].in, (long long)v);
	}
	assert_string_equal(
	    clock_rfc3339(1773937290, text), "2026-03-19T16:21:30Z");
	assert_string_equal(
	    clock_rfc3339(-62167219200, text), "0000-01-01T00:00:00Z");
	assert_string_equal(
	    clock_rfc3339(INT64_MAX, text), "9999-12-31T23:59:59Z");
}

static void
foreign_text_cannot_act(void **state)
{
	static const struct {
		const char *in, *line, *markup;
	} t[] = {
		{ "plain", "plain", "plain" },
		{ "<b>&\"'", "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;" },
		{ "a\nb", "a\\x0ab", "a\nb" },
		{ "\x1b[31m", "\\x1b[31m", "\xef\xbf\xbd[31m" },
		{ "\xc2\x9b", "\\x9b", "\xef\xbf\xbd" },
		{ "\xff", "\\xff", "\xef\xbf\xbd" },
		{ "\xc0\x80", "\\xc0\\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x80\xae"
		  "a",
		    "\\u{202e}a", "a" },
		{ "\xc3\xa9", "\xc3\xa9", "\xc3\xa9" },
		{ "\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82", "\xf0\x9f\x99\x82" },
	};
	struct buf b;
	size_t i;

	(void)state;
	buf_init(&b, 1000);
	for (i = 0; i < N(t); i++) {
		buf_reset(&b);
		escape_line(&b, t[i].in, strlen(t[i].in));
		assert_string_equal(buf_text(&b), t[i].line);
		buf_reset(&b);
		escape_markup(&b, t[i].in, strlen(t[i].in));
		assert_string_equal(buf_text(&b), t[i].markup);
	}
	buf_free(&b);
}

/* A leap of more than a year is not believed for an hour. */
static void
steady_clock(void **state)
{
	enum { S = 1000, HOUR = 3600 };
	static const int64_t T = INT64_C(1800000000),
	                     YEARS = INT64_C(13) * 365 * 86400;
	static const struct {
		const char *what;
		int64_t wall, mono, want; /* seconds */
	} t[] = {
		{ "begins", T, 100, T },
		{ "goes on", T + 10, 110, T + 10 },
		{ "a day on", T + 86400, 111, T + 86400 },
		{ "a day back", T + 12, 112, T + 12 },
		{ "leaps", T + YEARS, 113, T + 13 },
		{ "still doubted", T + YEARS + 3599, 113 + 3599,
		    T + 13 + 3599 },
		{ "is right again", T + 13 + 3600, 113 + 3600, T + 13 + 3600 },
		{ "leaps back", T - YEARS, 5000, T + 4900 },
		{ "believed after an hour", T - YEARS + HOUR + 1,
		    5000 + HOUR + 1, T - YEARS + HOUR + 1 },
	};
	struct clock_steady c = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (clock_steady_of(&c, t[i].wall * S, t[i].mono * S) !=
		    t[i].want * S)
			fail_msg("%s", t[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_never_passes_its_cap),
		cmocka_unit_test(errors_gather_context),
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(networks_are_read),
		cmocka_unit_test(domains_end_on_a_label),
		cmocka_unit_test(domain_names_are_checked),
		cmocka_unit_test(durations_are_read_and_told),
		cmocka_unit_test(times_are_read_and_told),
		cmocka_unit_test(foreign_text_cannot_act),
		cmocka_unit_test(steady_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
