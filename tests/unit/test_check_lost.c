#include "queuewatch/check_lost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 1800000000
#define DAY 86400
#define WINDOW (2 * DAY)

static void
test_levels(void **state)
{
	static const struct {
		const char *name;
		size_t messages[2]; /* of two domains; 0: none */
		int64_t ago[2]; /* their last attempts */
		enum level want;
		double value;
	} rows[] = {
		{ "nothing", { 0, 0 }, { 0, 0 }, LEVEL_OK, 0 },
		{ "a few here and there", { 2, 2 }, { 3 * DAY, 3 * DAY },
		    LEVEL_OK, 4 },
		{ "several of one", { 3, 1 }, { 3 * DAY - 1, 0 }, LEVEL_WARNING,
		    4 },
		{ "a day later", { 3, 1 }, { 3 * DAY, 3 * DAY }, LEVEL_NOTICE,
		    4 },
		{ "the second is news", { 9, 3 }, { 6 * DAY, 2 * DAY + 1 },
		    LEVEL_WARNING, 12 },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < LEN(rows); i++) {
		struct losses_view v = { .state = LOSSES_KNOWN };
		struct findings fs = { .n = 0 };
		const struct finding *f;

		for (k = 0; k < 2 && rows[i].messages[k] > 0; k++) {
			v.items[k].messages = rows[i].messages[k];
			v.items[k].last = NOW - rows[i].ago[k];
			v.messages += rows[i].messages[k];
			memcpy(v.items[k].name,
			    k == 0 ? "a.example" : "b.example", 10);
			v.n = v.domains = k + 1;
		}
		lost_check(&fs, &v, WINDOW, NOW);
		f = finding_look(&fs, "lost", "");
		if (f == NULL || f->rule.level != rows[i].want ||
		    f->value != rows[i].value)
			fail_msg("%s", rows[i].name);
		findings_free(&fs);
	}
}

static void
test_without_a_store(void **state)
{
	struct losses_view v = { .state = LOSSES_KNOWN };
	struct findings fs = { .n = 0 };

	(void)state;
	lost_check(&fs, &v, WINDOW, NOW);
	v.state = LOSSES_NEW; /* after a restart: as it was */
	lost_check(&fs, &v, WINDOW, NOW);
	assert_int_equal(finding_look(&fs, "lost", "")->rule.level, LEVEL_OK);
	v.state = LOSSES_FAULT;
	lost_check(&fs, &v, WINDOW, NOW);
	assert_int_equal(
	    finding_look(&fs, "lost", "")->rule.level, LEVEL_UNKNOWN);
	v.state = LOSSES_NONE;
	lost_check(&fs, &v, WINDOW, NOW);
	assert_null(finding_look(&fs, "lost", ""));
	findings_free(&fs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_without_a_store),
	};

	return cmocka_run_group_tests_name("check_lost", tests, NULL, NULL);
}
