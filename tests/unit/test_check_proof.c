#include "tests/unit/check_fix.h"

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
		bool needs, later;
	} t[] = {
		{ "new", { .verdict = GREY_NEW, .write_record = true },
		    "c@d.example", true, false },
		{ "waiting", { .verdict = GREY_WAITING }, "c@d.example", true,
		    false },
		{ "passes", { .verdict = GREY_PASS }, "c@d.example", false,
		    false },
		{ "ends a wait", { .verdict = GREY_PASS, .write_record = true },
		    "c@d.example", true, false },
		{ "known", { .verdict = GREY_KNOWN }, "c@d.example", false,
		    false },
		{ "refreshed",
		    { .verdict = GREY_PASS,
		        .write_record = true,
		        .lazy = true },
		    "c@d.example", false, true },
		{ "waits, seen again",
		    { .verdict = GREY_WAITING,
		        .write_record = true,
		        .lazy = true },
		    "c@d.example", true, false },
		{ "known, earns",
		    { .verdict = GREY_KNOWN,
		        .write_credit = { true },
		        .lazy = true },
		    "c@d.example", false, true },
		{ "exempt", { .verdict = GREY_NEW }, "postmaster@d.example",
		    false, false },
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
		if (out.needs_dns != t[i].needs ||
		    out.record_later != t[i].later || out.defer ||
		    !fake.asked.dry)
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
		cmocka_unit_test(proven),
		cmocka_unit_test(pressure),
		cmocka_unit_test(before_dns),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
