#include "milter/spf_eval.h"

#include "lib/buf.h"

#include "milter/spf_clean.h"
#include "milter/spf_cover.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A DNS in a table: type and value; "!" fails, what is not there does not. */
struct rr {
	const char *name;
	enum dns_type type;
	const char *value;
};

static struct dns_value
to_value(const struct rr *rr)
{
	struct dns_value v = { 0 };

	if (rr->type == DNS_A || rr->type == DNS_AAAA) {
		assert_int_equal(
		    inet_pton(rr->type == DNS_A ? AF_INET : AF_INET6, rr->value,
		        v.addr),
		    1);
		return v;
	}
	v.text = strdup(rr->value);
	v.len = strlen(rr->value);
	return v;
}

/* Answer what the zone wants from the table. */
static void
answer(struct spf_zone *z, const struct rr *rrs, size_t n)
{
	struct dns_answer a = { .status = DNS_NXDOMAIN };

	a.values = calloc(n + 1, sizeof(*a.values));
	for (size_t i = 0; i < n; i++) {
		if (!dns_name_same(rrs[i].name, z->wanted))
			continue;
		if (a.status == DNS_NXDOMAIN)
			a.status = DNS_EMPTY;
		if (rrs[i].type == DNS_CNAME)
			(void)snprintf(
			    a.alias, sizeof(a.alias), "%s", rrs[i].value);
		if (rrs[i].type != z->wanted_type)
			continue;
		if (rrs[i].value[0] == '!') {
			a.status = DNS_FAILED;
			break;
		}
		a.status = DNS_FOUND;
		a.values[a.n++] = to_value(&rrs[i]);
	}
	spf_zone_put(z, &a, 1);
}

/* Run to the end; returns how many look-ups it took. */
static int
evaluate(struct spf_eval *e, struct spf_zone *z, const struct spf_ask *ask,
    enum spf_result *result_r, const struct rr *rrs, size_t n)
{
	int asked = 0;

	for (;; asked++) {
		*e = (struct spf_eval){ .ask = ask, .zone = z };
		if (spf_eval_run(e, result_r) == 1)
			return asked;
		assert_true(asked < 100);
		answer(z, rrs, n);
	}
}

static struct spf_ask
about(const char *ip, const char *domain, const char *sender)
{
	struct spf_ask a = { 0 };

	assert_int_equal(ip_parse(ip, &a.client), 0);
	(void)snprintf(a.domain, sizeof(a.domain), "%s", domain);
	(void)snprintf(a.sender, sizeof(a.sender), "%s", sender);
	(void)snprintf(a.helo, sizeof(a.helo), "mail.helo.example");
	return a;
}

static const struct rr zone[] = {
	{ "ip.example", DNS_TXT,
	    "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all" },
	{ "soft.example", DNS_TXT, "v=spf1 ~all" },
	{ "two.example", DNS_TXT, "v=spf1 -all" },
	{ "two.example", DNS_TXT, "v=spf1 +all" },
	{ "other.example", DNS_TXT, "nothing of ours" },
	{ "down.example", DNS_TXT, "!" },
	{ "all.example", DNS_TXT, "v=spf1 +all" },
	{ "loop.example", DNS_TXT, "v=spf1 include:loop.example -all" },
	{ "void2.example", DNS_TXT,
	    "v=spf1 a:n1.test.net a:n2.test.net ip4:192.0.2.1 -all" },
	{ "void3.example", DNS_TXT,
	    "v=spf1 a:n1.test.net a:n2.test.net a:n3.test.net ip4:192.0.2.1 -all" },
	{ "inc.example", DNS_TXT, "v=spf1 include:ip.example -all" },
	{ "incnone.example", DNS_TXT, "v=spf1 include:other.example +all" },
	{ "incdown.example", DNS_TXT, "v=spf1 include:down.example +all" },
	{ "red.example", DNS_TXT, "v=spf1 redirect=ip.example" },
	{ "rednone.example", DNS_TXT, "v=spf1 redirect=gone.example" },
	{ "macro.example", DNS_TXT,
	    "v=spf1 exists:%{ir}.%{l1r-}.%{d1}.list.net -all" },
	{ "1.2.0.192.bob.example.list.net", DNS_A, "127.0.0.2" },
	{ "exists.example", DNS_TXT, "v=spf1 exists:there.list.net -all" },
	{ "there.list.net", DNS_A, "127.0.0.2" },
	{ "cname.example", DNS_CNAME, "ip.example" },
	{ "ring.example", DNS_CNAME, "ring2.example" },
	{ "ring2.example", DNS_CNAME, "ring.example" },
	{ "mx.example", DNS_TXT, "v=spf1 mx/24 -all" },
	{ "mx.example", DNS_MX, "mail.mx.example" },
	{ "mail.mx.example", DNS_A, "192.0.2.200" },
	{ "ptr.example", DNS_TXT, "v=spf1 ptr -all" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "forged.ptr.example" },
	{ "1.2.0.192.in-addr.arpa", DNS_PTR, "host.ptr.example" },
	{ "forged.ptr.example", DNS_A, "192.0.2.99" },
	{ "host.ptr.example", DNS_A, "192.0.2.1" },
	{ "aerr.example", DNS_TXT, "v=spf1 a:aerr.example -all" },
	{ "aerr.example", DNS_A, "!" },
};

