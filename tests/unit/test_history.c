#include "statusd/history.h"
#include "statusd/state.h"
#include "statusd/store_history.h"
#include "tests/unit/status_fix.h"

#include <math.h>

#define DAY ((int64_t)86400)
#define UP MODEL_OPERATIONAL
#define DOWN MODEL_PARTIAL_OUTAGE

static void
months(void **state)
{
	static const struct {
		int64_t at;
		int year, month;
	} t[] = {
		{ 0, 1970, 1 },
		{ 1772323199, 2026, 2 },
		{ 1772323200, 2026, 3 },
		{ 1709251199, 2024, 2 }, /* 29 February */
		{ 1709251200, 2024, 3 },
		{ 4102444799, 2099, 12 },
	};
	int y, m;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		history_month_of(t[i].at, &y, &m);
		if (y != t[i].year || m != t[i].month)
			fail_msg("row %zu: %d-%d", i, y, m);
	}
	assert_int_equal(history_month_start(2026, 3), 1772323200);
	assert_int_equal(
	    history_month_start(2025, 13), history_month_start(2026, 1));
	assert_int_equal(history_parse_month("2026-03", &y, &m), 0);
	assert_int_equal(y * 100 + m, 202603);
	assert_int_equal(history_parse_month("2026-13", &y, &m), -1);
	assert_int_equal(history_parse_month("2026-3", &y, &m), -1);
	assert_int_equal(history_parse_month("2026-03x", &y, &m), -1);
	assert_int_equal(history_day(DAY * 3 + 5), DAY * 3);
}

static void
days(void **state)
{
	struct history h = { .first_day = 10 * DAY };
	struct history_span a = { 9 * DAY, 11 * DAY + 100, UP, false };
	struct history_span b = { 11 * DAY + 100, 11 * DAY + 160, DOWN, true };
	struct history_span c = { 58 * DAY, 60 * DAY, DOWN, false };

	(void)state;
	assert_int_equal(history_take(&h, &a), 0);
	assert_int_equal(history_take(&h, &b), 0);
	assert_int_equal(history_take(&h, &c), 0);
	assert_int_equal(h.days[0].t.s[UP], DAY);
	assert_int_equal(h.days[1].t.s[UP], 100);
	assert_int_equal(h.days[1].t.s[DOWN], 60);
	assert_int_equal(h.days[1].t.planned[DOWN], 60);
	assert_int_equal(h.n_months, 3);
	assert_int_equal(h.months[0].t.s[UP], 2 * DAY + 100);
	assert_int_equal(h.months[0].month, 1);
	/* 28 February and 1 March 1970. */
	assert_int_equal(h.months[1].t.s[DOWN], DAY);
	assert_int_equal(h.months[2].t.s[DOWN], DAY);
	free(h.months);
}

static void
shares(void **state)
{
	struct model_tally t = { .s = { [MODEL_UNKNOWN] = 500,
		                     [UP] = 800,
		                     [MODEL_DEGRADED] = 100,
		                     [DOWN] = 60,
		                     [MODEL_MAJOR_OUTAGE] = 40 },
		.planned = { [DOWN] = 60, [UP] = 50 } };
	struct model_tally none = { .s = { [MODEL_UNKNOWN] = 500 } };

	(void)state;
	assert_true(fabs(model_uptime(&t, false) - 0.9) < 1e-9);
	assert_true(fabs(model_uptime(&t, true) - 850.0 / 890) < 1e-9);
	assert_int_equal(model_downtime_s(&t, false), 100);
	assert_int_equal(model_downtime_s(&t, true), 40);
	assert_int_equal(model_unknown_s(&t, false), 500);
	/* What is not known is neither up nor down. */
	assert_true(model_uptime(&none, false) < 0);
	assert_int_equal(model_tally_worst(&t), MODEL_MAJOR_OUTAGE);
	assert_int_equal(model_tally_worst(&none), MODEL_UNKNOWN);
}

