/* Levels that do not flutter, what was found on arrival, trends. */
#include "queuewatch/check_disk.h"
#include "queuewatch/forecast.h"
#include "queuewatch/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Samples one after the other: the value, and the level behind it. */
struct step {
	double value;
	enum level want;
};

static const struct rule_policy policy = { .hold = 2, .clear = 3 };
static const struct rule_limits limits = { 500, 400, 5000, 4000 };

static void
play(const char *name, const struct step *t, size_t n,
    struct rule_arrival *arrival)
{
	static const struct rule_growth growth = { 100, 500 };
	struct rule_state s = { 0 };
	enum level before = LEVEL_OK;
	size_t i;

	for (i = 0; i < n; i++) {
		struct rule_limits now = arrival != NULL
		    ? rule_arrived(arrival, t[i].value, &limits, &growth)
		    : limits;
		struct rule_sample sample = rule_value(t[i].value, &now);
		struct rule_sample notice = { LEVEL_NOTICE, LEVEL_NOTICE };
		bool changed;

		if (arrival != NULL && rule_found(arrival, t[i].value, &limits))
			rule_worse(&sample, &notice);
		changed = rule_feed(&s, &policy, &sample, 1000 + (int64_t)i);
		if (s.level != t[i].want)
			fail_msg("%s, sample %zu (%.0f): %s, not %s", name, i,
			    t[i].value, level_word(s.level),
			    level_word(t[i].want));
		if (changed != (s.level != before))
			fail_msg("%s, sample %zu: changed?", name, i);
		if (changed)
			assert_int_equal(s.since, 1000 + (int64_t)i);
		before = s.level;
	}
}

static void
test_levels(void **state)
{
	static const struct step enter[] = { { 0, LEVEL_OK }, { 500, LEVEL_OK },
		{ 500, LEVEL_WARNING }, { 499, LEVEL_WARNING },
		{ 400, LEVEL_WARNING }, { 399, LEVEL_WARNING },
		{ 399, LEVEL_WARNING }, { 399, LEVEL_OK } };
	static const struct step peak[] = { { 0, LEVEL_OK }, { 9000, LEVEL_OK },
		{ 0, LEVEL_OK }, { 9000, LEVEL_OK }, { 499, LEVEL_OK },
		{ 9000, LEVEL_OK } };
	static const struct step straight[] = { { 6000, LEVEL_OK },
		{ 6000, LEVEL_CRITICAL }, { 4000, LEVEL_CRITICAL },
		{ 3999, LEVEL_CRITICAL }, { 3999, LEVEL_CRITICAL },
		{ 3999, LEVEL_WARNING }, { 0, LEVEL_WARNING },
		{ 0, LEVEL_WARNING }, { 0, LEVEL_OK } };
	static const struct step stairs[] = { { 600, LEVEL_OK },
		{ 6000, LEVEL_WARNING }, { 6000, LEVEL_CRITICAL } };
	static const struct step flutter[] = { { 500, LEVEL_OK },
		{ 500, LEVEL_WARNING }, { 399, LEVEL_WARNING },
		{ 399, LEVEL_WARNING }, { 450, LEVEL_WARNING },
		{ 399, LEVEL_WARNING }, { 399, LEVEL_WARNING },
		{ 399, LEVEL_OK } };

	(void)state;
	play("enter and leave", enter, LEN(enter), NULL);
	play("a peak of one sample", peak, LEN(peak), NULL);
	play("straight to critical", straight, LEN(straight), NULL);
	play("up the stairs", stairs, LEN(stairs), NULL);
	play("flutter", flutter, LEN(flutter), NULL);
}

static void
test_arrival(void **state)
{
	static const struct step rests[] = { { 200000, LEVEL_OK },
		{ 200000, LEVEL_NOTICE }, { 200050, LEVEL_NOTICE },
		{ 200099, LEVEL_NOTICE } };
	static const struct step grows[] = { { 600, LEVEL_OK },
		{ 600, LEVEL_NOTICE }, { 700, LEVEL_NOTICE },
		{ 700, LEVEL_WARNING }, { 5000, LEVEL_WARNING },
		{ 5000, LEVEL_CRITICAL } };
	static const struct step shrinks[] = { { 600, LEVEL_OK },
		{ 600, LEVEL_NOTICE }, { 10, LEVEL_NOTICE },
		{ 10, LEVEL_NOTICE }, { 10, LEVEL_OK }, { 500, LEVEL_OK },
		{ 500, LEVEL_WARNING } };
	static const struct step small[] = { { 100, LEVEL_OK },
		{ 499, LEVEL_OK }, { 500, LEVEL_OK }, { 500, LEVEL_WARNING } };
	static const struct step big[] = { { 9000, LEVEL_OK },
		{ 9000, LEVEL_NOTICE }, { 9100, LEVEL_NOTICE },
		{ 9100, LEVEL_WARNING }, { 9500, LEVEL_WARNING },
		{ 9500, LEVEL_CRITICAL }, { 9000, LEVEL_CRITICAL },
		{ 9000, LEVEL_CRITICAL }, { 9000, LEVEL_NOTICE } };
	struct rule_arrival a;

	(void)state;
	a = (struct rule_arrival){ 0 };
	play("old mail that rests", rests, LEN(rests), &a);
	a = (struct rule_arrival){ 0 };
	play("old mail that grows", grows, LEN(grows), &a);
	a = (struct rule_arrival){ 0 };
	play("old mail that goes", shrinks, LEN(shrinks), &a);
	a = (struct rule_arrival){ 0 };
	play("little old mail", small, LEN(small), &a);
	a = (struct rule_arrival){ 0 };
	play("much old mail", big, LEN(big), &a);
}

