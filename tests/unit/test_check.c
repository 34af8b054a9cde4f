#include "lib/grey/check.h"

#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/spf.h"
#include "lib/grey/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW INT64_C(1000000000) /* ms */

/* A store that answers as it is told and keeps the last question. */
static struct {
	struct grey_store base;
	int rc;
	struct grey_judgement answer;
	struct grey_question asked;
	unsigned asked_n;
	int expected; /* what it says of every address */
	int64_t expected_since;
} fake;

static const struct key_secret secret = { { 7 } };

static const struct key_secret *
fake_secret(const struct grey_store *s)
{
	(void)s;
	return &secret;
}

static int
fake_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	(void)s;
	fake.asked = *q;
	fake.asked_n++;
	*j_r = fake.answer;
	return fake.rc == 0 ? 0 : err_set(e, "locked");
}

static void
fake_expect(struct grey_store *s, const char *address, int64_t now)
{
	(void)s;
	(void)address;
	(void)now;
}

static int
fake_expected(
    struct grey_store *s, const char *address, int64_t since, struct err *e)
{
	(void)s;
	(void)address;
	(void)e;
	fake.expected_since = since;
	return fake.expected;
}

static const struct grey_store_ops fake_ops = { .secret = fake_secret,
	.judge = fake_judge,
	.expect = fake_expect,
	.expected = fake_expected };

static struct grey_config config;
static struct allow *whitelist;
static const char *const entries[] = { "203.0.113.0/24", "boss@friend.example",
	"apple.com", "named.example", "either.example", "open.example" };
static const enum allow_proof proofs[] = { ALLOW_PROOF_NONE, ALLOW_PROOF_NONE,
	ALLOW_PROOF_SPF, ALLOW_PROOF_NAME, ALLOW_PROOF_EITHER,
	ALLOW_PROOF_NONE };

