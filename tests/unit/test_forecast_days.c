#include "queuewatch/forecast_days.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define HOUR 3600
#define DAY 86400
#define START (20000 * INT64_C(86400))

static double
quiet(double h)
{
	return 500 + 2 * sin(h);
}

static double
nightly(double h)
{
	double at = fmod(h, 24);

	return quiet(h) - (at > 1 && at < 5 ? fmin(1, at - 1) * 400 : 0);
}

static double
weekly(double h)
{
	return 450 - 400 * fmod(h + 30, 168) / 168;
}

static double
creep(double h)
{
	return 620 - 15 * h / 24 + 2 * sin(h);
}

/* 480 of 500 were copied within five hours, two hours ago. */
static double
copied(double h)
{
	double at = h - 20 * 24 + 7;

	return quiet(h) - (at < 0 ? 0 : at < 5 ? at * 96 : 480);
}

/* From five hours ago on, full in fifteen more. */
static double
leak(double h)
{
	double at = h - 20 * 24 + 5;

	return quiet(h) - (at > 0 ? at * 25 : 0);
}

static double
nightly_leak(double h)
{
	double at = h - 20 * 24 + 16;

	return nightly(h) - (at > 0 ? at * 5 : 0);
}

static void
fill(struct days *d, double (*value)(double h), int hours)
{
	int k;

	days_init(d);
	for (k = 0; k < hours * 12; k++)
		days_add(d, START + k * 300, value(k / 12.0));
}

static void
test_outlooks(void **state)
{
	static const struct {
		const char *what;
		double (*value)(double h);
		int hours;
		bool warns_72h;
		double likely_h, within_h; /* 0: never in a week */
	} t[] = {
		{ "quiet", quiet, 480, false, 0, 0 },
		{ "a dump each night", nightly, 480, false, 0, 0 },
		{ "in the midst of it", nightly, 20 * 24 + 3, false, 0, 0 },
		{ "a log that is rotated each week", weekly, 664, false, 0, 0 },
		{ "just before it is", weekly, 640, false, 0, 0 },
		{ "a creep, far", creep, 480, false, 21 * 24 + 8, 24 * 5 },
		{ "a creep, near", creep, 24 * 39, true, 2.3 * 24, 20 },
		{ "one big copy", copied, 480, false, 0, 0 },
		{ "a leak", leak, 480, true, 15, 4 },
		{ "a leak beside dumps", nightly_leak, 480, true, 0, 1e9 },
		{ "a leak, hardly known", leak, 4, false, 0, 0 },
	};
	static struct days d;
	struct outlook o, again;
	int64_t likely;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		double now = t[i].value(t[i].hours - 1.0 / 12);

		fill(&d, t[i].value, t[i].hours);
		days_outlook(&d, now, 0, &o);
		days_outlook(&d, now, 0, &again);
		assert_memory_equal(&o, &again, sizeof(o));
		likely = outlook_when(&o, OUTLOOK_LIKELY);
		if (outlook_warns(&o, 72 * HOUR, false) != t[i].warns_72h)
			fail_msg("%s: P(72 h) = %.2f", t[i].what,
			    outlook_chance(&o, 72 * HOUR));
		if (t[i].within_h < 1e8 && t[i].likely_h > 0 &&
		    fabs((double)likely / HOUR - t[i].likely_h) > t[i].within_h)
			fail_msg("%s: likely in %.1f h", t[i].what,
			    (double)likely / HOUR);
		if (t[i].likely_h <= 0 && !t[i].warns_72h && likely != -1 &&
		    likely < 7 * DAY)
			fail_msg("%s: likely in %.1f h", t[i].what,
			    (double)likely / HOUR);
		assert_true(
		    outlook_chance(&o, DAY) <= outlook_chance(&o, 3 * DAY));
	}
}

static void
test_slots(void **state)
{
	static struct days d;
	struct outlook o;
	int i;

	(void)state;
	days_init(&d);
	days_outlook(&d, 10, 0, &o);
	assert_true(o.learning);
	assert_int_equal(outlook_when(&o, 0.5), -1);
	days_add(&d, START, 10);
	days_add(&d, START + 100, 7);
	days_add(&d, START + 200, 9);
	assert_int_equal(d.n, 1);
	assert_true(days_at(&d, 0) == 7);
	/* Missed slots are bridged. */
	days_add(&d, START + 4 * DAYS_SLOT_S, 3);
	assert_int_equal(d.n, 5);
	assert_true(days_at(&d, 0) == 3 && days_at(&d, 2) == 5);
	days_shift(&d, 100);
	assert_true(days_at(&d, 0) == 103 && days_at(&d, 4) == 107);
	/* A clock set back. */
	days_add(&d, START + 1 * DAYS_SLOT_S, 90);
	assert_int_equal(d.n, 2);
	assert_true(days_at(&d, 0) == 90 && days_at(&d, 1) == 107);
	/* More than a day away. */
	days_add(&d, START + 3 * DAY, 1);
	assert_int_equal(d.n, 1);
	for (i = 0; i < 2 * DAYS_SLOTS; i++)
		days_add(&d, START + 3 * DAY + i * DAYS_SLOT_S, i);
	assert_int_equal(d.n, DAYS_SLOTS);
	assert_true(days_at(&d, DAYS_SLOTS - 1) == DAYS_SLOTS);
	days_outlook(&d, 5, 5, &o);
	assert_int_equal(outlook_when(&o, 0.9), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_outlooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
