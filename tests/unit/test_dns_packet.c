#include "lib/dns_packet.h"

#include "lib/dns.h"
#include "lib/err.h"

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

/* A packet that is put together by hand. */
struct packet {
	uint8_t p[70000];
	size_t n;
};

static void
bytes(struct packet *k, const void *p, size_t n)
{
	memcpy(k->p + k->n, p, n);
	k->n += n;
}

static void
number(struct packet *k, unsigned v)
{
	k->p[k->n++] = (uint8_t)(v >> 8);
	k->p[k->n++] = (uint8_t)v;
}

/* A question for "name", with its header turned into an answer's. */
static void
begin(struct packet *k, const char *name, enum dns_type type, unsigned rcode,
    unsigned answers)
{
	memset(k, 0, sizeof(*k));
	k->n = dns_question_write(k->p, 0x1234, name, type);
	k->p[2] = 0x81;
	k->p[3] = (uint8_t)(0x80 | rcode);
	k->p[6] = (uint8_t)(answers >> 8);
	k->p[7] = (uint8_t)answers;
}

/* A record whose owner is a pointer, or "at" bytes of its own. */
static void
rr(struct packet *k, const char *owner, size_t owner_len, enum dns_type type,
    const void *data, size_t len)
{
	bytes(k, owner, owner_len);
	number(k, type);
	number(k, 1);
	number(k, 0);
	number(k, 60);
	number(k, (unsigned)len);
	bytes(k, data, len);
}

#define OWNER "\xc0\x0c", 2

static struct dns_answer
take(const struct packet *k, const char *name, enum dns_type type)
{
	struct dns_answer a;

	dns_answer_read(k->p, k->n, name, type, 100000, &a);
	return a;
}

static void
names(void **state)
{
	static const struct {
		const char *s;
		bool ok;
	} t[] = {
		{ "example.com", true },
		{ "example.com.", true },
		{ "a", true },
		{ "a b.%/:.example", true },
		{ LABEL63 ".example", true },
		{ LABEL63 "4.example", false },
		{ "", false },
		{ ".", false },
		{ "a..b", false },
		{ ".a", false },
		{ LABEL63 "." LABEL63 "." LABEL63 "." LABEL63, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (dns_name_ok(t[i].s) != t[i].ok)
			fail_msg("%s", t[i].s);
	assert_true(dns_name_same("Example.com.", "example.COM"));
	assert_false(dns_name_same("example.com", "example.co"));
}

static void
question(void **state)
{
	static const uint8_t want[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0"
	                              "\3foo\7example\0\0\x10\0\1";
	uint8_t out[DNS_QUESTION_SIZE];

	(void)state;
	assert_int_equal(
	    dns_question_write(out, 0x1234, "foo.example", DNS_TXT),
	    sizeof(want) - 1);
	assert_memory_equal(out, want, sizeof(want) - 1);
	assert_int_equal(dns_question_write(out, 1, "a..b", DNS_TXT), 0);
}

static void
values(void **state)
{
	static struct packet k;
	struct dns_answer a;

	(void)state;
	begin(&k, "x.example", DNS_TXT, 0, 2);
	rr(&k, OWNER, DNS_TXT, "\6v=spf1\5 -all", 13);
	rr(&k, OWNER, DNS_TXT, "\0", 1);
	a = take(&k, "X.example", DNS_TXT);
	assert_int_equal(a.status, DNS_FOUND);
	assert_int_equal(a.n, 2);
	assert_string_equal(a.values[0].text, "v=spf1 -all");
	assert_int_equal(a.values[1].len, 0);
	dns_answer_free(&a);

	begin(&k, "x.example", DNS_MX, 0, 3);
	rr(&k, OWNER, DNS_MX, "\0\x0a\4mail\xc0\x0c", 9);
	rr(&k, OWNER, DNS_MX, "\0\0\0", 3); /* no mail: RFC 7505 */
	rr(&k, OWNER, DNS_MX, "\0\1\3a.b\0", 7); /* a dot in a label */
	a = take(&k, "x.example", DNS_MX);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.values[0].preference, 10);
	assert_string_equal(a.values[0].text, "mail.x.example");
	dns_answer_free(&a);

	begin(&k, "x.example", DNS_AAAA, 0, 1);
	rr(&k, OWNER, DNS_AAAA, "0123456789abcdef", 16);
	a = take(&k, "x.example", DNS_AAAA);
	assert_memory_equal(a.values[0].addr, "0123456789abcdef", 16);
	dns_answer_free(&a);
}

static void
aliases(void **state)
{
	static struct packet k;
	struct dns_answer a;

	(void)state;
	/* The records in any order. */
	begin(&k, "x.example", DNS_A, 0, 3);
	rr(&k, "\1z\0", 3, DNS_A, "\1\2\3\4", 4);
	rr(&k, "\1y\0", 3, DNS_CNAME, "\1z\0", 3);
	rr(&k, OWNER, DNS_CNAME, "\1y\0", 3);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FOUND);
	assert_int_equal(a.n, 1);
	dns_answer_free(&a);

	/* What is not at the end of the chain does not count. */
	begin(&k, "x.example", DNS_A, 0, 2);
	rr(&k, OWNER, DNS_CNAME, "\1y\0", 3);
	rr(&k, "\1w\0", 3, DNS_A, "\1\2\3\4", 4);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_EMPTY);
	assert_string_equal(a.alias, "y");
	dns_answer_free(&a);

	begin(&k, "x.example", DNS_A, 0, 1);
	rr(&k, OWNER, DNS_CNAME, "\xc0\x0c", 2);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	dns_answer_free(&a);
}

