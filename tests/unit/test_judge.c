#include "lib/grey/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define T 1000000 /* a time to begin at */
#define DELAY 180
#define WINDOW (2 * 86400)
#define LIFE (36 * 86400)
#define HOUR 3600

static const struct grey_policy policy = { .delay_s = DELAY,
	.retry_window_s = WINDOW,
	.lifetime_s = LIFE,
	.known_after = 3 };

/* An attempt by net "net", name "name", SPF "spf"; 0: has none. */
static struct grey_attempt
by(uint64_t net, uint64_t name, uint64_t spf)
{
	struct grey_attempt a = { .n_identities = 0 };

	a.identities[a.n_identities++] = (struct grey_identity){ net,
		GREY_NET };
	if (name != 0) {
		a.identities[a.n_identities++] = (struct grey_identity){ name,
			GREY_NAME };
		a.credits[a.n_credits++] = net << 32 | name;
	}
	if (spf != 0) {
		a.identities[a.n_identities++] = (struct grey_identity){ spf,
			GREY_SPF };
		a.credits[a.n_credits++] = spf;
	}
	return a;
}

/* A story: attempts on one envelope, one after the other. */
struct step {
	const char *what;
	int64_t at; /* seconds after T */
	uint64_t net, name, spf;
	enum grey_verdict verdict;
	int64_t wait_s;
	bool writes;
};

static void
play(const char *name, const struct step *steps, size_t n,
    const struct grey_policy *p)
{
	struct grey_record rec = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		const struct step *s = &steps[i];
		struct grey_attempt a = by(s->net, s->name, s->spf);
		struct grey_credit credits[GREY_CREDITS] = { { 0 } };
		struct grey_judgement j;
		char got[160], want[160];

		grey_judge(&a, p, (T + s->at) * 1000, &rec, credits, &j);
		(void)snprintf(got, sizeof(got), "%s, %s: %s wait %lld %s",
		    name, s->what, grey_verdict_words[j.verdict],
		    (long long)j.wait_s, j.write_record ? "writes" : "reads");
		(void)snprintf(want, sizeof(want), "%s, %s: %s wait %lld %s",
		    name, s->what, grey_verdict_words[s->verdict],
		    (long long)s->wait_s, s->writes ? "writes" : "reads");
		assert_string_equal(got, want);
	}
}

static void
waits(void **state)
{
	static const struct step retry[] = {
		{ "first", 0, 1, 0, 0, GREY_NEW, 180, true },
		{ "at once", 0, 1, 0, 0, GREY_WAITING, 180, false },
		{ "a second early", 179, 1, 0, 0, GREY_WAITING, 1, true },
		{ "on time", 180, 1, 0, 0, GREY_PASS, 0, true },
		{ "again", 181, 1, 0, 0, GREY_PASS, 0, false },
		{ "unused for long", 180 + LIFE, 1, 0, 0, GREY_PASS, 0, true },
		{ "and longer", 181 + 2 * LIFE, 1, 0, 0, GREY_NEW, 180, true },
	};
	static const struct step early[] = {
		{ "first", 0, 1, 0, 0, GREY_NEW, 180, true },
		{ "60 s", 60, 1, 0, 0, GREY_WAITING, 120, true },
		{ "61 s", 61, 1, 0, 0, GREY_WAITING, 119, false },
		{ "119 s", 119, 1, 0, 0, GREY_WAITING, 61, false },
		{ "the clock was not moved", 180, 1, 0, 0, GREY_PASS, 0, true },
	};
	static const struct step late[] = {
		{ "first", 0, 1, 0, 0, GREY_NEW, 180, true },
		{ "last moment", WINDOW, 1, 0, 0, GREY_PASS, 0, true },
	};
	static const struct step too_late[] = {
		{ "first", 0, 1, 0, 0, GREY_NEW, 180, true },
		{ "after the window", WINDOW + 1, 1, 0, 0, GREY_NEW, 180,
		    true },
		{ "anew", WINDOW + 181, 1, 0, 0, GREY_PASS, 0, true },
	};
	static const struct step two[] = {
		{ "one", 0, 1, 0, 0, GREY_NEW, 180, true },
		{ "two", 100, 2, 0, 0, GREY_NEW, 180, true },
		{ "two, when one could", 180, 2, 0, 0, GREY_WAITING, 100,
		    true },
		{ "one", 180, 1, 0, 0, GREY_PASS, 0, true },
		{ "two does not profit", 181, 2, 0, 0, GREY_WAITING, 99,
		    false },
		{ "two", 280, 2, 0, 0, GREY_PASS, 0, true },
	};

	(void)state;
	play("retry", retry, COUNT(retry), &policy);
	play("early", early, COUNT(early), &policy);
	play("late", late, COUNT(late), &policy);
	play("too late", too_late, COUNT(too_late), &policy);
	play("two", two, COUNT(two), &policy);
}

