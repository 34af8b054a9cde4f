#include "statusd/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define O LEVEL_OK
#define W LEVEL_WARNING
#define C LEVEL_CRITICAL
#define U LEVEL_UNKNOWN
#define N LEVEL_NOTICE

/* One finding of a story, and what must come of it. */
struct row {
	const char *story; /* NULL: the story goes on */
	int64_t at;
	const char *check, *subject;
	enum level level;
	double value;
	int64_t began;
	enum incident_what want;
	int incident; /* index; -1: none */
};

static const struct row rows[] = {
	{ "opens, updates, resolves", 1000, "queue", "", C, 900, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1010, "queue", "", C, 950, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 1020, "queue", "", W, 500, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1030, "queue", "", W, 400, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 1040, "queue", "", C, 900, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1050, "queue", "", U, 0, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 1060, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1070, "queue", "", O, 0, 0, INCIDENT_NOTHING, -1 },

	{ "a warning alone", 1000, "disk", "/", W, 0, 1000, INCIDENT_NOTHING,
	    -1 },
	{ NULL, 1010, "disk", "/", O, 0, 0, INCIDENT_NOTHING, -1 },
	{ NULL, 1020, "disk", "/", U, 0, 0, INCIDENT_NOTHING, -1 },

	{ "a notice is well", 1000, "disk", "/", C, 0, 1000, INCIDENT_OPENED,
	    0 },
	{ NULL, 1010, "disk", "/", N, 0, 0, INCIDENT_RESOLVED, 0 },

	{ "joins under ten minutes", 1000, "disk", "/", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1599, "log", "", C, 0, 1599, INCIDENT_JOINED, 0 },
	{ NULL, 1600, "service", "imap", C, 0, 1600, INCIDENT_OPENED, 1 },
	{ NULL, 1610, "disk", "/", O, 0, 0, INCIDENT_CLEARED, 0 },
	{ NULL, 1620, "log", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1630, "service", "imap", O, 0, 0, INCIDENT_RESOLVED, 1 },

	{ "a warning joins and holds", 1000, "disk", "/", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1100, "queue", "", W, 0, 1100, INCIDENT_JOINED_QUIETLY, 0 },
	{ NULL, 1110, "disk", "/", O, 0, 0, INCIDENT_CLEARED, 0 },
	{ NULL, 1120, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },

	{ "a warning of old stays out", 9000, "disk", "/", C, 0, 9000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 9000, "queue", "", W, 0, 8400, INCIDENT_NOTHING, -1 },
	{ NULL, 9000, "log", "", W, 0, 8401, INCIDENT_JOINED_QUIETLY, 0 },
	{ NULL, 9010, "log", "", O, 0, 0, INCIDENT_CLEARED, 0 },
	{ NULL, 9020, "disk", "/", O, 0, 0, INCIDENT_RESOLVED, 0 },

	{ "comes back within ten minutes", 1000, "queue", "", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 2000, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 2100, "queue", "", W, 0, 2100, INCIDENT_NOTHING, -1 },
	{ NULL, 2599, "queue", "", C, 0, 2100, INCIDENT_REOPENED, 0 },
	{ NULL, 2700, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 2800, "queue", "deferred", C, 0, 2800, INCIDENT_OPENED, 1 },
	{ NULL, 2900, "queue", "deferred", O, 0, 0, INCIDENT_RESOLVED, 1 },
	{ NULL, 3300, "queue", "", C, 0, 3300, INCIDENT_OPENED, 2 },

	{ "falls", 1000, "queue", "", C, 900, 1000, INCIDENT_OPENED, 0 },
	{ NULL, 1500, "queue", "", C, 300, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 2799, "queue", "", C, 451, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 2800, "queue", "", C, 451, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 2810, "queue", "", C, 450, 1000, INCIDENT_FALLING, 0 },
	{ NULL, 2820, "queue", "", C, 200, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 4610, "queue", "", C, 200, 1000, INCIDENT_FALLING, 0 },

	{ "silence stands by itself", 1000, "silence", "", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1010, "queue", "", C, 0, 1010, INCIDENT_OPENED, 1 },
	{ NULL, 1020, "silence", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1030, "silence", "", C, 0, 1030, INCIDENT_REOPENED, 0 },

	{ "silence and failing probes are one", 1000, "probe", "smtp", C, 0,
	    1000, INCIDENT_OPENED, 0 },
	{ NULL, 1010, "silence", "", C, 0, 1010, INCIDENT_JOINED, 0 },
	{ NULL, 1020, "probe", "smtp", O, 0, 0, INCIDENT_CLEARED, 0 },
	{ NULL, 1030, "silence", "", O, 0, 0, INCIDENT_RESOLVED, 0 },

	{ "the third return is held", 1000, "queue", "", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1100, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1200, "queue", "", C, 0, 1200, INCIDENT_REOPENED, 0 },
	{ NULL, 1300, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1400, "queue", "", C, 0, 1400, INCIDENT_REOPENED, 0 },
	{ NULL, 1500, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 1600, "queue", "", C, 0, 1600, INCIDENT_REOPENED, 0 },
	{ NULL, 1700, "queue", "", O, 0, 0, INCIDENT_HELD, 0 },
	{ NULL, 1800, "queue", "", C, 0, 1800, INCIDENT_QUIETLY, 0 },
	{ NULL, 1900, "queue", "", O, 0, 0, INCIDENT_QUIETLY, 0 },
	{ NULL, 2499, NULL, "", O, 0, 0, INCIDENT_NOTHING, -1 },
	{ NULL, 2500, NULL, "", O, 0, 0, INCIDENT_RESOLVED, 0 },
	{ NULL, 2501, NULL, "", O, 0, 0, INCIDENT_NOTHING, -1 },

	{ "what swings is told of seldom", 1000, "queue", "", C, 0, 1000,
	    INCIDENT_OPENED, 0 },
	{ NULL, 1010, "queue", "", W, 0, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1020, "queue", "", C, 0, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1030, "queue", "", W, 0, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1040, "queue", "", C, 0, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 1050, "queue", "", W, 0, 1000, INCIDENT_QUIETLY, 0 },
	{ NULL, 2839, "queue", "", W, 0, 1000, INCIDENT_NOTHING, -1 },
	{ NULL, 2840, "queue", "", W, 0, 1000, INCIDENT_LEVEL, 0 },
	{ NULL, 2850, "queue", "", O, 0, 0, INCIDENT_RESOLVED, 0 },
};

