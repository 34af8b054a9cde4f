#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/name.h"
#include "lib/grey/reply.h"
#include "milter/header.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
texts(void **state)
{
	static const struct {
		const char *text, *recipient;
		int64_t wait_s;
		const char *want;
	} t[] = {
		{ "<%r>: try in %s s", "a@b.example", 180,
		    "<a@b.example>: try in 180 s" },
		{ "%s", "", 0, "1" },
		{ "%s", "", -5, "1" },
		{ "100%% %r", "a%s@b", 1, "100% a%s@b" },
		{ "%%r %%s", "x", 1, "%r %s" },
		{ "%r", "a\r\n550 b\x01", 1, "a??550 b?" },
		{ "%r", "m\xc3\xbcller@b", 1, "m??ller@b" },
		{ "plain", "x", 1, "plain" },
	};
	char out[GREY_REPLY_SIZE], doubled[2 * GREY_REPLY_SIZE];
	char long_one[2000];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		grey_reply_text(t[i].text, t[i].recipient, t[i].wait_s, out);
		assert_string_equal(out, t[i].want);
	}
	grey_reply_double("100% of %r", doubled);
	assert_string_equal(doubled, "100%% of %%r");
	memset(long_one, '%', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	grey_reply_text("%r", long_one, 1, out);
	assert_int_equal(strlen(out), GREY_REPLY_SIZE - 1);
	grey_reply_double(out, doubled);
	assert_int_equal(strlen(doubled), 2 * (GREY_REPLY_SIZE - 1));
}

static void
codes(void **state)
{
	static const struct {
		const char *code;
		int rc;
	} t[] = {
		{ "451 4.7.1", 0 },
		{ "450 4.2.0", 0 },
		{ "421 4.7.100", 0 },
		{ "451 4.7.1000", -1 },
		{ "451 4.07.1", -1 },
		{ "451 4.7.", -1 },
		{ "451  4.7.1", -1 },
		{ "551 4.7.1", -1 },
		{ "451 5.7.1", -1 },
		{ "471 4.7.1", -1 },
		{ "451", -1 },
		{ "", -1 },
	};
	char code[GREY_CODE_SIZE], status[GREY_STATUS_SIZE];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (grey_reply_check_code(t[i].code, &e) != t[i].rc)
			fail_msg("\"%s\"", t[i].code);
	}
	grey_reply_code("450 4.7.125", code, status);
	assert_string_equal(code, "450");
	assert_string_equal(status, "4.7.125");
}

static void
headers(void **state)
{
	static const struct {
		struct grey_outcome out;
		bool always, delayed;
		const char *want;
	} t[] = {
		{ { .verdict = GREY_PASS,
		      .rule = GREY_RULE_TRIPLET,
		      .waited_s = 185 },
		    true, true,
		    "delayed 185 seconds (3 min 5 s); by greymilter " MG_VERSION
		    " at mx.example" },
		{ { .verdict = GREY_NEW,
		      .rule = GREY_RULE_TRIPLET,
		      .wait_s = 180 },
		    true, true,
		    "would be deferred for 180 seconds; by greymilter " MG_VERSION
		    " at mx.example" },
		{ { .verdict = GREY_PASS, .rule = GREY_RULE_TRIPLET }, true,
		    false,
		    "not delayed, has waited before; by greymilter " MG_VERSION
		    " at mx.example" },
		{ { .verdict = GREY_KNOWN, .rule = GREY_RULE_KNOWN }, true,
		    false,
		    "not delayed, the sender is known; by greymilter " MG_VERSION
		    " at mx.example" },
		{ { .verdict = GREY_EXEMPT,
		      .rule = GREY_RULE_WHITELIST,
		      .reason = "apple.com\r\nX: y" },
		    true, false,
		    "not delayed, exempt: whitelist apple.com??X: y; by "
		    "greymilter " MG_VERSION " at mx.example" },
		{ { .verdict = GREY_NEW, .defer = true, .wait_s = 9 }, false,
		    false, NULL },
	};
	char out[HEADER_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		struct header_facts h = { 0 };

		header_note(&h, &t[i].out);
		assert_int_equal(
		    header_wanted(&h, GREY_HEADER_ALWAYS), t[i].always);
		assert_int_equal(
		    header_wanted(&h, GREY_HEADER_DELAYED), t[i].delayed);
		assert_false(header_wanted(&h, GREY_HEADER_NEVER));
		if (t[i].want == NULL)
			continue;
		header_text(&h, "mx.example", out);
		assert_string_equal(out, t[i].want);
	}
}

static void
names(void **state)
{
	static const struct {
		const char *ip, *name, *registrable; /* NULL: none */
		bool dynamic;
	} t[] = {
		{ "192.0.2.1", "mx1.mail.example.co.uk", "example.co.uk",
		    false },
		{ "192.0.2.1", "MX.Example.COM", "example.com", false },
		{ "192.0.2.1", "example.com", "example.com", false },
		{ "192.0.2.1", "co.uk", NULL, false },
		{ "192.0.2.1", "localhost", NULL, false },
		{ "209.85.128.54", "mail-wm1-f54.google.com", "google.com",
		    false },
		{ "40.107.22.52",
		    "mail-am6eur05on2052.outbound.protection.outlook.com",
		    "outlook.com", false },
		{ "54.240.8.31", "a8-31.smtp-out.amazonses.com",
		    "amazonses.com", false },
		{ "17.58.6.40", "rn2-txn-msbadger01.apple.com", "apple.com",
		    false },
		{ "192.0.2.1", "192-0-2-1.isp.example", "isp.example", true },
		{ "192.0.2.1", "1.2.0.192.isp.example", "isp.example", true },
		{ "192.0.2.1", "c0000201.isp.example", "isp.example", true },
		{ "192.0.2.1", "h192000002001.isp.example", "isp.example",
		    true },
		{ "192.0.2.1", "host7.dyn.isp.example", "isp.example", true },
		{ "192.0.2.1", "pool12-7.isp.example", "isp.example", true },
		{ "192.0.2.1", "mail.pool.example", "pool.example", false },
		{ "192.0.2.1", "spool.example.com", "example.com", false },
		{ "192.0.2.1", "mx-192-0.example.com", "example.com", false },
		{ "2001:db8::25", "mx.example.com", "example.com", false },
		{ "2001:db8::a1b2:c3d4", "2001-db8-a1b2-c3d4.isp.example",
		    "isp.example", true },
		{ "2001:db8::a1b2:c3d4", "xa1b2c3d4.isp.example", "isp.example",
		    true },
	};
	char part[DOMAIN_MAX + 1];
	struct ip ip;
	size_t i;
	int rc;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		assert_int_equal(ip_parse(t[i].ip, &ip), 0);
		rc = name_registrable(t[i].name, part);
		if (rc != (t[i].registrable != NULL) ||
		    (rc == 1 && strcmp(part, t[i].registrable) != 0))
			fail_msg("%s: %s", t[i].name, rc == 1 ? part : "none");
		if (name_is_dynamic(t[i].name, &ip) != t[i].dynamic)
			fail_msg("%s for %s: dynamic?", t[i].name, t[i].ip);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(codes),
		cmocka_unit_test(headers),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
