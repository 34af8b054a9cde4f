#include "lib/grey/allow.h"

#include "lib/err.h"
#include "lib/grey/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
good(void **state)
{
	static const struct {
		const char *text;
		enum allow_as as;
		enum allow_kind kind;
		const char *value;
	} t[] = {
		{ "example.com", ALLOW_AS_SEEN, ALLOW_DOMAIN, "example.com" },
		{ "Example.COM.", ALLOW_AS_SEEN, ALLOW_DOMAIN, "example.com" },
		{ "_dmarc.example.com", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "_dmarc.example.com" },
		{ "xn--mller-kva.example", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "xn--mller-kva.example" },
		{ "MÜLLER.example", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "müller.example" },
		{ "☃。example。", ALLOW_AS_SEEN, ALLOW_DOMAIN, "☃.example" },
		{ "Mu\xcc\x88ller.example", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "müller.example" },
		{ "a@STRAßE.example", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "a@straße.example" },
		{ "1and1.example", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "1and1.example" },
		{ "163.com", ALLOW_AS_SEEN, ALLOW_DOMAIN, "163.com" },
		{ "dead.beef.cafe", ALLOW_AS_SEEN, ALLOW_DOMAIN,
		    "dead.beef.cafe" },
		{ L63 ".example", ALLOW_AS_SEEN, ALLOW_DOMAIN, L63 ".example" },
		{ "Alice@Example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "alice@example.com" },
		{ "alice+tag@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "alice+tag@example.com" },
		{ "o'neil!#$%&*/=?^_`{|}~@example.com", ALLOW_AS_SEEN,
		    ALLOW_SENDER, "o'neil!#$%&*/=?^_`{|}~@example.com" },
		{ "root@localhost", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "root@localhost" },
		{ "\"alice\"@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "alice@example.com" },
		{ "\"a..b\"@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "\"a..b\"@example.com" },
		{ "\"a@\\\"b\"@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "\"a@\\\"b\"@example.com" },
		{ "\"*\"@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "\"*\"@example.com" },
		{ "\"Jo  Doe\"@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "\"jo  doe\"@example.com" },
		{ "alice@[192.0.2.1]", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "alice@[192.0.2.1]" },
		{ "alice@[IPv6:2001:DB8:0::1]", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "alice@[ipv6:2001:db8::1]" },
		{ "JÜRGEN@example.com", ALLOW_AS_SEEN, ALLOW_SENDER,
		    "jürgen@example.com" },
		{ "192.0.2.1", ALLOW_AS_SEEN, ALLOW_NETWORK, "192.0.2.1" },
		{ "192.0.2.0/24", ALLOW_AS_SEEN, ALLOW_NETWORK,
		    "192.0.2.0/24" },
		{ "192.0.2.1/32", ALLOW_AS_SEEN, ALLOW_NETWORK, "192.0.2.1" },
		{ "2001:DB8::/32", ALLOW_AS_SEEN, ALLOW_NETWORK,
		    "2001:db8::/32" },
		{ "2001:db8:0::1", ALLOW_AS_SEEN, ALLOW_NETWORK,
		    "2001:db8::1" },
		{ "[2001:db8::]/32", ALLOW_AS_SEEN, ALLOW_NETWORK,
		    "2001:db8::/32" },
		{ "::ffff:192.0.2.1", ALLOW_AS_SEEN, ALLOW_NETWORK,
		    "192.0.2.1" },
		{ "MX.Example.com", ALLOW_AS_NAME, ALLOW_NAME,
		    "mx.example.com" },
		{ "Bob@example.net", ALLOW_AS_RECIPIENT, ALLOW_RECIPIENT,
		    "bob@example.net" },
		{ "postmaster@*", ALLOW_AS_RECIPIENT, ALLOW_RECIPIENT,
		    "postmaster@*" },
		{ "example.net", ALLOW_AS_RECIPIENT, ALLOW_RECIPIENT,
		    "example.net" },
	};
	struct allow_entry entry, again;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (allow_entry_parse(t[i].text, t[i].as, &entry, &e) == -1)
			fail_msg("%s: %s", t[i].text, e.text);
		if (entry.kind != t[i].kind ||
		    strcmp(entry.value, t[i].value) != 0)
			fail_msg("%s: got %s %s", t[i].text,
			    allow_kind_words[entry.kind], entry.value);
		assert_int_equal(entry.proof,
		    entry.kind == ALLOW_DOMAIN ? ALLOW_PROOF_SPF
		                               : ALLOW_PROOF_NONE);
		/* What is stored can be read again. */
		if (allow_entry_of(entry.kind, entry.value, &again, &e) == -1)
			fail_msg("%s: %s", entry.value, e.text);
		assert_string_equal(entry.value, again.value);
	}
}

/* Each is refused, with a word of the reason. */
static void
bad(void **state)
{
	static char long_name[4097], long_local[400], long_domain[300];
	const struct {
		const char *text;
		enum allow_as as;
		const char *why;
	} t[] = {
		{ "", ALLOW_AS_SEEN, "empty" },
		{ "@", ALLOW_AS_SEEN, "nothing before" },
		{ "@example.com", ALLOW_AS_SEEN, "domain alone" },
		{ "alice@", ALLOW_AS_SEEN, "nothing behind" },
		{ "a..b", ALLOW_AS_SEEN, "empty label" },
		{ "alice@a..b", ALLOW_AS_SEEN, "empty label" },
		{ ".", ALLOW_AS_SEEN, "empty" },
		{ "..", ALLOW_AS_SEEN, "" },
		{ ".example.com", ALLOW_AS_SEEN, "begins with a dot" },
		{ "*.example.com", ALLOW_AS_SEEN, "write example.com" },
		{ "*@example.com", ALLOW_AS_SEEN, "domain alone" },
		{ "example", ALLOW_AS_SEEN, "no dot" },
		{ "com", ALLOW_AS_SEEN, "no dot" },
		{ "exam ple.com", ALLOW_AS_SEEN, "blank" },
		{ " ", ALLOW_AS_SEEN, "blank" },
		{ " example.com", ALLOW_AS_SEEN, "blank" },
		{ "example.com ", ALLOW_AS_SEEN, "blank" },
		{ "a b@example.com", ALLOW_AS_SEEN, "blank" },
		{ "\"a b\"c d@example.com", ALLOW_AS_SEEN, "blank" },
		{ "\"a b\"@exam ple.com", ALLOW_AS_SEEN, "blank" },
		{ "\"a\tb\"@example.com", ALLOW_AS_SEEN, "blank" },
		{ " \"a b\"@example.com", ALLOW_AS_SEEN, "blank" },
		{ "\"a b\".example.com", ALLOW_AS_SEEN, "blank" },
		{ "\"a b@example.com", ALLOW_AS_SEEN, "blank" },
		{ "example.com\t", ALLOW_AS_SEEN, "blank" },
		{ "example.com\n", ALLOW_AS_SEEN, "control" },
		{ "exa\x01mple.com", ALLOW_AS_SEEN, "control" },
		{ "exa\x7fmple.com", ALLOW_AS_SEEN, "control" },
		{ "exa\x1b[31mmple.com", ALLOW_AS_SEEN, "control" },
		{ "exa\xc2\x85mple.com", ALLOW_AS_SEEN, "control" },
		{ "exa\xe2\x80\xaemple.com", ALLOW_AS_SEEN, "U+202E" },
		{ "exa\xe2\x80\x8bmple.com", ALLOW_AS_SEEN, "U+200B" },
		{ "exa\xff.com", ALLOW_AS_SEEN, "not UTF-8" },
		{ "exa\xc0\xaf.com", ALLOW_AS_SEEN, "not UTF-8" },
		{ "exa\xed\xa0\x80.com", ALLOW_AS_SEEN, "not UTF-8" },
		{ "exa\xc3", ALLOW_AS_SEEN, "not UTF-8" },
		{ "-example.com", ALLOW_AS_SEEN, "begins or ends" },
		{ "exa_mple-.com", ALLOW_AS_SEEN, "begins or ends" },
		{ "exa,mple.com", ALLOW_AS_SEEN, "no domain name has" },
		{ "example.com;drop", ALLOW_AS_SEEN, "no domain name has" },
		{ "a" L63 ".com", ALLOW_AS_SEEN, "63" },
		{ "example.123", ALLOW_AS_SEEN, "number" },
		{ "ä.example.₂", ALLOW_AS_SEEN, "number" },
		{ long_name, ALLOW_AS_SEEN, "4096" },
		{ long_local, ALLOW_AS_SEEN, "" },
		{ long_domain, ALLOW_AS_SEEN, "253" },
		{ "a@b@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "<alice@example.com>", ALLOW_AS_SEEN, "" },
		{ "Alice<alice@example.com", ALLOW_AS_SEEN, "brackets" },
		{ "alice>@example.com", ALLOW_AS_SEEN, "brackets" },
		{ "@a.example:alice@example.com", ALLOW_AS_SEEN, "brackets" },
		{ ".alice@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "a..b@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "\"alice@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "\"\"@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "\"a\"b\"@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "\"a\\\"@example.com", ALLOW_AS_SEEN, "not a mail address" },
		{ "alice@[300.1.2.3]", ALLOW_AS_SEEN, "literal" },
		{ "alice@[", ALLOW_AS_SEEN, "literal" },
		{ "alice@*", ALLOW_AS_SEEN, "no domain name has" },
		{ "300.1.2.3/40", ALLOW_AS_SEEN, "not a network" },
		{ "300.1.2.3", ALLOW_AS_SEEN, "not a network" },
		{ "192.0.2.0/33", ALLOW_AS_SEEN, "prefix" },
		{ "192.0.2.0/", ALLOW_AS_SEEN, "prefix" },
		{ "192.0.2.0/-1", ALLOW_AS_SEEN, "prefix" },
		{ "192.0.2.0/24x", ALLOW_AS_SEEN, "prefix" },
		{ "10.0.0.1/8", ALLOW_AS_SEEN, "10.0.0.0/8" },
		{ "2001:db8::1/32", ALLOW_AS_SEEN, "2001:db8::/32" },
		{ "2001:db8::/129", ALLOW_AS_SEEN, "prefix" },
		{ "2001:db8:::/32", ALLOW_AS_SEEN, "not a network" },
		{ "1.2.3", ALLOW_AS_SEEN, "not a network" },
		{ "1.2.3.4.5", ALLOW_AS_SEEN, "not a network" },
		{ "1234", ALLOW_AS_SEEN, "not a network" },
		{ "/24", ALLOW_AS_SEEN, "not a network" },
		{ "/", ALLOW_AS_SEEN, "not a network" },
		{ "[]", ALLOW_AS_SEEN, "not a network" },
		{ "http://example.com/", ALLOW_AS_SEEN, "not a network" },
		{ "192.0.2.1", ALLOW_AS_NAME, "client's name" },
		{ "alice@example.com", ALLOW_AS_NAME, "client's name" },
		{ "mx", ALLOW_AS_NAME, "no dot" },
		{ "", ALLOW_AS_NAME, "empty" },
		{ "", ALLOW_AS_RECIPIENT, "empty" },
		{ "*@*", ALLOW_AS_RECIPIENT, "\"*\"" },
		{ "@*", ALLOW_AS_RECIPIENT, "nothing before" },
		{ "postmaster@", ALLOW_AS_RECIPIENT, "alice@*" },
		{ "192.0.2.0/24", ALLOW_AS_RECIPIENT, "not a recipient" },
	};
	struct allow_entry entry;
	struct err e;
	size_t i;

	(void)state;
	memset(long_name, 'a', 4096);
	memset(long_local, 'a', 65);
	memcpy(long_local + 65, "@example.com", 13);
	for (i = 0; i < 256; i++)
		long_domain[i] = i % 8 == 7 ? '.' : 'a';
	long_domain[256] = 'a';
	for (i = 0; i < COUNT(t); i++) {
		e.text[0] = '\0';
		if (allow_entry_parse(t[i].text, t[i].as, &entry, &e) == 0)
			fail_msg("taken: \"%s\" as %s", t[i].text, entry.value);
		if (strstr(e.text, t[i].why) == NULL || e.text[0] == '\0')
			fail_msg("\"%s\": %s", t[i].text, e.text);
	}
}

static void
words(void **state)
{
	struct allow_entry entry;
	char text[400];
	struct err e;

	(void)state;
	assert_int_equal(
	    allow_entry_parse("192.0.2.1", ALLOW_AS_SEEN, &entry, &e), 0);
	assert_int_equal(
	    allow_entry_set_proof(&entry, ALLOW_PROOF_SPF, &e), -1);
	assert_int_equal(
	    allow_entry_set_proof(&entry, ALLOW_PROOF_NONE, &e), 0);
	assert_int_equal(
	    allow_entry_set_note(&entry, "ask Bob, \"really\" – 東京", &e), 0);
	assert_int_equal(allow_entry_set_note(&entry, "two\nlines", &e), -1);
	assert_int_equal(allow_entry_set_note(&entry, "\xff", &e), -1);
	memset(text, 'n', sizeof(text));
	text[ALLOW_NOTE_SIZE] = '\0';
	assert_int_equal(allow_entry_set_note(&entry, text, &e), -1);
	text[ALLOW_NOTE_SIZE - 1] = '\0';
	assert_int_equal(allow_entry_set_note(&entry, text, &e), 0);
	text[ALLOW_AUTHOR_SIZE] = '\0';
	assert_int_equal(allow_entry_set_author(&entry, text, &e), -1);
	assert_int_equal(allow_entry_set_author(&entry, "root", &e), 0);
	assert_int_equal(allow_word(allow_proof_words, "either"), 3);
	assert_int_equal(allow_word(allow_proof_words, "SPF"), -1);
	assert_int_equal(
	    allow_entry_parse("example.com", ALLOW_AS_SEEN, &entry, &e), 0);
	assert_int_equal(
	    allow_entry_set_proof(&entry, ALLOW_PROOF_EITHER, &e), 0);
}

/* The whitelist that the questions below are put to. */
static const struct {
	const char *text;
	enum allow_as as;
	int proof; /* -1: the kind's own */
	int64_t expires;
} list[] = {
	{ "apple.com", ALLOW_AS_SEEN, -1, 0 },
	{ "mail.apple.com", ALLOW_AS_SEEN, ALLOW_PROOF_NONE, 0 },
	{ "alice@example.com", ALLOW_AS_SEEN, -1, 0 },
	{ "192.0.2.0/24", ALLOW_AS_SEEN, -1, 0 },
	{ "192.0.2.128/25", ALLOW_AS_SEEN, -1, 0 },
	{ "192.0.2.200", ALLOW_AS_SEEN, -1, 0 },
	{ "2001:db8::/32", ALLOW_AS_SEEN, -1, 0 },
	{ "pool.example.org", ALLOW_AS_NAME, -1, 0 },
	{ "postmaster@*", ALLOW_AS_RECIPIENT, -1, 0 },
	{ "bob@here.example", ALLOW_AS_RECIPIENT, -1, 0 },
	{ "open.example", ALLOW_AS_RECIPIENT, -1, 0 },
	{ "old.example", ALLOW_AS_SEEN, -1, 1000 },
	{ "bank.example", ALLOW_AS_SEEN, ALLOW_PROOF_EITHER, 0 },
	{ "ceo@bank.example", ALLOW_AS_SEEN, ALLOW_PROOF_SPF, 0 },
	{ "müller.example", ALLOW_AS_SEEN, -1, 0 },
	{ "\"a..b\"@odd.example", ALLOW_AS_SEEN, -1, 0 },
};

static struct allow *
build(void)
{
	static struct allow_entry entries[COUNT(list)];
	struct allow *a;
	struct err e;
	size_t i;

	for (i = 0; i < COUNT(list); i++) {
		assert_int_equal(allow_entry_parse(
		                     list[i].text, list[i].as, &entries[i], &e),
		    0);
		if (list[i].proof != -1)
			assert_int_equal(
			    allow_entry_set_proof(&entries[i],
			        (enum allow_proof)list[i].proof, &e),
			    0);
		entries[i].id = 100 + (int64_t)i;
		entries[i].expires = list[i].expires;
	}
	a = allow_new(entries, COUNT(list), &e);
	assert_non_null(a);
	/* It keeps nothing of the array. */
	memset(entries, 0, sizeof(entries));
	return a;
}

static void
matches(void **state)
{
	static const struct {
		const char *client, *name, *sender, *recipient;
		const char *want; /* values in order */
	} t[] = {
		{ "198.51.100.1", "", "x@other.example", "y@z.example", "" },
		{ NULL, NULL, NULL, NULL, "" },
		{ "198.51.100.1", "", "x@apple.com", "", "apple.com" },
		{ "198.51.100.1", "", "x@Email.APPLE.com.", "", "apple.com" },
		{ "198.51.100.1", "", "x@notapple.com", "", "" },
		{ "198.51.100.1", "", "x@apple.com.evil.example", "", "" },
		{ "198.51.100.1", "", "apple.com@evil.example", "", "" },
		{ "198.51.100.1", "", "\"x@apple.com\"@evil.example", "", "" },
		{ "198.51.100.1", "", "x@a.mail.apple.com", "",
		    "mail.apple.com apple.com" },
		{ "198.51.100.1", "", "", "", "" },
		{ "198.51.100.1", "", "<>", "", "" },
		{ "198.51.100.1", "", "<Alice@Example.COM>", "",
		    "alice@example.com" },
		{ "198.51.100.1", "", "alice+tag@example.com", "",
		    "alice@example.com" },
		{ "198.51.100.1", "", "prvs=0123abcdef=alice@example.com", "",
		    "alice@example.com" },
		{ "198.51.100.1", "", "malice@example.com", "", "" },
		{ "198.51.100.1", "", "alice@sub.example.com", "", "" },
		{ "192.0.2.1", "", "", "", "192.0.2.0/24" },
		{ "192.0.2.200", "", "", "",
		    "192.0.2.200 192.0.2.128/25 192.0.2.0/24" },
		{ "192.0.3.1", "", "", "", "" },
		{ "::ffff:192.0.2.1", "", "", "", "192.0.2.0/24" },
		{ "2001:db8:1::5", "", "", "", "2001:db8::/32" },
		{ "2001:db9::", "", "", "", "" },
		{ "198.51.100.1", "pool.example.org", "", "",
		    "pool.example.org" },
		{ "198.51.100.1", "A1.Pool.Example.Org.", "", "",
		    "pool.example.org" },
		{ "198.51.100.1", "whirlpool.example.org", "", "", "" },
		{ "198.51.100.1", "unknown", "", "", "" },
		{ "198.51.100.1", "", "", "PostMaster@any.example",
		    "postmaster@*" },
		{ "198.51.100.1", "", "", "postmaster", "" },
		{ "198.51.100.1", "", "", "<Bob@Here.Example>",
		    "bob@here.example" },
		{ "198.51.100.1", "", "", "bob+shop@here.example",
		    "bob@here.example" },
		{ "198.51.100.1", "", "", "carol@here.example", "" },
		{ "198.51.100.1", "", "", "bob@x.here.example", "" },
		{ "198.51.100.1", "", "", "any@sub.open.example",
		    "open.example" },
		{ "198.51.100.1", "", "x@old.example", "", "" },
		{ "198.51.100.1", "", "ceo@bank.example", "",
		    "ceo@bank.example bank.example" },
		/* What needs no proof stands first. */
		{ "192.0.2.1", "x.pool.example.org", "ceo@bank.example",
		    "bob@here.example",
		    "192.0.2.0/24 pool.example.org bob@here.example "
		    "ceo@bank.example bank.example" },
		{ "198.51.100.1", "", "JÜRGEN@MÜLLER.example", "",
		    "müller.example" },
		{ "198.51.100.1", "", "\"a..b\"@odd.example", "",
		    "\"a..b\"@odd.example" },
		{ "198.51.100.1", "", "a..b@odd.example", "",
		    "\"a..b\"@odd.example" },
	};
	struct allow *a = build();
	struct allow_match m[ALLOW_MATCHES];
	char got[512];
	struct ip ip;
	size_t i, j, n;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		struct allow_query q = { .client_name = t[i].name,
			.sender = t[i].sender,
			.recipient = t[i].recipient,
			.now = 1000 };

		if (t[i].client != NULL) {
			assert_int_equal(ip_parse(t[i].client, &ip), 0);
			q.client = &ip;
		}
		n = allow_match(a, &q, m);
		got[0] = '\0';
		for (j = 0; j < n; j++) {
			size_t at = strlen(got);

			(void)snprintf(got + at, sizeof(got) - at, "%s%s",
			    j > 0 ? " " : "", m[j].value);
			assert_int_equal(m[j].id, 100 + (int)m[j].index);
		}
		if (strcmp(got, t[i].want) != 0)
			fail_msg("row %zu (%s): got \"%s\", want \"%s\"", i,
			    t[i].sender, got, t[i].want);
	}
	allow_free(a);
}

static void
expiry(void **state)
{
	struct allow *a = build();
	struct allow_match m[ALLOW_MATCHES];
	struct allow_query q = { .sender = "x@old.example", .now = 999 };

	(void)state;
	assert_int_equal(allow_match(a, &q, m), 1);
	assert_string_equal(m[0].value, "old.example");
	q.now = 1000;
	assert_int_equal(allow_match(a, &q, m), 0);
	assert_int_equal(allow_count(a), COUNT(list));
	allow_get(a, 0, &m[0]);
	assert_string_equal(m[0].value, "apple.com");
	allow_free(a);
	a = allow_new(NULL, 0, NULL);
	assert_int_equal(allow_match(a, &q, m), 0);
	allow_free(a);
	allow_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),
		cmocka_unit_test(bad),
		cmocka_unit_test(words),
		cmocka_unit_test(matches),
		cmocka_unit_test(expiry),
	};

	if (key_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
