#include "tests/unit/check_fix.h"

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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(by_spf),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(questions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