static void
pools(void **state)
{
	static const struct step by_name[] = {
		{ "net 1", 0, 1, 50, 0, GREY_NEW, 180, true },
		{ "net 2, the same name", 200, 2, 50, 0, GREY_PASS, 0, true },
		{ "net 2 has passed", 201, 2, 0, 0, GREY_PASS, 0, false },
		{ "net 3 without the name", 202, 3, 0, 0, GREY_NEW, 180, true },
	};
	static const struct step by_spf[] = {
		{ "net 1", 0, 1, 0, 90, GREY_NEW, 180, true },
		{ "net 2, the same SPF, early", 100, 2, 0, 90, GREY_WAITING, 80,
		    true },
		{ "net 3, the same SPF", 180, 3, 0, 90, GREY_PASS, 0, true },
		{ "net 4, forged", 181, 4, 0, 0, GREY_NEW, 180, true },
	};

	(void)state;
	play("by name", by_name, COUNT(by_name), &policy);
	play("by SPF", by_spf, COUNT(by_spf), &policy);
}

static void
clocks(void **state)
{
	static const struct step back[] = {
		{ "first", 86400, 1, 0, 0, GREY_NEW, 180, true },
		{ "a day back", 0, 1, 0, 0, GREY_WAITING, 180, true },
		{ "no longer than the delay", 180, 1, 0, 0, GREY_PASS, 0,
		    true },
	};
	static const struct step passed[] = {
		{ "first", 86400, 1, 0, 0, GREY_NEW, 180, true },
		{ "passes", 86580, 1, 0, 0, GREY_PASS, 0, true },
		{ "a day back", 0, 1, 0, 0, GREY_PASS, 0, true },
	};
	static const struct step far[] = {
		{ "past 2038", INT64_C(1) << 33, 1, 0, 0, GREY_NEW, 180, true },
		{ "and its retry", (INT64_C(1) << 33) + 180, 1, 0, 0, GREY_PASS,
		    0, true },
		{ "back again", 0, 2, 0, 0, GREY_NEW, 180, true },
		{ "passes", 180, 2, 0, 0, GREY_PASS, 0, true },
	};

	(void)state;
	play("back", back, COUNT(back), &policy);
	play("passed", passed, COUNT(passed), &policy);
	play("far", far, COUNT(far), &policy);
}

static void
learns(void **state)
{
	static const struct step steps[] = {
		{ "first", 0, 1, 0, 0, GREY_PASS, 0, true },
		{ "again", 1, 1, 0, 0, GREY_PASS, 0, false },
	};
	struct grey_policy p = policy;

	(void)state;
	p.learn = true;
	play("learn", steps, COUNT(steps), &p);
}

