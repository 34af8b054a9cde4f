#include "milter/spf_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LABEL63 \
	"a23456789012345678901234567890123456789012345678901234567890123"

static void
is_a_record(void **state)
{
	static const struct {
		const char *text;
		bool want;
	} t[] = {
		{ "v=spf1", true },
		{ "V=SPF1 -all", true },
		{ "v=spf1 ", true },
		{ "v=spf10", false },
		{ "v=spf1\t-all", false },
		{ " v=spf1", false },
		{ "v=spf", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (spf_record_is(t[i].text, strlen(t[i].text)) != t[i].want)
			fail_msg("%s", t[i].text);
}

static void
syntax(void **state)
{
	static const struct {
		const char *text;
		int terms; /* -1: permerror */
	} t[] = {
		{ "v=spf1", 0 },
		{ "v=spf1   -all   ", 1 },
		{ "v=spf1 all -all", 2 },
		{ "v=spf1 ALL MX Include:a.example", 3 },
		{ "v=spf1 +a -mx ~ptr ?exists:%{i}.example.com", 4 },
		/* all */
		{ "v=spf1 -all.", -1 },
		{ "v=spf1 all:x", -1 },
		{ "v=spf1 all/8", -1 },
		{ "v=spf1 --all", -1 },
		{ "v=spf1 -", -1 },
		{ "v=spf1 moo", -1 },
		/* a and mx */
		{ "v=spf1 a/24 a//64 a/24//64 mx/0 mx//0", 5 },
		{ "v=spf1 a/33", -1 },
		{ "v=spf1 a//129", -1 },
		{ "v=spf1 a/24/64", -1 },
		{ "v=spf1 a///64", -1 },
		{ "v=spf1 a/", -1 },
		{ "v=spf1 a//", -1 },
		{ "v=spf1 a/024", -1 },
		{ "v=spf1 a/-1", -1 },
		{ "v=spf1 a:example.com/24//64", 1 },
		{ "v=spf1 a:", -1 },
		{ "v=spf1 a:museum", -1 },
		{ "v=spf1 a:museum.", -1 },
		{ "v=spf1 a:foo.museum.", 1 },
		{ "v=spf1 a:abc.123", -1 },
		{ "v=spf1 a:111.222.33.44", -1 },
		{ "v=spf1 a:example.-com", -1 },
		{ "v=spf1 a:example.com-", -1 },
		{ "v=spf1 a:foo.example.xn--zckzah", 1 },
		{ "v=spf1 a:example.com:8080", -1 },
		{ "v=spf1 a:foo:bar/baz.example.com", 1 },
		{ "v=spf1 a:mail.example...com", 1 },
		{ "v=spf1 a:" LABEL63 "4.example.com", 1 },
		/* ip4 and ip6 */
		{ "v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0", 3 },
		{ "v=spf1 ip4", -1 },
		{ "v=spf1 ip4:", -1 },
		{ "v=spf1 ip4:192.0.2", -1 },
		{ "v=spf1 ip4:192.0.2.1/33", -1 },
		{ "v=spf1 ip4:192.0.2.1/", -1 },
		{ "v=spf1 ip4:192.0.2.1//32", -1 },
		{ "v=spf1 ip4:192.0.2.256", -1 },
		{ "v=spf1 ip4:192.0.02.1", -1 },
		{ "v=spf1 ip4:2001:db8::1", -1 },
		{ "v=spf1 ip4=192.0.2.1", 0 },
		{ "v=spf1 ip6:2001:db8::/32 ip6:::1.1.1.1/0 ip6:::1", 3 },
		{ "v=spf1 ip6:192.0.2.1", -1 },
		{ "v=spf1 ip6::CAFE::BABE", -1 },
		{ "v=spf1 ip6:[2001:db8::1]", -1 },
		{ "v=spf1 ip6:2001:db8::1%eth0", -1 },
		/* include, exists, ptr */
		{ "v=spf1 include", -1 },
		{ "v=spf1 include:", -1 },
		{ "v=spf1 include:a.example/24", -1 },
		{ "v=spf1 exists", -1 },
		{ "v=spf1 exists:a.example/24", -1 },
		{ "v=spf1 ptr:", -1 },
		{ "v=spf1 ptr/0", -1 },
		{ "v=spf1 ptr ptr:a.example", 2 },
		/* macros */
		{ "v=spf1 exists:%{i}", 1 },
		{ "v=spf1 exists:%{ir}.%{v}._spf.%{d2}", 1 },
		{ "v=spf1 exists:%{L2R+-}.example.com", 1 },
		{ "v=spf1 exists:%%%_%-.example.com", 1 },
		{ "v=spf1 exists:foo%%", 1 },
		{ "v=spf1 exists:%{i", -1 },
		{ "v=spf1 exists:%{}", -1 },
		{ "v=spf1 exists:%{x}.example.com", -1 },
		{ "v=spf1 exists:%{c}.example.com", -1 },
		{ "v=spf1 exists:%{i0}.example.com", -1 },
		{ "v=spf1 exists:%{i9999}.example.com", -1 },
		{ "v=spf1 exists:%{ir!}.example.com", -1 },
		{ "v=spf1 exists:%(ir).example.com", -1 },
		{ "v=spf1 exists:foo%.example.com", -1 },
		{ "v=spf1 exists:foo.example.com%", -1 },
		{ "v=spf1 exists:%{d.}com", -1 },
		/* modifiers */
		{ "v=spf1 redirect=a.example exp=b.example -all", 1 },
		{ "v=spf1 redirect=a.example redirect=a.example", -1 },
		{ "v=spf1 exp=a.example exp=a.example", -1 },
		{ "v=spf1 redirect=", -1 },
		{ "v=spf1 redirect=-all", -1 },
		{ "v=spf1 redirect:a.example", -1 },
		{ "v=spf1 -redirect=a.example", -1 },
		{ "v=spf1 exp=-all", -1 },
		{ "v=spf1 exp=%{r}.example.com", -1 },
		{ "v=spf1 moo.cow-far_out=man:dog/cat", 0 },
		{ "v=spf1 moo.cow/far_out=man", -1 },
		{ "v=spf1 1up=foo", -1 },
		{ "v=spf1 =all", -1 },
		{ "v=spf1 foo=%abc", -1 },
		{ "v=spf1 foo=", 0 },
		{ "v=spf1 default=+", 0 },
		/* bytes */
		{ "v=spf1 a:\xc3\xa4.example", -1 },
		{ "v=spf1 \x80"
		  "a",
		    -1 },
		{ "v=spf1 a\tptr", -1 },
		{ "v=spf1 a\nptr", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct spf_record *r = spf_record_read(
		    t[i].text, strlen(t[i].text));
		int got = r == NULL ? -1 : (int)r->n;

		spf_record_free(r);
		if (got != t[i].terms)
			fail_msg(
			    "%s: %d terms, not %d", t[i].text, got, t[i].terms);
	}
}

static void
nul_byte(void **state)
{
	static const char text[] = "v=spf1 a:foo.example.com\0";

	(void)state;
	assert_null(spf_record_read(text, sizeof(text) - 1));
}

static void
what_a_term_holds(void **state)
{
	static const char text[] =
	    "v=spf1 ~a:Mail.example.com/24//64 -ip4:192.0.2.77/24 "
	    "mx include:%{d}.x.example redirect=r.example";
	struct spf_record *r = spf_record_read(text, strlen(text));
	char net[IP_TEXT_SIZE];

	(void)state;
	assert_non_null(r);
	assert_int_equal(r->n, 4);
	assert_int_equal(r->terms[0].mechanism, SPF_A);
	assert_int_equal(r->terms[0].qualifier, SPF_SOFTFAIL);
	assert_int_equal(r->terms[0].prefix4, 24);
	assert_int_equal(r->terms[0].prefix6, 64);
	assert_int_equal(r->terms[0].spec.len, strlen("Mail.example.com"));
	assert_int_equal(r->terms[1].qualifier, SPF_FAIL);
	assert_string_equal(ip_net_text(&r->terms[1].net, net), "192.0.2.0/24");
	assert_int_equal(r->terms[2].prefix4, 32);
	assert_int_equal(r->terms[2].prefix6, 128);
	assert_null(r->terms[2].spec.text);
	assert_true(r->terms[3].spec.macro);
	assert_false(r->redirect.macro);
	assert_memory_equal(r->redirect.text, "r.example", 9);
	spf_record_free(r);
}

static void
many_terms(void **state)
{
	static char text[6 + 3 * (SPF_TERMS_MAX + 1) + 1];
	struct spf_record *r;
	size_t at = 6;

	(void)state;
	memcpy(text, "v=spf1", 6);
	for (int i = 0; i < SPF_TERMS_MAX; i++, at += 2)
		memcpy(text + at, " a", 2);
	r = spf_record_read(text, at);
	assert_non_null(r);
	assert_int_equal(r->n, SPF_TERMS_MAX);
	spf_record_free(r);
	memcpy(text + at, " a", 2);
	assert_null(spf_record_read(text, at + 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_record),
		cmocka_unit_test(syntax),
		cmocka_unit_test(nul_byte),
		cmocka_unit_test(what_a_term_holds),
		cmocka_unit_test(many_terms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
