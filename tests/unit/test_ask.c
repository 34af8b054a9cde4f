#include "lib/grey/ask.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1000000

static struct allow *whitelist;

static int
set_up(void **state)
{
	static const struct {
		const char *text;
		enum allow_proof proof;
	} t[] = {
		{ "apple.com", ALLOW_PROOF_SPF },
		{ "boss@mail.example", ALLOW_PROOF_SPF },
		{ "either.example", ALLOW_PROOF_EITHER },
		{ "named.example", ALLOW_PROOF_NAME },
		{ "open.example", ALLOW_PROOF_NONE },
		{ "192.0.2.0/24", ALLOW_PROOF_NONE },
	};
	struct allow_entry list[COUNT(t)];
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		assert_int_equal(
		    allow_entry_parse(t[i].text, ALLOW_AS_SEEN, &list[i], &e),
		    0);
		list[i].proof = t[i].proof;
	}
	whitelist = allow_new(list, COUNT(t), &e);
	assert_non_null(whitelist);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	allow_free(whitelist);
	return 0;
}

/* "+name" of the listed child, "name" of the strangers', in order. */
static void
as_text(const struct grey_ask *ask, char *out, size_t size)
{
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < ask->n && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s%s",
		    i > 0 ? " " : "",
		    ask->names[i].kind == SPF_LISTED ? "+" : "",
		    ask->names[i].domain);
}

static void
questions(void **state)
{
#define BOUNCE "+apple.com +mail.example +either.example"
	static const struct {
		const char *sender, *helo, *domain, *want;
	} t[] = {
		{ "a@stranger.example", "h.example", "stranger.example",
		    "stranger.example" },
		{ "<A@Stranger.EXAMPLE.>", "", "stranger.example",
		    "stranger.example" },
		{ "a@apple.com", "h.example", "apple.com", "+apple.com" },
		{ "a@APPLE.com", "h.example", "apple.com", "+apple.com" },
		{ "a@new.apple.com", "h.example", "new.apple.com",
		    "+new.apple.com +apple.com" },
		{ "a@notapple.com", "", "notapple.com", "notapple.com" },
		{ "boss@mail.example", "", "mail.example", "+mail.example" },
		{ "clerk@mail.example", "", "mail.example", "mail.example" },
		{ "a@either.example", "", "either.example", "+either.example" },
		/* exempt or not without SPF; still an identity */
		{ "a@named.example", "", "named.example", "named.example" },
		{ "a@open.example", "", "open.example", "open.example" },
		{ "", "mx.stranger.example", "mx.stranger.example",
		    BOUNCE " mx.stranger.example" },
		{ "<>", "MX.Apple.com", "mx.apple.com",
		    "+mx.apple.com " BOUNCE },
		{ "", "", "", BOUNCE },
		{ "<>", "apple.com", "apple.com", BOUNCE },
		{ "nobody", "h.example", "", "" },
		{ "a@", "h.example", "", "" },
	};
	struct grey_facts f = { .client_name = "" };
	struct grey_ask ask;
	char got[512];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		f.sender = t[i].sender;
		f.helo = t[i].helo;
		grey_ask(whitelist, &f, NOW, &ask);
		as_text(&ask, got, sizeof(got));
		if (strcmp(got, t[i].want) != 0 ||
		    strcmp(ask.domain, t[i].domain) != 0)
			fail_msg("<%s> %s: %s (%s)", t[i].sender, t[i].helo,
			    got, ask.domain);
	}
}

static void
without_a_whitelist(void **state)
{
	struct grey_facts f = { .sender = "", .helo = "h.example" };
	struct grey_ask ask;
	char long_sender[2048];

	(void)state;
	grey_ask(NULL, &f, NOW, &ask);
	assert_int_equal(ask.n, 1);
	assert_string_equal(ask.names[0].domain, "h.example");
	assert_string_equal(ask.sender, "");
	/* what does not fit is no address */
	memset(long_sender, 'a', sizeof(long_sender));
	memcpy(long_sender + sizeof(long_sender) - 7, "@b.cde", 7);
	f.sender = long_sender;
	grey_ask(NULL, &f, NOW, &ask);
	assert_int_equal(ask.n, 0);
	f.sender = "";
	f.helo = NULL;
	grey_ask(NULL, &f, NOW, &ask);
	assert_int_equal(ask.n, 0);
}

/* However long the whitelist is, a bounce's own HELO is asked. */
static void
many_entries(void **state)
{
	struct grey_facts f = { .sender = "", .helo = "h.example" };
	struct allow_entry list[100];
	struct grey_ask ask;
	char name[32];
	struct allow *a;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(list); i++) {
		(void)snprintf(name, sizeof(name), "d%zu.example", i);
		assert_int_equal(
		    allow_entry_parse(name, ALLOW_AS_SEEN, &list[i], &e), 0);
	}
	a = allow_new(list, COUNT(list), &e);
	grey_ask(a, &f, NOW, &ask);
	assert_int_equal(ask.n, SPF_CHECK_ANY_MAX);
	assert_string_equal(ask.names[ask.n - 1].domain, "h.example");
	assert_int_equal(ask.names[ask.n - 1].kind, SPF_STRANGER);
	allow_free(a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(without_a_whitelist),
		cmocka_unit_test(many_entries),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