static int
set_up(void **state)
{
	static const char *const options[] = {
		"trusted_networks={\"127.0.0.0/8\", \"2001:db8:1::/48\"}",
		"delay=3min"
	};
	char path[] = "/tmp/mailglance-test-XXXXXX";
	struct allow_entry list[COUNT(entries)];
	struct err e;
	size_t i;
	FILE *f;
	int fd = mkstemp(path);

	(void)state;
	f = fdopen(fd, "w");
	(void)fputs("recipient \"postmaster@*\" { greylist = false }\n"
	            "recipient \"slow.example\" { delay = 10min }\n",
	    f);
	(void)fclose(f);
	if (key_init() == -1 ||
	    grey_config_read(&config, path, options, 2, &e) == -1) {
		(void)fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	(void)unlink(path);
	fake.base.ops = &fake_ops;
	for (i = 0; i < COUNT(entries); i++) {
		if (allow_entry_parse(
		        entries[i], ALLOW_AS_SEEN, &list[i], &e) == -1)
			return -1;
		list[i].proof = proofs[i];
		list[i].id = (int64_t)i + 1;
	}
	whitelist = allow_new(list, COUNT(entries), &e);
	return whitelist != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	allow_free(whitelist);
	grey_config_free(&config);
	return 0;
}

static void
ask(const struct grey_facts *f, struct grey_outcome *out)
{
	const struct grey_check c = {
		.config = &config, .store = &fake.base, .allow = whitelist
	};
	struct grey_who who;
	struct err e;

	fake.asked_n = 0;
	grey_who(&config, &secret, f, &who);
	grey_check(&c, f, &who, NOW, out, &e);
}

/* A client of 198.51.100.7, a@b.example to c@d.example, but for what is said.
 */
static struct grey_facts
facts(const struct ip *ip)
{
	return (struct grey_facts){ .client = ip,
		.client_name = "",
		.helo = "h.example",
		.sender = "a@b.example",
		.recipient = "c@d.example" };
}

static void
order(void **state)
{
	static const struct {
		const char *what;
		const char *ip; /* NULL: none */
		const char *name, *sender, *recipient;
		bool authenticated, originating;
		enum grey_rule rule; /* GREY_RULE_TRIPLET: goes to the store */
		int64_t entry;
	} t[] = {
		{ "stranger", "198.51.100.7", "", "a@b.example", "c@d.example",
		    false, false, GREY_RULE_TRIPLET, 0 },
		{ "no address", NULL, "", "a@b.example", "c@d.example", false,
		    false, GREY_RULE_NO_ADDRESS, 0 },
		{ "logged in", "198.51.100.7", "", "a@b.example", "c@d.example",
		    true, true, GREY_RULE_AUTHENTICATED, 0 },
		{ "submission", "198.51.100.7", "", "a@b.example",
		    "c@d.example", false, true, GREY_RULE_ORIGINATING, 0 },
		{ "trusted", "127.0.0.9", "", "a@b.example", "c@d.example",
		    false, false, GREY_RULE_TRUSTED, 0 },
		{ "trusted v6", "2001:db8:1::5", "", "a@b.example",
		    "c@d.example", false, false, GREY_RULE_TRUSTED, 0 },
		{ "recipient", "198.51.100.7", "", "a@b.example",
		    "Postmaster@d.example", false, false, GREY_RULE_RECIPIENT,
		    0 },
		{ "network", "203.0.113.9", "", "a@b.example", "c@d.example",
		    false, false, GREY_RULE_WHITELIST, 1 },
		{ "sender", "198.51.100.7", "", "Boss@Friend.example",
		    "c@d.example", false, false, GREY_RULE_WHITELIST, 2 },
		{ "forged", "198.51.100.7", "", "a@apple.com", "c@d.example",
		    false, false, GREY_RULE_TRIPLET, 0 },
		{ "forged, SPF asked, name there", "198.51.100.7",
		    "mx.apple.com", "a@apple.com", "c@d.example", false, false,
		    GREY_RULE_TRIPLET, 0 },
		{ "proven by name", "198.51.100.7", "mx.named.example",
		    "a@sub.named.example", "c@d.example", false, false,
		    GREY_RULE_WHITELIST, 4 },
		{ "another's name", "198.51.100.7", "mx.unnamed.example",
		    "a@named.example", "c@d.example", false, false,
		    GREY_RULE_TRIPLET, 0 },
		{ "either", "198.51.100.7", "either.example",
		    "a@either.example", "c@d.example", false, false,
		    GREY_RULE_WHITELIST, 5 },
		{ "no proof asked", "198.51.100.7", "", "a@x.open.example",
		    "c@d.example", false, false, GREY_RULE_WHITELIST, 6 },
		{ "label boundary", "198.51.100.7", "", "a@notopen.example",
		    "c@d.example", false, false, GREY_RULE_TRIPLET, 0 },
	};
	struct grey_outcome out;
	size_t i;

	(void)state;
	fake.rc = 0;
	fake.answer = (struct grey_judgement){ .verdict = GREY_NEW,
		.wait_s = 180 };
	for (i = 0; i < COUNT(t); i++) {
		struct ip ip = { .bits = 0 };
		struct grey_facts f = facts(t[i].ip != NULL ? &ip : NULL);

		if (t[i].ip != NULL)
			assert_int_equal(ip_parse(t[i].ip, &ip), 0);
		f.client_name = t[i].name;
		f.sender = t[i].sender;
		f.recipient = t[i].recipient;
		f.authenticated = t[i].authenticated;
		f.originating = t[i].originating;
		ask(&f, &out);
		if (out.rule != t[i].rule || out.entry_id != t[i].entry ||
		    out.defer != (t[i].rule == GREY_RULE_TRIPLET) ||
		    fake.asked_n != (t[i].rule == GREY_RULE_TRIPLET))
			fail_msg("%s: %s, entry %lld", t[i].what,
			    grey_rule_words[out.rule], (long long)out.entry_id);
	}
}

static void
by_spf(void **state)
{
	static const struct {
		enum spf_result result;
		bool proves;
		const char *domain;
		bool exempt;
	} t[] = {
		{ SPF_PASS, true, "apple.com", true },
		{ SPF_PASS, true, "mail.apple.com", true },
		{ SPF_PASS, true, "evil.example", false },
		{ SPF_PASS, true, "notapple.com", false },
		{ SPF_PASS, false, "apple.com", false },
		{ SPF_FAIL, false, "apple.com", false },
		{ SPF_TEMPERROR, false, "apple.com", false },
		{ SPF_NONE, false, "", false },
	};
	struct grey_outcome out;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	for (i = 0; i < COUNT(t); i++) {
		struct spf_answer spf = { .result = t[i].result,
			.proves = t[i].proves };
		struct grey_facts f = facts(&ip);

		(void)snprintf(
		    spf.domain, sizeof(spf.domain), "%s", t[i].domain);
		f.sender = "a@apple.com";
		f.spf = &spf;
		ask(&f, &out);
		if ((out.verdict == GREY_EXEMPT) != t[i].exempt)
			fail_msg(
			    "%s %s", spf_result_word(t[i].result), t[i].domain);
	}
}

static void
verdicts(void **state)
{
	static const struct {
		int rc;
		enum grey_verdict verdict;
		int mode;
		bool defer;
		enum grey_verdict want;
		enum grey_rule rule;
	} t[] = {
		{ 0, GREY_NEW, GREY_ENFORCE, true, GREY_NEW,
		    GREY_RULE_TRIPLET },
		{ 0, GREY_WAITING, GREY_ENFORCE, true, GREY_WAITING,
		    GREY_RULE_TRIPLET },
		{ 0, GREY_PASS, GREY_ENFORCE, false, GREY_PASS,
		    GREY_RULE_TRIPLET },
		{ 0, GREY_KNOWN, GREY_ENFORCE, false, GREY_KNOWN,
		    GREY_RULE_KNOWN },
		{ 0, GREY_NEW, GREY_OBSERVE, false, GREY_NEW,
		    GREY_RULE_TRIPLET },
		{ 0, GREY_WAITING, GREY_LEARN, false, GREY_WAITING,
		    GREY_RULE_TRIPLET },
		{ -1, GREY_NEW, GREY_ENFORCE, false, GREY_EXEMPT,
		    GREY_RULE_STORE_FAULT },
	};
	struct grey_outcome out;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	for (i = 0; i < COUNT(t); i++) {
		struct grey_facts f = facts(&ip);

		fake.rc = t[i].rc;
		fake.answer =
		    (struct grey_judgement){ .verdict = t[i].verdict };
		config.mode = t[i].mode;
		ask(&f, &out);
		assert_int_equal(out.defer, t[i].defer);
		assert_int_equal(out.verdict, t[i].want);
		assert_int_equal(out.rule, t[i].rule);
		assert_int_equal(
		    fake.asked.policy.learn, t[i].mode == GREY_LEARN);
	}
	config.mode = GREY_ENFORCE;
	fake.rc = 0;
}

/* What the store is asked: identities, delay, key. */
static void
questions(void **state)
{
	struct spf_answer spf = {
		.result = SPF_PASS, .proves = true, .domain = "b.example"
	};
	struct grey_question first;
	struct grey_outcome out;
	struct ip ip;
	struct grey_facts f = facts(&ip);

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	ask(&f, &out);
	first = fake.asked;
	assert_int_equal(first.attempt.n_identities, 1);
	assert_int_equal(first.attempt.n_credits, 0);
	assert_int_equal(first.policy.delay_s, 180);

	/* the same network, letters and a tag do not matter */
	assert_int_equal(ip_parse("198.51.100.200", &ip), 0);
	f.sender = "A+tag@B.example";
	f.recipient = "C@d.Example";
	ask(&f, &out);
	assert_memory_equal(&fake.asked.key, &first.key, sizeof(first.key));
	assert_true(fake.asked.attempt.identities[0].id ==
	    first.attempt.identities[0].id);

	f.recipient = "c@slow.example";
	ask(&f, &out);
	assert_int_equal(fake.asked.policy.delay_s, 600);
	assert_memory_not_equal(&fake.asked.key, &first.key, sizeof(first.key));

	f.client_name = "mx.b.example";
	f.spf = &spf;
	ask(&f, &out);
	assert_int_equal(fake.asked.attempt.n_identities, 3);
	assert_int_equal(fake.asked.attempt.n_credits, 2);

	f.client_name = "198-51-100-200.b.example"; /* looks dynamic */
	ask(&f, &out);
	assert_int_equal(fake.asked.attempt.n_identities, 2);
}

/* Who is proven, by what; and what that is worth to each rule. */
static void
proven(void **state)
{
	static const struct {
		const char *what, *name, *sender;
		bool by_spf, proven;
	} t[] = {
		{ "stranger", "", "a@b.example", false, false },
		{ "SPF", "", "a@b.example", true, true },
		{ "name", "mx1.out.b.example", "a@b.example", false, true },
		{ "name, other host", "out.b.example", "a@news.B.example",
		    false, true },
		{ "another's name", "mx.c.example", "a@b.example", false,
		    false },
		{ "customer's line", "dyn-7.b.example", "a@b.example", false,
		    false },
		{ "bounce", "mx.b.example", "", true, false },
		{ "no domain", "mx.b.example", "root", false, false },
	};
	struct spf_answer spf = {
		.result = SPF_PASS, .proves = true, .domain = "b.example"
	};
	struct grey_outcome out;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	fake.answer = (struct grey_judgement){ .verdict = GREY_NEW };
	for (i = 0; i < COUNT(t); i++) {
		struct grey_facts f = facts(&ip);

		f.client_name = t[i].name;
		f.sender = t[i].sender;
		f.spf = t[i].by_spf ? &spf : NULL;
		if (grey_sender_is_proven(&f) != t[i].proven)
			fail_msg("%s", t[i].what);
		fake.expected = 1;
		ask(&f, &out);
		if ((out.rule == GREY_RULE_EXPECTED) != t[i].proven ||
		    out.defer == t[i].proven)
			fail_msg("%s: expected", t[i].what);
		fake.expected = 0;
		ask(&f, &out);
		assert_int_equal(out.rule, GREY_RULE_TRIPLET);
		config.defer = GREY_DEFER_UNPROVEN;
		ask(&f, &out);
		if (fake.asked.policy.learn != t[i].by_spf)
			fail_msg("%s: unproven", t[i].what);
		config.defer = GREY_DEFER_ALL;
	}
	assert_int_equal(fake.expected_since, NOW / 1000 - config.lifetime_s);
}

static void
pressure(void **state)
{
	static const struct {
		enum pressure_level level;
		const char *name, *recipient;
		int64_t delay_s;
	} t[] = {
		{ PRESSURE_OK, "", "c@d.example", 180 },
		{ PRESSURE_HIGH, "", "c@d.example", 900 },
		{ PRESSURE_CRITICAL, "", "c@d.example", 3600 },
		{ PRESSURE_FULL, "", "c@d.example", 3600 },
		{ PRESSURE_CRITICAL, "mx.b.example", "c@d.example", 180 },
		{ PRESSURE_HIGH, "", "c@slow.example", 900 },
		{ PRESSURE_OK, "", "c@slow.example", 600 },
	};
	struct grey_check c = {
		.config = &config, .store = &fake.base, .allow = whitelist
	};
	struct grey_outcome out;
	struct grey_who who;
	struct err e;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	for (i = 0; i < COUNT(t); i++) {
		struct grey_facts f = facts(&ip);

		f.client_name = t[i].name;
		f.recipient = t[i].recipient;
		c.pressure = t[i].level;
		grey_who(&config, &secret, &f, &who);
		grey_check(&c, &f, &who, NOW, &out, &e);
		if (fake.asked.policy.delay_s != t[i].delay_s)
			fail_msg("row %zu: %lld", i,
			    (long long)fake.asked.policy.delay_s);
	}
}

/* When what the DNS says could matter. */
static void
before_dns(void **state)
{
	static const struct {
		const char *what;
		struct grey_judgement j;
		const char *recipient;
		bool needs;
	} t[] = {
		{ "new", { .verdict = GREY_NEW, .write_record = true },
		    "c@d.example", true },
		{ "waiting", { .verdict = GREY_WAITING }, "c@d.example", true },
		{ "passes", { .verdict = GREY_PASS }, "c@d.example", false },
		{ "ends a wait", { .verdict = GREY_PASS, .write_record = true },
		    "c@d.example", true },
		{ "known", { .verdict = GREY_KNOWN }, "c@d.example", false },
		{ "known, earns",
		    { .verdict = GREY_KNOWN, .write_credit = { true } },
		    "c@d.example", true },
		{ "exempt", { .verdict = GREY_NEW }, "postmaster@d.example",
		    false },
	};
	struct grey_check c = { .config = &config,
		.store = &fake.base,
		.allow = whitelist,
		.can_ask_dns = true };
	struct grey_facts stranger;
	struct grey_outcome out;
	struct grey_who who;
	struct err e;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(ip_parse("198.51.100.7", &ip), 0);
	for (i = 0; i < COUNT(t); i++) {
		struct grey_facts f = facts(&ip);

		f.client_name = "mx.b.example";
		f.recipient = t[i].recipient;
		fake.answer = t[i].j;
		fake.asked.dry = true;
		grey_who(&config, &secret, &f, &who);
		grey_check(&c, &f, &who, NOW, &out, &e);
		if (out.needs_dns != t[i].needs || out.defer || !fake.asked.dry)
			fail_msg("%s", t[i].what);
	}
	/* who is accepted because of a fault does not wait for DNS */
	fake.rc = -1;
	stranger = facts(&ip);
	grey_check(&c, &stranger, &who, NOW, &out, &e);
	fake.rc = 0;
	assert_false(out.needs_dns);
	assert_int_equal(out.rule, GREY_RULE_STORE_FAULT);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(by_spf),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(questions),
		cmocka_unit_test(proven),
		cmocka_unit_test(pressure),
		cmocka_unit_test(before_dns),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