static void
check_row(struct incident_set *set, const struct row *r, const char *story)
{
	const struct incident_finding f = { r->check, r->subject, r->level,
		r->value, .began = r->began };
	struct incident_event ev;

	if (r->check == NULL)
		incident_due(set, r->at, &ev);
	else
		assert_int_equal(incident_step(set, &f, r->at, &ev), 0);
	if (ev.what != r->want)
		fail_msg("%s, at %lld: event %d, not %d", story,
		    (long long)r->at, (int)ev.what, (int)r->want);
	if (r->incident >= 0 && ev.incident != (size_t)r->incident)
		fail_msg("%s, at %lld: incident %zu, not %d", story,
		    (long long)r->at, ev.incident, r->incident);
}

static void
stories(void **state)
{
	struct incident_set set = { NULL, 0 };
	const char *story = "";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].story != NULL) {
			story = rows[i].story;
			incident_set_free(&set);
		}
		check_row(&set, &rows[i], story);
	}
	incident_set_free(&set);
}

static enum incident_what
step(struct incident_set *set, enum level level, int64_t at)
{
	const struct incident_finding f = { "queue", "", level, 1,
		.began = at };
	struct incident_event ev;

	assert_int_equal(incident_step(set, &f, at, &ev), 0);
	return ev.what;
}

/* The operator resolved it while it stood: only what gets worse is news. */
static void
resolved_by_hand(void **state)
{
	struct incident_set set = { NULL, 0 };

	(void)state;
	assert_int_equal(step(&set, C, 1000), INCIDENT_OPENED);
	set.items[0].resolved_at = 1100;
	assert_int_equal(step(&set, C, 1110), INCIDENT_NOTHING);
	assert_int_equal(step(&set, C, 9000), INCIDENT_NOTHING);
	assert_int_equal(step(&set, W, 9010), INCIDENT_NOTHING);
	assert_int_equal(step(&set, C, 9020), INCIDENT_OPENED);
	incident_set_free(&set);

	assert_int_equal(step(&set, C, 1000), INCIDENT_OPENED);
	set.items[0].resolved_at = 1100;
	assert_int_equal(step(&set, O, 1110), INCIDENT_NOTHING);
	assert_int_equal(step(&set, C, 1120), INCIDENT_REOPENED);
	incident_set_free(&set);
}