/* Different envelopes of one sender: who has passed often enough is known. */
static void
becomes_known(void **state)
{
	static const struct {
		const char *what;
		int64_t at;
		bool passes; /* its envelope has passed before */
		enum grey_verdict verdict;
		int64_t counted;
	} t[] = {
		{ "first pass", 0, true, GREY_PASS, 1 },
		{ "within the hour", HOUR - 1, true, GREY_PASS, 1 },
		{ "an hour later", HOUR, true, GREY_PASS, 2 },
		{ "not yet known", HOUR + 1, false, GREY_NEW, 2 },
		{ "third", 2 * HOUR, true, GREY_PASS, 3 },
		{ "known", 2 * HOUR + 1, false, GREY_KNOWN, 3 },
		{ "known passes count", 3 * HOUR, false, GREY_KNOWN, 4 },
		{ "still known", 3 * HOUR + LIFE, false, GREY_KNOWN, 5 },
		{ "forgotten", 3 * HOUR + 2 * LIFE + 1, false, GREY_NEW, 5 },
		{ "begins anew", 3 * HOUR + 2 * LIFE + 1, true, GREY_PASS, 1 },
		{ "the clock goes back", 0, true, GREY_PASS, 1 },
	};
	struct grey_credit credits[GREY_CREDITS] = { { 0 } };
	struct grey_attempt a = by(1, 50, 0);
	struct grey_judgement j;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		struct grey_record rec = { 0 };
		char got[120], want[120];

		if (t[i].passes) {
			rec.first_seen = rec.last_seen = T + t[i].at;
			rec.n_origins = 1;
			rec.origins[0] = (struct grey_origin){ .id = 1,
				.since_ms = (T + t[i].at) * 1000,
				.passed = true };
		}
		grey_judge(
		    &a, &policy, (T + t[i].at) * 1000, &rec, credits, &j);
		(void)snprintf(got, sizeof(got), "%s: %s, %lld", t[i].what,
		    grey_verdict_words[j.verdict],
		    (long long)credits[0].passes);
		(void)snprintf(want, sizeof(want), "%s: %s, %lld", t[i].what,
		    grey_verdict_words[t[i].verdict], (long long)t[i].counted);
		assert_string_equal(got, want);
	}
}

/* A known sender leaves no record, but ends a wait that was begun. */
static void
known_ends_a_wait(void **state)
{
	struct grey_credit credits[GREY_CREDITS] = { { .passes = 3,
	    .used = T } };
	struct grey_attempt a = by(1, 50, 0);
	struct grey_record rec = { 0 };
	struct grey_judgement j;

	(void)state;
	grey_judge(&a, &policy, (T + 1) * INT64_C(1000), &rec, credits, &j);
	assert_int_equal(j.verdict, GREY_KNOWN);
	assert_false(j.write_record);
	assert_true(j.lazy);

	rec = (struct grey_record){ .first_seen = T,
		.last_seen = T,
		.n_origins = 1,
		.origins = { { .id = 2, .since_ms = T * INT64_C(1000) } } };
	grey_judge(&a, &policy, (T + 1) * INT64_C(1000), &rec, credits, &j);
	assert_int_equal(j.verdict, GREY_KNOWN);
	assert_true(j.write_record);
	assert_false(grey_record_waits(&rec));
}

/* What must be committed before the answer, and what need not. */
static void
what_is_lazy(void **state)
{
	struct grey_credit credits[GREY_CREDITS] = { { 0 } };
	struct grey_attempt a = by(1, 0, 0);
	struct grey_record rec = { 0 };
	struct grey_judgement j;

	(void)state;
	grey_judge(&a, &policy, T * INT64_C(1000), &rec, credits, &j);
	assert_false(j.lazy);
	grey_judge(&a, &policy, (T + 100) * INT64_C(1000), &rec, credits, &j);
	assert_true(j.write_record && j.lazy); /* only when it was last seen */
	grey_judge(&a, &policy, (T + 200) * INT64_C(1000), &rec, credits, &j);
	assert_true(j.write_record && !j.lazy); /* the pass */
	assert_int_equal(j.waited_s, 200);
	grey_judge(
	    &a, &policy, (T + 200 + HOUR) * INT64_C(1000), &rec, credits, &j);
	assert_true(j.write_record && j.lazy); /* a refresh */
	assert_int_equal(j.waited_s, 0);
}

