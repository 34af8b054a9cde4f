#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/notify.h"
#include "statusd/post.h"
#include "statusd/state.h"
#include "statusd/template.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
titles(void **state)
{
	static const struct {
		const char *check, *subject, *trouble, *over;
	} t[] = {
		{ "queue", "", "Mail is delayed", "Mail is back to normal" },
		{ "queue", "deferred", "Mail is delayed",
		    "Mail is back to normal" },
		{ "service", "webmail", "Webmail is not available",
		    "Webmail is back to normal" },
		{ "service", "intern-7", "A service is not available",
		    "The service is back to normal" },
		{ "disk", "/var/vmail", "Storage space is running out",
		    "Storage space is back to normal" },
		{ "of-tomorrow", "x", "A problem is being looked into",
		    "The system is back to normal" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_string_equal(
		    template_trouble(NULL, t[i].check, t[i].subject),
		    t[i].trouble);
		assert_string_equal(
		    template_over(NULL, t[i].check, t[i].subject), t[i].over);
	}
}

/* What must and must not stand in a post. */
static void
bodies(void **state)
{
	static const char *const still[] = { "Webmail is not available" };
	static const struct {
		struct template_case c;
		const char *has, *lacks;
	} t[] = {
		{ { .what = INCIDENT_OPENED,
		      .check = "queue",
		      .subject = "deferred",
		      .level = LEVEL_CRITICAL,
		      .has_number = true,
		      .value = 1840,
		      .since = 1773937290 },
		    "About 1,840 messages are waiting.\n\nWe noticed this at "
		    "16:21 UTC",
		    "deferred" },
		{ { .what = INCIDENT_OPENED,
		      .check = "queue",
		      .subject = "",
		      .level = LEVEL_CRITICAL,
		      .value = 1840 },
		    "takes longer", "1,840" },
		{ { .what = INCIDENT_OPENED,
		      .check = "disk",
		      .subject = "/var/vmail",
		      .level = LEVEL_CRITICAL,
		      .has_number = true,
		      .value = 0.962 },
		    " 96 % of it is in use.", "vmail" },
		{ { .what = INCIDENT_LEVEL,
		      .check = "queue",
		      .subject = "",
		      .level = LEVEL_WARNING,
		      .before = LEVEL_CRITICAL,
		      .has_number = true,
		      .value = 512 },
		    "The queue is falling, 512 messages left.", "worse" },
		{ { .what = INCIDENT_FALLING,
		      .check = "queue",
		      .subject = "",
		      .level = LEVEL_CRITICAL,
		      .value = 512 },
		    "The queue is falling.", "512" },
		{ { .what = INCIDENT_LEVEL,
		      .check = "service",
		      .subject = "imap",
		      .level = LEVEL_WARNING,
		      .before = LEVEL_CRITICAL },
		    "It is getting better", "queue" },
		{ { .what = INCIDENT_LEVEL,
		      .check = "disk",
		      .subject = "/",
		      .level = LEVEL_CRITICAL,
		      .before = LEVEL_WARNING },
		    "It has become worse.", "better" },
		{ { .what = INCIDENT_LEVEL,
		      .check = "disk",
		      .subject = "/",
		      .level = LEVEL_CRITICAL,
		      .before = LEVEL_OK },
		    "Storage space is running out again.", "worse" },
		{ { .what = INCIDENT_CLEARED,
		      .check = "disk",
		      .subject = "/",
		      .level = LEVEL_OK,
		      .still = still,
		      .n_still = 1 },
		    "Not over yet:\n\n- Webmail is not available\n",
		    "resolved" },
		{ { .what = INCIDENT_RESOLVED,
		      .check = "queue",
		      .subject = "",
		      .level = LEVEL_OK },
		    "This incident is resolved.", "falling" },
		{ { .what = INCIDENT_REOPENED,
		      .check = "queue",
		      .subject = "",
		      .level = LEVEL_CRITICAL },
		    "The problem has come back.", "resolved" },
		{ { .what = INCIDENT_OPENED,
		      .check = "silence",
		      .subject = "",
		      .level = LEVEL_CRITICAL,
		      .since = 1773937290 },
		    "has not reported since 19 March 2026, 16:21 UTC.",
		    "looking into" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b;

		buf_init(&b, 4096);
		template_body(&b, &t[i].c);
		if (strstr(buf_text(&b), t[i].has) == NULL ||
		    strstr(buf_text(&b), t[i].lacks) != NULL)
			fail_msg("row %zu: %s", i, buf_text(&b));
		buf_free(&b);
	}
}

static void
numbers(void **state)
{
	static const struct {
		double value;
		const char *want;
	} t[] = {
		{ 0, "0" },
		{ 7, "7" },
		{ 999.9, "999" },
		{ 1000, "1,000" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ -3, "0" },
		{ (double)INFINITY, "0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b;

		buf_init(&b, 100);
		template_number(&b, t[i].value);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
}

static void
slugs(void **state)
{
	static const struct {
		const char *title, *want;
	} t[] = {
		{ "NC036: Mail is delayed", "nc036-mail-is-delayed" },
		{ "  A -- b!  ", "a-b" },
		{ "", "post" },
		{ "\xc3\xa9\xc3\xa9", "post" },
		{ "../../etc/passwd", "etc-passwd" },
		{ "Caf\xc3\xa9 3", "caf-3" },
	};
	char out[POST_SLUG_SIZE], lng[400];

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		post_slug(t[i].title, out);
		assert_string_equal(out, t[i].want);
	}
	memset(lng, 'x', sizeof(lng) - 1);
	lng[sizeof(lng) - 1] = '\0';
	post_slug(lng, out);
	assert_true(strlen(out) < POST_SLUG_SIZE);
}

static void
states(void **state)
{
	static const struct {
		struct state_facts f;
		enum model_state want;
	} t[] = {
		{ { .reported_at = 0 }, MODEL_UNKNOWN },
		{ { .reported_at = 940 }, MODEL_OPERATIONAL },
		{ { .reported_at = 939 }, MODEL_UNKNOWN },
		{ { .reported_at = 1000, .warning = true }, MODEL_DEGRADED },
		{ { .reported_at = 1000, .warning = true, .critical = true },
		    MODEL_PARTIAL_OUTAGE },
		{ { .reported_at = 900, .critical = true }, MODEL_UNKNOWN },
		{ { .reported_at = 1000,
		      .by_hand = true,
		      .impact = MODEL_IMPACT_CRITICAL },
		    MODEL_MAJOR_OUTAGE },
		{ { .reported_at = 1000,
		      .by_hand = true,
		      .impact = MODEL_IMPACT_NONE },
		    MODEL_OPERATIONAL },
		{ { .by_hand = true, .impact = MODEL_IMPACT_MINOR },
		    MODEL_DEGRADED },
		{ { .by_hand = true, .impact = MODEL_IMPACT_NONE },
		    MODEL_UNKNOWN },
		{ { .reported_at = 1000,
		      .critical = true,
		      .maintenance = true },
		    MODEL_MAINTENANCE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum model_state got = state_of(&t[i].f, 1000, 60);

		if (got != t[i].want)
			fail_msg("row %zu: %s", i, model_state_word(got));
	}
}

static void
who_is_told(void **state)
{
	(void)state;
	assert_true(notify_wants(LEVEL_WARNING, LEVEL_WARNING, false));
	assert_true(notify_wants(LEVEL_WARNING, LEVEL_CRITICAL, false));
	assert_false(notify_wants(LEVEL_CRITICAL, LEVEL_WARNING, false));
	assert_true(notify_wants(LEVEL_CRITICAL, LEVEL_WARNING, true));
	assert_true(notify_wants(LEVEL_CRITICAL, LEVEL_OK, true));
	assert_false(notify_wants(LEVEL_WARNING, LEVEL_OK, false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(titles),
		cmocka_unit_test(bodies),
		cmocka_unit_test(numbers),
		cmocka_unit_test(slugs),
		cmocka_unit_test(states),
		cmocka_unit_test(who_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