static void
nothing(void **state)
{
	static const struct {
		unsigned rcode;
		enum dns_status want;
	} t[] = {
		{ 0, DNS_EMPTY },
		{ 3, DNS_NXDOMAIN },
		{ 1, DNS_FAILED },
		{ 2, DNS_FAILED },
		{ 5, DNS_FAILED },
		{ 15, DNS_FAILED },
	};
	static struct packet k;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct dns_answer a;

		begin(&k, "x.example", DNS_A, t[i].rcode, 0);
		a = take(&k, "x.example", DNS_A);
		assert_int_equal(a.status, t[i].want);
		dns_answer_free(&a);
	}
}

/* An answer to something else, or none at all. */
static void
not_ours(void **state)
{
	static struct packet k;
	struct dns_answer a;

	(void)state;
	begin(&k, "x.example", DNS_A, 0, 1);
	rr(&k, OWNER, DNS_A, "\1\2\3\4", 4);
	a = take(&k, "y.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	a = take(&k, "x.example", DNS_AAAA);
	assert_int_equal(a.status, DNS_FAILED);
	k.p[2] &= 0x7f; /* a question */
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	k.p[2] |= 0x80;
	k.p[5] = 2; /* two questions */
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
}

static void
broken(void **state)
{
	static struct packet k;
	struct dns_answer a;
	size_t whole;

	(void)state;
	begin(&k, "x.example", DNS_A, 0, 1);
	rr(&k, OWNER, DNS_A, "\1\2\3\4", 4);
	whole = k.n;
	for (k.n = 0; k.n < whole; k.n++) {
		a = take(&k, "x.example", DNS_A);
		assert_int_equal(a.status, DNS_FAILED);
	}
	/* An address of five bytes. */
	begin(&k, "x.example", DNS_A, 0, 1);
	rr(&k, OWNER, DNS_A, "\1\2\3\4\5", 5);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	/* A string longer than its record. */
	begin(&k, "x.example", DNS_TXT, 0, 1);
	rr(&k, OWNER, DNS_TXT, "\7v=spf1", 7);
	a = take(&k, "x.example", DNS_TXT);
	assert_int_equal(a.status, DNS_FAILED);
	/* A pointer to itself; one forwards. */
	begin(&k, "x.example", DNS_A, 0, 1);
	rr(&k, "\xc0\x1b", 2, DNS_A, "\1\2\3\4", 4);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	/* More records promised than there are. */
	begin(&k, "x.example", DNS_A, 0, 2);
	rr(&k, OWNER, DNS_A, "\1\2\3\4", 4);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
}

/* 64 KB of addresses: over the cap they are none, and nothing is slow. */
static void
huge(void **state)
{
	static struct packet k;
	struct dns_answer a;
	unsigned n = 4000;

	(void)state;
	begin(&k, "x.example", DNS_A, 0, n);
	for (unsigned i = 0; i < n; i++)
		rr(&k, OWNER, DNS_A, "\1\2\3\4", 4);
	a = take(&k, "x.example", DNS_A);
	assert_int_equal(a.status, DNS_FAILED);
	dns_answer_free(&a);
	dns_answer_read(k.p, k.n, "x.example", DNS_A, 1 << 20, &a);
	assert_int_equal(a.n, n);
	dns_answer_free(&a);
}

static void
servers(void **state)
{
	static const struct {
		const char *s;
		int want;
	} t[] = {
		{ "127.0.0.1", 0 },
		{ "127.0.0.1:5353", 0 },
		{ "2001:db8::1", 0 },
		{ "[2001:db8::1]", 0 },
		{ "[::1]:53", 0 },
		{ "", -1 },
		{ "localhost", -1 },
		{ "127.0.0.1:", -1 },
		{ "127.0.0.1:0", -1 },
		{ "127.0.0.1:65536", -1 },
		{ "127.0.0.1:53x", -1 },
		{ "127.0.0.1:+53", -1 },
		{ "[::1]53", -1 },
		{ "[127.0.0.1", -1 },
		{ "127.0.0.1,127.0.0.2", -1 },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		if (dns_server_check(t[i].s, &e) != t[i].want)
			fail_msg("%s", t[i].s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(question),
		cmocka_unit_test(values),
		cmocka_unit_test(aliases),
		cmocka_unit_test(nothing),
		cmocka_unit_test(not_ours),
		cmocka_unit_test(broken),
		cmocka_unit_test(huge),
		cmocka_unit_test(servers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
