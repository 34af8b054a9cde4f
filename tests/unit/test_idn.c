#include "lib/domain.h"

#include "lib/err.h"
#include "lib/grey/allow.h"
#include "lib/grey/ask.h"
#include "lib/grey/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define L70 \
	"äaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
ascii(void **state)
{
	static const struct {
		const char *name, *want; /* NULL: it stands as it is */
	} t[] = {
		{ "example.com", NULL },
		{ "xn--mller-kva.example", NULL },
		{ "müller.example", "xn--mller-kva.example" },
		{ "MÜLLER.Example", "xn--mller-kva.example" },
		{ "mu\xcc\x88ller.example", "xn--mller-kva.example" },
		{ "mail.xn--mller-kva.müller",
		    "mail.xn--mller-kva.xn--mller-kva" },
		{ "ä。example。", "xn--4ca.example" },
		{ "ä.example.。", NULL },
		{ "。ä.example", NULL },
		{ "ä.\xcd\x8f", NULL }, /* U+034F is mapped to nothing */
		{ "\xcd\x8f", NULL },
		{ "straße.example", "xn--strae-oqa.example" },
		{ "_dmarc.müller.example", "_dmarc.xn--mller-kva.example" },
		{ "例え.テスト", "xn--r8jz45g.xn--zckzah" },
		/* A sign that would be an "@", and others no host has. */
		{ "evil＠good.example", NULL },
		{ "ä／b.example", NULL },
		{ "ä b.example", NULL },
		{ "\xc3.example", NULL },
		{ "ä\xff.example", NULL },
		{ "xn--0.müller", NULL },
		{ L70 ".example", NULL },
		{ "", NULL },
	};
	char out[DOMAIN_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		bool done = domain_ascii(t[i].name, out);

		if (done != (t[i].want != NULL) ||
		    (done && strcmp(out, t[i].want) != 0))
			fail_msg("%s: %s", t[i].name, done ? out : "as it is");
	}
	assert_true(domain_unicode("xn--mller-kva.example", out));
	assert_string_equal(out, "müller.example");
	assert_false(domain_unicode("example.com", out));
	assert_false(domain_unicode("xn--0.example", out));
}

static void
within(void **state)
{
	(void)state;
	assert_true(domain_within("a.müller.example", "xn--mller-kva.example"));
	assert_true(domain_within("xn--mller-kva.example.", "MÜLLER.example"));
	assert_false(domain_within("xmüller.example", "müller.example"));
	assert_false(domain_within("muller.example", "müller.example"));
}

static void
plain(void **state)
{
	static const struct {
		const char *from, *want;
	} t[] = {
		{ "Jürgen@MÜLLER.example", "jürgen@xn--mller-kva.example" },
		{ "<\"a b\"@Müller.example.>", "a b@xn--mller-kva.example" },
		{ "a@evil＠good.example", "a@evil＠good.example" },
		{ "a@ä\xff.example", "a@ä\\xff.example" },
		{ "jürgen", "jürgen" },
	};
	char out[KEY_TEXT_SIZE], a[700];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		key_plain(t[i].from, out);
		assert_string_equal(out, t[i].want);
	}
	/* The longest that is taken apart, where the domain grows most. */
	memset(a, '\x01', 508);
	memcpy(a + 508, "@㌀", sizeof("@㌀"));
	key_plain(a, out);
	assert_true(strlen(out) < KEY_TEXT_SIZE);
}

/* Whichever form was written, and whichever comes. */
static void
whitelisted(void **state)
{
	static const char *const forms[] = { "müller.example",
		"xn--mller-kva.example", "MÜLLER.EXAMPLE" };
	char sender[64], name[64], want[] = "xn--mller-kva.example";
	struct allow_entry entries[2];
	struct allow_match m[ALLOW_MATCHES];
	struct allow *a;
	struct err e;
	size_t i, j;

	(void)state;
	for (i = 0; i < 9; i++) {
		struct allow_query q = { .sender = sender,
			.client_name = name };
		struct grey_facts f = { .sender = sender, .helo = "h" };
		struct grey_ask ask;

		assert_int_equal(allow_entry_parse(forms[i % 3], ALLOW_AS_SEEN,
		                     &entries[0], &e),
		    0);
		assert_int_equal(allow_entry_parse(forms[i % 3], ALLOW_AS_NAME,
		                     &entries[1], &e),
		    0);
		a = allow_new(entries, 2, &e);
		assert_non_null(a);
		(void)snprintf(
		    sender, sizeof(sender), "x@mail.%s", forms[i / 3]);
		(void)snprintf(name, sizeof(name), "mx.%s", forms[i / 3]);
		assert_int_equal(allow_match(a, &q, m), 2);
		/* DNS hears of A-labels only. */
		grey_ask(a, &f, 1000, &ask);
		assert_int_equal(ask.n, 2);
		for (j = 0; j < ask.n; j++) {
			assert_non_null(strstr(ask.names[j].domain, want));
			assert_int_equal(ask.names[j].kind, SPF_LISTED);
		}
		allow_free(a);
	}
}

static void
spellings(void **state)
{
	static const char *const t[] = { "b@müller.example",
		"b@xn--mller-kva.example" };
	struct allow_spelling s;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		allow_spell(t[i], &s);
		assert_true(allow_spelt(&s, t[i]));
		assert_true(allow_spelt(&s, t[1 - i]));
		assert_false(allow_spelt(&s, "müller.example"));
		assert_false(allow_spelt(&s, "b@muller.example"));
	}
	allow_spell("192.0.2.0/24", &s);
	assert_true(allow_spelt(&s, "192.0.2.0/24"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii),
		cmocka_unit_test(within),
		cmocka_unit_test(plain),
		cmocka_unit_test(whitelisted),
		cmocka_unit_test(spellings),
	};

	return key_init() == -1 ||
	    cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