/* What customers had: from what they use, not from whether a host answers. */
static void
felt(void **state)
{
	static const struct {
		struct state_facts f;
		enum model_state want;
	} t[] = {
		{ { .reported_at = 1000, .felt_known = true }, UP },
		/* A disk alone is nobody's outage; what nobody looked at is
		 * not up. */
		{ { .reported_at = 1000, .felt_known = true, .critical = true },
		    UP },
		{ { .reported_at = 1000 }, MODEL_UNKNOWN },
		{ { .reported_at = 1000,
		      .felt_known = true,
		      .felt_critical = true },
		    DOWN },
		{ { .reported_at = 1000,
		      .felt_known = true,
		      .felt_warning = true },
		    MODEL_DEGRADED },
		{ { .reported_at = 900, .felt_known = true }, MODEL_UNKNOWN },
		/* Late, but what customers use answers from outside. */
		{ { .reported_at = 900, .felt_known = true, .probed = true },
		    UP },
		{ { .probed = true, .felt_critical = true }, DOWN },
		/* Planned work hides nothing. */
		{ { .reported_at = 1000,
		      .felt_known = true,
		      .felt_critical = true,
		      .maintenance = true },
		    DOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		enum model_state got = state_felt(&t[i].f, 1000, 60);

		if (got != t[i].want)
			fail_msg("row %zu: %s", i, model_state_word(got));
	}
}

static void
note(struct fix *x, int64_t at, enum model_state state, bool planned)
{
	const struct store_moment m = { state, state, planned };
	struct err e;

	if (store_period_note(x->store, "NC036", &m, at, &e) == -1)
		fail_msg("%s", e.text);
}

static void
periods(void **state)
{
	struct fix *x = *state;
	int64_t at = history_month_start(2026, 3), first;
	struct store_span_of of = { "NC036", at, history_month_start(2026, 4) };
	struct model_tally t;
	struct err e;

	for (int i = 0; i <= 10; i++)
		note(x, at + i * 100, UP, false);
	for (int i = 11; i <= 20; i++)
		note(x, at + i * 100, DOWN, i > 15);
	note(x, at + 2100, UP, false);
	/* statusd was away for 7,900 s: nobody knows what was then. */
	note(x, at + 10000, UP, false);
	note(x, at + 10100, UP, false);
	assert_int_equal(store_tally(x->store, &of, &t, &e), 0);
	assert_int_equal(t.s[UP], 1100 + 100 + 120);
	assert_int_equal(t.s[DOWN], 1000);
	assert_int_equal(t.planned[DOWN], 500);
	assert_int_equal(
	    t.s[MODEL_UNKNOWN], 7900 + of.until - at - 10100 - 120);
	assert_int_equal(store_first_seen(x->store, "NC036", &first, &e), 0);
	assert_int_equal(first, at);
}

/* Days and months of the model, and that the cache of what is over is right. */
static void
model(void **state)
{
	struct fix *x = *state;
	struct model_site *site;

	for (int64_t at = NOW - 3 * DAY; at < NOW - 2 * DAY; at += 100)
		note(x, at, at < NOW - 3 * DAY + 1000 ? DOWN : UP, false);
	for (int turn = 0; turn < 2; turn++) {
		const struct model_system *m;
		int32_t sum = 0;

		site = load(x, STORE_PUBLIC);
		m = &site->systems[0];
		assert_int_equal(m->n_days, MODEL_DAYS);
		assert_int_equal(m->days[MODEL_DAYS - 1].at, history_day(NOW));
		assert_int_equal(m->n_months, 1);
		assert_int_equal(m->months[0].t.s[DOWN], 1000);
		assert_true(m->months[0].credit < 0);
		for (size_t i = 0; i < m->n_days; i++)
			sum += m->days[i].t.s[DOWN];
		assert_int_equal(sum, 1000);
		assert_int_equal(m->days[0].t.s[UP], 0);
		assert_true(m->months[0].t.s[MODEL_UNKNOWN] > DAY);
		model_free(site);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(months),
		cmocka_unit_test(days),
		cmocka_unit_test(shares),
		cmocka_unit_test(felt),
		T(periods),
		T(model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