static void
test_unknown(void **state)
{
	struct rule_sample bad = { LEVEL_CRITICAL, LEVEL_CRITICAL };
	struct rule_sample good = { LEVEL_OK, LEVEL_OK };
	struct rule_state s = { 0 };

	(void)state;
	assert_true(rule_unknown(&s, 1));
	assert_int_equal(s.level, LEVEL_UNKNOWN);
	assert_false(rule_unknown(&s, 2));
	assert_int_equal(s.since, 1);
	assert_true(rule_feed(&s, &policy, &good, 3));
	assert_int_equal(s.level, LEVEL_OK);
	assert_true(rule_unknown(&s, 4));
	assert_true(rule_feed(&s, &policy, &bad, 5));
	assert_int_equal(s.level, LEVEL_CRITICAL);
}

/* value(t) = start + per_s * t, one sample in "step_s" for "for_s". */
static int64_t
feed(struct trend *t, int64_t from_ms, double start, double per_s,
    const int64_t span[2])
{
	int64_t at;

	for (at = 0; at <= span[0] * 1000; at += span[1] * 1000)
		trend_add(t, from_ms + at, start + per_s * (double)at / 1000);
	return from_ms + at - span[1] * 1000;
}

static void
test_trend(void **state)
{
	static const struct {
		const char *name;
		double start, per_s;
		int64_t span[2]; /* seconds, seconds between samples */
		bool given, quick, settled;
		int64_t in_s;
	} t[] = {
		{ "rest", 1e9, 0, { 600, 5 }, false, false, false, 0 },
		{ "grows", 1e9, 5, { 600, 5 }, false, false, false, 0 },
		{ "a leak", 1e9, -1e6, { 60, 5 }, true, false, false, 940 },
		{ "a sudden one", 1e8, -1e6, { 10, 5 }, true, true, false, 90 },
		{ "two samples", 1e8, -1e6, { 5, 5 }, false, false, false, 0 },
		{ "slow, short", 1e9, -100, { 600, 5 }, true, false, false,
		    9999400 },
		{ "slow, long", 1e9, -100, { 7 * 3600, 60 }, true, false, true,
		    9974800 },
		{ "beyond all time", 1e15, -1, { 600, 5 }, false, false, false,
		    0 },
		{ "there", -5, -1, { 60, 5 }, true, true, false, 0 },
	};
	struct trend_forecast f;
	struct trend trend;
	int64_t end;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		trend_init(&trend);
		end = feed(&trend, 1000000, t[i].start, t[i].per_s, t[i].span);
		trend_forecast(&trend, end, &f);
		if (f.given != t[i].given || f.quick != t[i].quick ||
		    f.settled != t[i].settled ||
		    f.in_s < t[i].in_s - t[i].in_s / 100 - 2 ||
		    f.in_s > t[i].in_s + t[i].in_s / 100 + 2)
			fail_msg("%s: given %d quick %d settled %d in %lld",
			    t[i].name, f.given, f.quick, f.settled,
			    (long long)f.in_s);
	}
}

/* One big copy is a step, and is over: no alarm some samples later. */
static void
test_one_step(void **state)
{
	static const int64_t span[2] = { 300, 5 };
	struct trend_forecast f;
	struct trend t;
	int64_t at;
	int i, quick = 0;

	(void)state;
	trend_init(&t);
	at = feed(&t, 1000000, 1e9, 0, span);
	for (i = 1; i <= 12; i++) {
		trend_add(&t, at + i * 5000, 5e8);
		trend_forecast(&t, at + i * 5000, &f);
		quick += f.quick;
	}
	assert_true(quick <= 1); /* never two in a row */
}

/* A rotation in the middle does not tilt the median. */
static void
test_outlier(void **state)
{
	static const int64_t span[2] = { 100, 5 };
	double per_s;
	struct trend t;
	int64_t at;

	(void)state;
	trend_init(&t);
	at = feed(&t, 1000000, 1e9, -1000, span);
	trend_add(&t, at + 5000, 3e9);
	at = feed(&t, at + 10000, 1e9 - 110000, -1000, span);
	assert_true(trend_slope(&t.fine, 0, 4, &per_s));
	assert_true(per_s > -1010 && per_s < -990);
}

static void
test_clock_set_back(void **state)
{
	struct trend t;

	(void)state;
	trend_init(&t);
	trend_add(&t, 100000, 1);
	trend_add(&t, 105000, 2);
	trend_add(&t, 102000, 3);
	assert_int_equal(t.fine.n, 2);
	assert_true(trend_at(&t.fine, 1)->at_ms == 102000);
	trend_add(&t, 50, 4);
	assert_int_equal(t.fine.n, 1);
	assert_int_equal(t.coarse.n, 1);
}

static void
test_floor(void **state)
{
	(void)state;
	assert_int_equal(disk_floor(DISK_QUEUE, 15000000, 20000000), 15000000);
	assert_int_equal(disk_floor(DISK_STORE, 15000000, 20000000), 1000000);
	assert_int_equal(
	    disk_floor(DISK_NAMED, 15000000, INT64_C(3000000000000)), 15000000);
	assert_int_equal(disk_floor(DISK_LOG | DISK_DATA, 15000000, 99), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_trend),
		cmocka_unit_test(test_one_step),
		cmocka_unit_test(test_outlier),
		cmocka_unit_test(test_clock_set_back),
		cmocka_unit_test(test_floor),
	};

	return cmocka_run_group_tests_name("rule", tests, NULL, NULL);
}
