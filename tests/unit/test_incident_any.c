#include "statusd/incident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * What holds for every sequence of reports.  A true past is made up, a report
 * every ten seconds to twenty minutes; several receivers hear of it, each with
 * its own losses, repetitions and delays.  All is drawn from fixed seeds.
 */
#define CHECKS 6
#define REPORTS 60
#define RECEIVERS 4
#define RUNS 1200

#define O LEVEL_OK
#define W LEVEL_WARNING
#define C LEVEL_CRITICAL
#define U LEVEL_UNKNOWN

static const struct {
	const char *check, *subject;
} names[CHECKS] = {
	{ "queue", "" },
	{ "queue", "deferred" },
	{ "disk", "/" },
	{ "disk", "/var" },
	{ "service", "imap" },
	{ "probe", "smtp" },
};

struct truth {
	enum level levels[REPORTS][CHECKS];
	int64_t at[REPORTS];
};

struct receiver {
	struct incident_set set;
	int newest; /* report taken; -1: none */
	enum level last[CHECKS];
	int64_t began[CHECKS];
};

static unsigned seed;

static unsigned
draw(unsigned n)
{
	return (unsigned)rand_r(&seed) % n;
}

static struct truth
make_truth(int ends_well)
{
	static const enum level drawn[] = { O, O, O, W, C, C, U };
	static const int64_t pauses[] = { 10, 10, 60, 300, 1200 };
	struct truth t;
	int64_t now = 1000000;

	for (int i = 0; i < REPORTS; i++) {
		now += pauses[draw(5)];
		t.at[i] = now;
		for (int k = 0; k < CHECKS; k++) {
			bool same = i > 0 && draw(3) > 0;

			t.levels[i][k] = same ? t.levels[i - 1][k]
			                      : drawn[draw(7)];
			if (i == REPORTS - 1 && ends_well)
				t.levels[i][k] = O;
		}
	}
	return t;
}

/* In how many open incidents it stands. */
static int
standing_in_open(const struct incident_set *set, int which)
{
	int n = 0;

	for (size_t i = 0; i < set->n; i++) {
		const struct incident *in = &set->items[i];

		for (size_t k = 0; k < in->n_causes; k++) {
			const struct incident_cause *c = &in->causes[k];

			n += in->resolved_at == 0 &&
			    incident_stands(c->level) &&
			    strcmp(c->check, names[which].check) == 0 &&
			    strcmp(c->subject, names[which].subject) == 0;
		}
	}
	return n;
}

/*
 * Whether any cause of it is critical by what was reported last, in whichever
 * incident.  (A warning alone is none's.)
 */
static bool
stands_by_reports(const struct receiver *r, const struct incident *in)
{
	for (size_t i = 0; i < in->n_causes; i++) {
		for (int k = 0; k < CHECKS; k++) {
			if (strcmp(in->causes[i].check, names[k].check) == 0 &&
			    strcmp(in->causes[i].subject, names[k].subject) ==
			        0 &&
			    r->last[k] == C)
				return true;
		}
	}
	return false;
}

static void
check_event(
    struct receiver *r, const struct incident_event *ev, int k, int64_t now)
{
	const struct incident *in;

	if (ev->what == INCIDENT_NOTHING)
		return;
	assert_true(ev->incident < r->set.n);
	in = &r->set.items[ev->incident];
	assert_true(ev->cause < in->n_causes);
	if (ev->what == INCIDENT_RESOLVED) {
		/* Nothing that it was about stands. */
		assert_int_equal(in->resolved_at, now);
		assert_int_equal(incident_standing(in), 0);
		assert_false(stands_by_reports(r, in));
		return;
	}
	assert_int_equal(in->resolved_at, 0);
	if (ev->what == INCIDENT_OPENED || ev->what == INCIDENT_REOPENED)
		assert_true(k >= 0 && r->last[k] == C);
}

static void
check_state(const struct receiver *r)
{
	for (int k = 0; k < CHECKS; k++) {
		int n = standing_in_open(&r->set, k);

		assert_true(n <= 1);
		if (r->last[k] == C)
			assert_int_equal(n, 1);
		if (r->last[k] == O)
			assert_int_equal(n, 0);
	}
	for (size_t i = 0; i < r->set.n; i++) {
		const struct incident *in = &r->set.items[i];

		if (in->resolved_at != 0)
			assert_int_equal(incident_standing(in), 0);
		else
			assert_true(incident_standing(in) > 0 ||
			    in->calm.well_since != 0);
	}
}

static void
due(struct receiver *r, int64_t now)
{
	struct incident_event ev;

	do {
		incident_due(&r->set, now, &ev);
		check_event(r, &ev, -1, now);
	} while (ev.what != INCIDENT_NOTHING);
}