/* The delay is whole: seconds that have only begun do not count. */
static void
milliseconds(void **state)
{
	static const struct {
		int64_t after_ms;
		enum grey_verdict verdict;
		int64_t wait_s;
	} t[] = {
		{ 1, GREY_WAITING, 180 },
		{ 1000, GREY_WAITING, 179 },
		{ 179001, GREY_WAITING, 1 },
		{ 179999, GREY_WAITING, 1 },
		{ 180000, GREY_PASS, 0 },
	};
	static const int64_t begin = T * INT64_C(1000) + 950;
	struct grey_credit credits[GREY_CREDITS] = { { 0 } };
	struct grey_attempt a = by(1, 0, 0);
	struct grey_record rec = { 0 };
	struct grey_judgement j;
	size_t i;

	(void)state;
	grey_judge(&a, &policy, begin, &rec, credits, &j);
	for (i = 0; i < COUNT(t); i++) {
		grey_judge(
		    &a, &policy, begin + t[i].after_ms, &rec, credits, &j);
		assert_int_equal(j.verdict, t[i].verdict);
		assert_int_equal(j.wait_s, t[i].wait_s);
	}
}

/* The list is bounded: who waits longest goes first, who passed stays. */
static void
bounded(void **state)
{
	struct grey_credit credits[GREY_CREDITS] = { { 0 } };
	struct grey_record rec = { 0 };
	struct grey_judgement j;
	struct grey_attempt a = by(1, 0, 0);
	uint64_t i;

	(void)state;
	grey_judge(&a, &policy, T * INT64_C(1000), &rec, credits, &j);
	grey_judge(&a, &policy, (T + 180) * INT64_C(1000), &rec, credits, &j);
	assert_int_equal(j.verdict, GREY_PASS);
	for (i = 0; i < 3 * GREY_ORIGINS; i++) {
		a = by(100 + i, 0, 0);
		grey_judge(&a, &policy, (T + 200 + (int64_t)i) * 1000, &rec,
		    credits, &j);
		assert_int_equal(j.verdict, GREY_NEW);
		assert_true(rec.n_origins <= GREY_ORIGINS);
	}
	a = by(100 + 3 * GREY_ORIGINS - 1, 0, 0);
	grey_judge(&a, &policy, (T + 500) * INT64_C(1000), &rec, credits, &j);
	assert_int_equal(j.verdict, GREY_PASS);
	a = by(1, 0, 0);
	grey_judge(&a, &policy, (T + 500) * INT64_C(1000), &rec, credits, &j);
	assert_int_equal(j.verdict, GREY_PASS);
}

static void
expiry(void **state)
{
	static const struct grey_keep keep = { .retry_window_s = WINDOW,
		.lifetime_s = LIFE,
		.lost_s = 7 * 86400 };
	static const struct {
		const char *what;
		struct grey_origin o;
		int64_t after;
		bool dead;
	} t[] = {
		{ "waits", { .since_ms = T * INT64_C(1000) }, WINDOW, false },
		{ "never came back", { .since_ms = T * INT64_C(1000) },
		    WINDOW + 1, true },
		{ "proven, is lost",
		    { .since_ms = T * INT64_C(1000), .kind = GREY_SPF },
		    WINDOW + 1, false },
		{ "lost long ago",
		    { .since_ms = T * INT64_C(1000), .kind = GREY_SPF },
		    7 * 86400 + 1, true },
		{ "passed", { .since_ms = T * INT64_C(1000), .passed = true },
		    LIFE, false },
		{ "passed, unused",
		    { .since_ms = T * INT64_C(1000), .passed = true }, LIFE + 1,
		    true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		struct grey_record rec = { .n_origins = 1 };

		rec.origins[0] = t[i].o;
		if (grey_record_dead(&rec, &keep, T + t[i].after) != t[i].dead)
			fail_msg("%s", t[i].what);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),
		cmocka_unit_test(pools),
		cmocka_unit_test(clocks),
		cmocka_unit_test(learns),
		cmocka_unit_test(becomes_known),
		cmocka_unit_test(known_ends_a_wait),
		cmocka_unit_test(what_is_lazy),
		cmocka_unit_test(milliseconds),
		cmocka_unit_test(bounded),
		cmocka_unit_test(expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