/* What he opened takes in what is critical, and he resolves it. */
static void
opened_by_hand(void **state)
{
	struct incident_set set = { NULL, 0 };
	struct incident *in = incident_add(&set);

	(void)state;
	in->opened_at = 1000;
	in->by_hand = true;
	assert_int_equal(step(&set, W, 1010), INCIDENT_NOTHING);
	assert_int_equal(step(&set, C, 1020), INCIDENT_JOINED);
	assert_int_equal(step(&set, O, 1030), INCIDENT_WELL);
	assert_int_equal(set.items[0].resolved_at, 0);
	assert_int_equal(set.n, 1);
	incident_set_free(&set);
}

/*
 * Whatever comes in, in whatever order: no two open incidents share a cause,
 * what is open has something that stands, what is resolved has nothing that
 * stands, and what is critical stands in an open incident.
 */
#define FINDINGS 5

static const struct {
	const char *check, *subject;
} names[FINDINGS] = {
	{ "queue", "" },
	{ "queue", "deferred" },
	{ "disk", "/" },
	{ "disk", "/var" },
	{ "silence", "" },
};

static int
standing_in_open(const struct incident_set *set, int which)
{
	int n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct incident *in = &set->items[i];

		for (size_t k = 0; k < in->n_causes; k++) {
			const struct incident_cause *c = &in->causes[k];

			if (in->resolved_at == 0 && incident_stands(c->level) &&
			    strcmp(c->check, names[which].check) == 0 &&
			    strcmp(c->subject, names[which].subject) == 0)
				n++;
		}
	}
	return n;
}

static void
check_invariants(const struct incident_set *set, const enum level *last)
{
	for (size_t i = 0; i < set->n; i++) {
		size_t standing = incident_standing(&set->items[i]);

		/* Open: something stands, or it is held for a while. */
		if (set->items[i].resolved_at == 0)
			assert_int_equal(
			    standing > 0, set->items[i].calm.well_since == 0);
		else
			assert_int_equal(standing, 0);
	}
	for (int k = 0; k < FINDINGS; k++) {
		int n = standing_in_open(set, k);

		assert_true(n <= 1);
		if (last[k] == C)
			assert_int_equal(n, 1);
		else if (last[k] == O)
			assert_int_equal(n, 0);
	}
}

static void
any_order(void **state)
{
	static const enum level levels[] = { O, O, W, C, C, U };
	unsigned seed = 7;

	(void)state;
	for (int run = 0; run < 300; run++) {
		struct incident_set set = { NULL, 0 };
		enum level last[FINDINGS] = { O, O, O, O, O };
		int64_t now = 1000000, began[FINDINGS] = { 0 };

		for (int i = 0; i < 120; i++) {
			int k = (int)((unsigned)rand_r(&seed) % FINDINGS);
			enum level l = levels[(unsigned)rand_r(&seed) % 6];
			struct incident_event ev;
			struct incident_finding f = { names[k].check,
				names[k].subject, l,
				(double)((unsigned)rand_r(&seed) % 1000),
				.began = 0 };

			now += (unsigned)rand_r(&seed) % 400;
			if (!incident_stands(l))
				began[k] = l == U ? began[k] : 0;
			else if (began[k] == 0)
				began[k] = now;
			f.began = began[k];
			assert_int_equal(incident_step(&set, &f, now, &ev), 0);
			if (l != U)
				last[k] = l;
			check_invariants(&set, last);
			incident_due(&set, now, &ev);
			check_invariants(&set, last);
		}
		incident_set_free(&set);
	}
}

/* Planned work: nothing begins, but what began goes on and ends. */
static void
muted(void **state)
{
	struct incident_set set = { NULL, 0 };
	struct incident_finding f = { "queue", "", C, 1, .began = 1000 };
	struct incident_finding d = { "disk", "/", C, 1, .began = 1000,
		.muted = true };
	struct incident_event ev;

	(void)state;
	assert_int_equal(incident_step(&set, &d, 1000, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_NOTHING);
	assert_int_equal(incident_step(&set, &f, 1000, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_OPENED);
	assert_int_equal(incident_step(&set, &d, 1010, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_NOTHING);
	f.muted = true;
	f.level = O;
	assert_int_equal(incident_step(&set, &f, 1020, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_RESOLVED);
	f.level = C;
	assert_int_equal(incident_step(&set, &f, 1030, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_NOTHING);
	d.muted = false;
	assert_int_equal(incident_step(&set, &d, 1040, &ev), 0);
	assert_int_equal(ev.what, INCIDENT_OPENED);
	incident_set_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories),
		cmocka_unit_test(resolved_by_hand),
		cmocka_unit_test(opened_by_hand),
		cmocka_unit_test(any_order),
		cmocka_unit_test(muted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
