#include "queuewatch/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct rule_policy at_once = { 1, 1 };

static void
feed(struct findings *fs, const char *check, enum level level, int64_t now)
{
	const struct rule_sample s = { level, level };
	struct finding *f = finding_get(fs, check, "");

	assert_non_null(f);
	(void)rule_feed(&f->rule, &at_once, &s, now);
}

/* A restart is no change: what could not be checked yet stays as it was. */
static void
test_settle(void **state)
{
	struct findings before = { .n = 0 }, after = { .n = 0 };
	json_t *saved;
	struct finding *f;

	(void)state;
	feed(&before, "slow", LEVEL_WARNING, 100);
	feed(&before, "never", LEVEL_CRITICAL, 200);
	saved = findings_save(&before);
	findings_load(&after, saved);
	json_decref(saved);

	f = finding_get(&after, "new", "");
	assert_true(finding_unknown(f, 1000, "not looked yet"));
	f = finding_get(&after, "slow", "");
	assert_false(finding_unknown(f, 1000, "not looked yet"));
	assert_string_equal(f->summary, "not looked yet");
	f = finding_get(&after, "never", "");
	assert_false(finding_unknown(f, 1000, "not looked yet"));
	assert_int_equal(f->rule.level, LEVEL_CRITICAL);
	feed(&after, "slow", LEVEL_WARNING, 1001);

	findings_settle(&after, 1002);
	f = finding_look(&after, "slow", "");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_int_equal(f->rule.since, 100);
	f = finding_look(&after, "never", "");
	assert_int_equal(f->rule.level, LEVEL_UNKNOWN);
	assert_int_equal(f->rule.since, 1002);
	/* From then on unknown is unknown. */
	f = finding_get(&after, "slow", "");
	assert_true(finding_unknown(f, 1003, "gone"));
	findings_free(&before);
	findings_free(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_settle) };

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}
