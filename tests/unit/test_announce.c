#include "statusd/post.h"
#include "statusd/store_fault.h"
#include "statusd/tick.h"
#include "tests/unit/status_fix.h"

static void
life(void **state)
{
	struct fix *x = *state;

	expect_state(x, MODEL_UNKNOWN);
	assert_int_equal(report(x, 0, F("queue", "", "ok")), 200);
	expect_state(x, MODEL_OPERATIONAL);
	(void)report(x, 0, F("queue", "", "warning"));
	expect_state(x, MODEL_DEGRADED);
	expect_entries(x, STORE_ALL, 0, "");
	(void)report(x, 0,
	    F("queue", "", "critical") "," F("queue", "active", "critical"));
	expect_state(x, MODEL_PARTIAL_OUTAGE);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	/* The same words, still critical elsewhere: no news. */
	(void)report(x, 0,
	    F("queue", "", "warning") "," F("queue", "active", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	(void)report(
	    x, 0, F("queue", "", "warning") "," F("queue", "active", "ok"));
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Mail is delayed | NC036: Update 1");
	(void)report(x, 0, F("service", "webmail", "critical"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2");
	(void)report(x, 0, F("queue", "", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2 | "
	    "NC036: Update 3");
	(void)report(x, 0, F("service", "webmail", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | NC036: Update 2 | "
	    "NC036: Update 3 | NC036: Mail is back to normal");
	expect_state(x, MODEL_OPERATIONAL);
	x->now += 61;
	expect_state(x, MODEL_UNKNOWN);
}

/* What one report says of an incident is one post, however much it is. */
static void
one_post(void **state)
{
	struct fix *x = *state;
	struct model_site *site;

	(void)report(x, 0,
	    F("queue", "", "critical") "," F("service", "webmail", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	site = load(x, STORE_PUBLIC);
	assert_non_null(strstr(site->threads[0].entries[0].body,
	    "There is a further problem: Webmail is not available."));
	model_free(site);
	(void)report(
	    x, 0, F("queue", "", "ok") "," F("service", "webmail", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Mail is back to normal");
	site = load(x, STORE_PUBLIC);
	assert_null(strstr(site->threads[0].entries[1].body, "Not over"));
	assert_non_null(strstr(site->threads[0].entries[1].body,
	    "Webmail can be used again. This incident is resolved."));
	model_free(site);
}

/* A draft does not become public with what is published beside it. */
static void
draft_beside(void **state)
{
	struct fix *x = *state;
	struct model_site *site;

	(void)report(x, 0, F("disk", "/", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "");
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	expect_entries(x, STORE_ALL, 0, "NC036: Mail is delayed");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
	(void)report(x, 0, F("queue", "", "ok"));
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Mail is delayed | NC036: Update 1");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Update 1 | "
	    "NC036: Mail is back to normal");
	site = load(x, STORE_PUBLIC);
	for (size_t i = 0; i < site->threads[0].n_entries; i++)
		assert_null(strstr(site->threads[0].entries[i].body, "torage"));
	assert_non_null(strstr(site->threads[0].entries[1].body,
	    "Not over yet:\n\n- A problem is being looked into\n"));
	model_free(site);
}

static void
run_tick(struct fix *x, struct tick *t)
{
	struct err e;

	if (tick_run(t, x->now, &e) == -1)
		fail_msg("%s", e.text);
}

static void
policies(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};
	struct err e;

	/* A draft waits for the operator. */
	(void)report(x, 0, F("disk", "/", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "");
	expect_entries(x, STORE_ALL, 0, "NC036: Storage space is running out");
	x->now += 1000;
	(void)report(x, 0, F("disk", "/", "warning"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0, "");
	assert_int_equal(post_publish_draft(x->store, 1, x->now, &e), 0);
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Storage space is running out");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Storage space is running out | "
	    "NC036: Storage space is back to normal");

	/* After five minutes, unless it is over by then. */
	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "critical"));
	x->now += 299;
	(void)report(x, 0, F("canary", "in", "critical"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Storage space is running out | "
	    "NC036: Storage space is back to normal");
	x->now += 1;
	run_tick(x, &t);
	expect_entries(
	    x, STORE_PUBLIC, 0, "NC036: Mail from outside is delayed");
	(void)report(x, 0, F("canary", "in", "ok"));
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail from outside is delayed | NC036: Mail from outside is back to normal");

	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "critical"));
	x->now += 100;
	(void)report(x, 0, F("canary", "in", "ok"));
	x->now += 1000;
	(void)report(x, 0, F("canary", "in", "ok"));
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail from outside is delayed | NC036: Mail from outside is back to normal");
}

static void
silence(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};

	run_tick(x, &t);
	x->now += 1000;
	run_tick(x, &t);
	expect_entries(x, STORE_ALL, 0, "");
	(void)report(x, 0, F("queue", "", "ok"));
	x->now += 300;
	run_tick(x, &t);
	expect_entries(x, STORE_ALL, 0, "");
	x->now += 1;
	run_tick(x, &t);
	run_tick(x, &t);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: No reports are coming in");
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 1,
	    "NC036: No reports are coming in | "
	    "NC036: Reports are back to normal");
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");

	/* Our own absence is nobody's silence. */
	x->now += 5000;
	t.started_at = x->now;
	run_tick(x, &t);
	expect_state(x, MODEL_UNKNOWN);
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
}

/* The titles of the notices that wait; they are taken away. */
static void
expect_notices(struct fix *x, const char *want)
{
	struct store_notice n;
	char got[1024] = "";
	size_t len = 0;
	struct err e;

	while (store_notice_first(x->store, &n, &e) == 1 && len < 900) {
		len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
		    len > 0 ? " | " : "", n.title);
		assert_int_equal(store_notice_delete(x->store, n.id, &e), 0);
		store_notice_free(&n);
	}
	assert_string_equal(got, want);
}

static void
notices(void **state)
{
	struct fix *x = *state;

	(void)report(x, 0, F("queue", "", "warning"));
	expect_notices(x, "NC036 warning: queue");
	(void)report(x, 0,
	    F("queue", "", "critical") "," F("queue", "active", "critical"));
	expect_notices(x, "NC036 now critical: queue, queue active");
	(void)report(x, 0, F("disk", "/", "critical"));
	expect_notices(x, "");
	(void)report(x, 0,
	    F("queue", "", "warning") "," F("queue", "active", "warning"));
	expect_notices(x, "");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_notices(x, "NC036 now warning: disk /, queue, queue active");
	(void)report(x, 0,
	    F("queue", "", "ok") "," F("queue", "active", "ok") "," F(
	        "disk", "/", "ok"));
	expect_notices(x, "NC036 over: disk /, queue, queue active");
	(void)report(x, 0, F("disk", "/", "warning"));
	expect_notices(x, "NC036 warning: disk /");
	(void)report(x, 0, F("disk", "/", "ok"));
	expect_notices(x, "NC036 over: disk /");
}

/* What the operator resolved is neither opened nor told of again. */
static void
by_hand(void **state)
{
	struct fix *x = *state;
	struct tick t = {
		.store = x->store, .config = x->config, .started_at = NOW
	};
	struct post_addition p = { .thread = 1,
		.kind = MODEL_RESOLUTION,
		.status = -1,
		.body = "Done." };
	struct err e;

	(void)report(x, 0, F("queue", "", "critical"));
	expect_notices(x, "NC036 critical: queue");
	assert_int_equal(post_add(x->store, &p, x->now, &e), 0);
	assert_int_equal(post_add(x->store, &p, x->now, &e), 1);
	run_tick(x, &t);
	expect_notices(x, "NC036 over: queue");
	x->now += 5000;
	(void)report(x, 0, F("queue", "", "critical"));
	expect_notices(x, "");
	expect_entries(x, STORE_PUBLIC, 0,
	    "NC036: Mail is delayed | NC036: Resolved: Mail is delayed");
	(void)report(x, 0, F("queue", "", "ok"));
	(void)report(x, 0, F("queue", "", "critical"));
	expect_entries(x, STORE_PUBLIC, 0, "NC036: Mail is delayed");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(life),
		T(one_post),
		T(draft_beside),
		T(policies),
		T(silence),
		T(notices),
		T(by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