static void
results(void **state)
{
	static const struct {
		const char *ip, *domain, *sender;
		enum spf_result want;
		bool all, macro, ptr;
	} t[] = {
		{ "192.0.2.1", "ip.example", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.3.1", "ip.example", "", SPF_FAIL, 0, 0, 0 },
		{ "2001:db8::9", "ip.example", "", SPF_PASS, 0, 0, 0 },
		{ "::ffff:192.0.2.1", "IP.Example.", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.2.1", "soft.example", "", SPF_SOFTFAIL, 1, 0, 0 },
		{ "192.0.2.1", "two.example", "", SPF_PERMERROR, 0, 0, 0 },
		{ "192.0.2.1", "other.example", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "gone.example", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "down.example", "", SPF_TEMPERROR, 0, 0, 0 },
		{ "192.0.2.1", "localhost", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "[192.0.2.1]", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "a..example", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "b\xc3\xbc.example", "", SPF_NONE, 0, 0, 0 },
		{ "192.0.2.1", "all.example", "", SPF_PASS, 1, 0, 0 },
		{ "192.0.2.1", "loop.example", "", SPF_PERMERROR, 0, 0, 0 },
		{ "192.0.2.1", "void2.example", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.2.1", "void3.example", "", SPF_PERMERROR, 0, 0, 0 },
		{ "192.0.2.1", "inc.example", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.2.1", "incnone.example", "", SPF_PERMERROR, 0, 0, 0 },
		{ "192.0.2.1", "incdown.example", "", SPF_TEMPERROR, 0, 0, 0 },
		{ "192.0.2.1", "red.example", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.2.1", "rednone.example", "", SPF_PERMERROR, 0, 0, 0 },
		{ "192.0.2.1", "macro.example", "bob-jim@macro.example",
		    SPF_PASS, 0, 1, 0 },
		{ "192.0.2.1", "macro.example", "jim-bob@macro.example",
		    SPF_FAIL, 1, 0, 0 },
		{ "192.0.2.1", "macro.example", "bob@macro.example", SPF_PASS,
		    0, 1, 0 },
		{ "192.0.2.1", "exists.example", "", SPF_PASS, 1, 0, 0 },
		{ "192.0.2.1", "cname.example", "", SPF_PASS, 0, 0, 0 },
		{ "192.0.2.1", "ring.example", "", SPF_TEMPERROR, 0, 0, 0 },
		{ "192.0.2.1", "mx.example", "", SPF_PASS, 0, 0, 0 },
		{ "2001:db8::1", "mx.example", "", SPF_FAIL, 1, 0, 0 },
		{ "192.0.2.1", "ptr.example", "", SPF_PASS, 0, 0, 1 },
		{ "192.0.2.99", "ptr.example", "", SPF_FAIL, 1, 0, 0 },
		{ "192.0.2.1", "aerr.example", "", SPF_TEMPERROR, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct spf_ask ask = about(t[i].ip, t[i].domain, t[i].sender);
		struct spf_zone z = { 0 };
		enum spf_result got;
		struct spf_eval e;

		(void)evaluate(&e, &z, &ask, &got, zone, COUNT(zone));
		spf_zone_free(&z);
		if (got != t[i].want)
			fail_msg("%s at %s: %s", t[i].domain, t[i].ip,
			    spf_result_word(got));
		if (got == SPF_PASS &&
		    (e.by_all != t[i].all || e.by_macro != t[i].macro ||
		        e.by_ptr != t[i].ptr))
			fail_msg("%s at %s: by all %d, macro %d, ptr %d",
			    t[i].domain, t[i].ip, e.by_all, e.by_macro,
			    e.by_ptr);
	}
}

static void
macros(void **state)
{
	static const struct {
		const char *spec, *want; /* NULL: no name */
	} t[] = {
		/* RFC 7208 section 7.4 */
		{ "%{s}.x", "strong-bad@email.example.com.x" },
		{ "%{o}", "email.example.com" },
		{ "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" },
		{ "%{d3}", "email.example.com" },
		{ "%{d2}", "example.com" },
		{ "%{d1}", "com" },
		{ "%{dr}", "com.example.email" },
		{ "%{d2r}", "example.email" },
		{ "%{l}", "strong-bad" },
		{ "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" },
		{ "%{lr-}", "bad.strong" },
		{ "%{l1r-}", "strong" },
		{ "%{ir}.%{v}._spf.%{d2}",
		    "3.2.0.192.in-addr._spf.example.com" },
		{ "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}",
		    "3.2.0.192.in-addr.strong.lp._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net",
		    "example.com.trusted-domains.example.net" },
		/* and more */
		{ "%{h}", "mail.helo.example" },
		{ "%{S}.x", "strong-bad%40email.example.com.x" },
		{ "%{p}.x", "unknown.x" },
		{ "a%%b%_c%-d.x", "a%b c%20d.x" },
		{ "example.com.", "example.com" },
		{ "a..b", NULL },
		{ "%{l}%{l}%{l}%{l}%{l}%{l}%{l}.x", NULL }, /* a long label */
		{ "%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}.%{d}."
		  "%{d}.%{d}.%{d}.%{d}.%{d}.x",
		    "email.example.com.email.example.com.email.example.com."
		    "email.example.com.email.example.com.email.example.com."
		    "email.example.com.email.example.com.email.example.com."
		    "email.example.com.email.example.com.email.example.com."
		    "email.example.com.email.example.com.x" },
	};
	struct spf_ask ask = about(
	    "192.0.2.3", "email.example.com", "strong-bad@email.example.com");
	char out[DNS_NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct spf_spec spec = { .text = t[i].spec,
			.len = strlen(t[i].spec) };
		struct spf_zone z = { 0 };
		struct spf_eval e = { .ask = &ask, .zone = &z };
		enum spf_step step;

		while ((step = spf_expand(&e, &spec, ask.domain, out)) ==
		    SPF_STEP_WAIT)
			answer(&z, zone, COUNT(zone));
		spf_zone_free(&z);
		if (t[i].want == NULL)
			assert_int_equal(step, SPF_STEP_NO);
		else if (step != SPF_STEP_YES || strcmp(out, t[i].want) != 0)
			fail_msg("%s: %s, not %s", t[i].spec, out, t[i].want);
	}
}

static void
cover(void **state)
{
	static const struct {
		const char *ip, *record;
		uint64_t four, six;
		bool exceeds; /* a /8, a /20 */
	} t[] = {
		{ "192.0.2.1", "v=spf1 -all", 0, 0, false },
		{ "192.0.2.1", "v=spf1 ip4:10.0.0.0/8 -all", 1 << 24, 0,
		    false },
		{ "192.0.2.1", "v=spf1 ip4:10.0.0.0/8 ip4:11.0.0.1 -all",
		    (1 << 24) + 1, 0, true },
		{ "192.0.2.1",
		    "v=spf1 ip4:10.1.1.1 ip4:10.0.0.0/8 ip4:10.2.0.0/16",
		    1 << 24, 0, false },
		{ "192.0.2.1", "v=spf1 ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all",
		    1ULL << 32, 0, true },
		{ "192.0.2.1", "v=spf1 ip4:0.0.0.0/0", 1ULL << 32, 0, true },
		{ "192.0.2.1", "v=spf1 -ip4:0.0.0.0/0 ?ip4:1.0.0.0/8 ~all", 0,
		    0, false },
		{ "192.0.2.1", "v=spf1 +all", 1ULL << 32, UINT64_MAX, true },
		{ "192.0.2.1", "v=spf1 include:all.example -all", 1ULL << 32,
		    UINT64_MAX, true },
		{ "192.0.2.1", "v=spf1 -all +all", 0, 0, false },
		{ "192.0.2.1", "v=spf1 redirect=all.example", 1ULL << 32,
		    UINT64_MAX, true },
		{ "192.0.2.1", "v=spf1 exists:there.list.net", 1ULL << 32,
		    UINT64_MAX, true },
		{ "192.0.2.1", "v=spf1 exists:gone.list.net", 0, 0, false },
		{ "192.0.2.1", "v=spf1 exists:%{i}.list.net ptr", 0, 0, false },
		{ "192.0.2.1", "v=spf1 include:ip.example ip4:192.0.2.7", 256,
		    1ULL << 32, false },
		{ "192.0.2.1", "v=spf1 a:mail.mx.example/6", 1 << 26, 0, true },
		{ "192.0.2.1", "v=spf1 mx:mx.example/24", 256, 0, false },
		{ "2001:db8::1", "v=spf1 mx:mx.example/24", 0, 0, false },
		{ "2001:db8::1", "v=spf1 ip6:2001::/20", 0, 1ULL << 44, false },
		{ "2001:db8::1", "v=spf1 ip6:2001::/20 ip6:3000::/128", 0,
		    (1ULL << 44) + 1, true },
		{ "2001:db8::1", "v=spf1 ip6:::/0", 0, UINT64_MAX, true },
		/* a name server that fails hides nothing but itself */
		{ "192.0.2.1", "v=spf1 include:down.example ip4:192.0.2.7", 1,
		    0, false },
		/* nothing can pass behind a permerror */
		{ "192.0.2.1", "v=spf1 include:gone.example +all", 0, 0,
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct rr all[COUNT(zone) + 1];
		struct spf_ask ask = about(t[i].ip, "wide.example", "");
		struct spf_zone z = { 0 };
		struct spf_cover c;
		struct spf_eval e;

		memcpy(all, zone, sizeof(zone));
		all[COUNT(zone)] = (struct rr){ "wide.example", DNS_TXT,
			t[i].record };
		for (;;) {
			e = (struct spf_eval){ .ask = &ask, .zone = &z };
			if (spf_cover_run(&e, &c) == 1)
				break;
			answer(&z, all, COUNT(all));
		}
		spf_zone_free(&z);
		if (c.four != t[i].four || c.six != t[i].six)
			fail_msg("%s: %llu and %llu", t[i].record,
			    (unsigned long long)c.four,
			    (unsigned long long)c.six);
		if (spf_cover_exceeds(&c, 8, 20) != t[i].exceeds)
			fail_msg("%s: exceeds", t[i].record);
	}
}

static void
cover_limits(void **state)
{
	struct spf_cover c = { .four = 257, .six = 2 };

	(void)state;
	assert_true(spf_cover_exceeds(&c, 24, 0));
	assert_false(spf_cover_exceeds(&c, 23, 0));
	assert_true(spf_cover_exceeds(&c, 0, 64));
	assert_true(spf_cover_exceeds(&c, 0, 128));
	assert_false(spf_cover_exceeds(&c, 0, 63));
	assert_false(spf_cover_exceeds(&c, 0, 0));
}

static void
clean(void **state)
{
	static const struct {
		const char *record, *want;
	} t[] = {
		{ "v=spf1 A/24 -all exp=x.example",
		    "v=spf1 +a:clean.example/24//128 -all" },
		{ "v=spf1 redirect=R.example ip4:192.0.2.9 moo=%{t}",
		    "v=spf1 +ip4:192.0.2.9/32 redirect=r.example" },
		{ "v=spf1 ip6:2001:db8::/32 ip4:0.0.0.0/0 a/0 ?all",
		    "v=spf1 ?all" },
		{ "v=spf1 exists:%{ir}.%{l}.x.net ~all",
		    "v=spf1 +exists:1.2.0.192.bob.x.net ~all" },
		{ "v=spf1 a:foo:bar/24.example.com include:%%.x.net all",
		    "v=spf1 +all" },
		{ "v=spf1 mx:%{p}.x.net all", "v=spf1" },
	};
	struct spf_ask ask = about(
	    "192.0.2.1", "clean.example", "bob@x.example");

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct spf_record *r = spf_record_read(
		    t[i].record, strlen(t[i].record));
		struct spf_zone z = { 0 };
		struct spf_eval e = { .ask = &ask, .zone = &z };
		struct buf b;

		assert_non_null(r);
		buf_init(&b, 4096);
		spf_clean_write(&e, r, ask.domain, &b);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
		spf_record_free(r);
		spf_zone_free(&z);
	}
}

/* What the zone cannot hold is a failed look-up, never an endless one. */
static void
zone_limits(void **state)
{
	struct spf_zone z = { 0 };
	struct dns_answer a;
	char name[32];

	(void)state;
	for (int i = 0; i < SPF_FACTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		assert_null(spf_zone_find(&z, name, DNS_A));
		a = (struct dns_answer){ .status = DNS_NXDOMAIN };
		spf_zone_put(&z, &a, 0);
	}
	assert_int_equal(
	    spf_zone_find(&z, "one-more.example", DNS_A)->answer.status,
	    DNS_FAILED);
	spf_zone_free(&z);

	assert_null(spf_zone_find(&z, "big.example", DNS_A));
	a = (struct dns_answer){ .status = DNS_FOUND, .n = 8000 };
	a.values = calloc(a.n, sizeof(*a.values));
	spf_zone_put(&z, &a, 0);
	assert_int_equal(
	    spf_zone_find(&z, "big.example", DNS_A)->answer.status, DNS_FAILED);
	spf_zone_free(&z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),
		cmocka_unit_test(macros),
		cmocka_unit_test(cover),
		cmocka_unit_test(cover_limits),
		cmocka_unit_test(clean),
		cmocka_unit_test(zone_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