/* As ingest does: what is not newer changes nothing; the worst come first. */
static void
hear(struct receiver *r, const struct truth *t, int i, int64_t now)
{
	static const enum level turns[] = { C, W, O, U };

	if (i <= r->newest)
		return;
	r->newest = i;
	for (int k = 0; k < CHECKS; k++) {
		if (t->levels[i][k] != U)
			r->last[k] = t->levels[i][k];
	}
	for (int turn = 0; turn < 4 * CHECKS; turn++) {
		int k = turn % CHECKS;
		enum level l = t->levels[i][k];
		struct incident_finding f = { names[k].check, names[k].subject,
			l, 100, .began = 0 };
		struct incident_event ev;

		if (l != turns[turn / CHECKS])
			continue;
		if (incident_stands(l) && r->began[k] == 0)
			r->began[k] = now;
		if (l == O)
			r->began[k] = 0;
		f.began = r->began[k];
		assert_int_equal(incident_step(&r->set, &f, now, &ev), 0);
		check_event(r, &ev, k, now);
		/*
		 * Once more in the same breath is no news; at most what was
		 * held back is told of.
		 */
		assert_int_equal(incident_step(&r->set, &f, now, &ev), 0);
		assert_true(
		    ev.what == INCIDENT_NOTHING || ev.what == INCIDENT_LEVEL);
		assert_int_equal(incident_step(&r->set, &f, now, &ev), 0);
		assert_int_equal(ev.what, INCIDENT_NOTHING);
	}
	due(r, now);
	check_state(r);
}

/* Whole; with losses; with repetitions; late and in disorder as well. */
static void
deliver(struct receiver *r, const struct truth *t, int kind)
{
	int last = REPORTS - 1;

	for (int i = 0; i < last; i++) {
		int late = kind == 3 ? (int)draw(8) : 0;

		if (kind > 0 && draw(3) == 0)
			continue;
		hear(r, t, i - late < 0 ? 0 : i - late, t->at[i]);
		if (kind > 1 && draw(2) == 0)
			hear(r, t, i, t->at[i]);
	}
	for (int n = 0; n < 1 + (kind > 1); n++)
		hear(r, t, last, t->at[last]);
}

static void
every_delivery_ends_alike(void **state)
{
	(void)state;
	for (unsigned run = 0; run < RUNS; run++) {
		struct receiver r[RECEIVERS] = { 0 };
		struct truth t;
		int64_t end;

		seed = 1000 + run;
		t = make_truth(run % 4 == 0);
		end = t.at[REPORTS - 1];
		for (int kind = 0; kind < RECEIVERS; kind++) {
			r[kind].newest = -1;
			for (int k = 0; k < CHECKS; k++)
				r[kind].last[k] = O;
			deliver(&r[kind], &t, kind);
		}
		for (int kind = 0; kind < RECEIVERS; kind++) {
			/* What the last report knows, all know alike. */
			for (int k = 0; k < CHECKS; k++) {
				enum level l = t.levels[REPORTS - 1][k];

				if (l == C)
					assert_int_equal(
					    standing_in_open(&r[kind].set, k),
					    1);
				else if (l == O)
					assert_int_equal(
					    standing_in_open(&r[kind].set, k),
					    0);
			}
			/* Once all is well, nothing stays open for long. */
			due(&r[kind], end + 2 * 3600);
			for (size_t i = 0; run % 4 == 0 && i < r[kind].set.n;
			     i++)
				assert_true(
				    r[kind].set.items[i].resolved_at != 0);
			incident_set_free(&r[kind].set);
		}
	}
}

/* A cause that comes back at once is the same incident, not a second one. */
static void
no_second_incident_soon(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 2000; run++) {
		struct incident_set set = { NULL, 0 };
		struct incident_event ev;
		int64_t now = 1000000;
		int k;

		seed = run;
		k = (int)draw(CHECKS);
		for (int i = 0; i < 30; i++) {
			struct incident_finding f = { names[k].check,
				names[k].subject, draw(2) ? C : O, 1,
				.began = now };

			now += 1 + draw(INCIDENT_REOPEN_S - 1);
			assert_int_equal(incident_step(&set, &f, now, &ev), 0);
			incident_due(&set, now, &ev);
			/* Well for longer than that, and it may be new. */
			if (ev.what == INCIDENT_RESOLVED)
				break;
		}
		for (size_t i = 1; i < set.n; i++)
			assert_true(set.items[i].opened_at -
			        set.items[i - 1].resolved_at >=
			    INCIDENT_REOPEN_S);
		incident_set_free(&set);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_delivery_ends_alike),
		cmocka_unit_test(no_second_incident_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
