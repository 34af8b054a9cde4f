#include "lib/grey/lost.h"

#include "lib/err.h"
#include "lib/grey/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW 10000000
#define DAY 86400
#define WINDOW (2 * DAY)

static const struct key_secret secret = { { 3 } };
static const struct grey_envelope *rows;
static size_t n_rows;

static const struct key_secret *
fake_secret(const struct grey_store *s)
{
	(void)s;
	return &secret;
}

static int
fake_each(struct grey_store *s,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e)
{
	size_t i;

	(void)s;
	for (i = 0; i < n_rows; i++) {
		if (each(&rows[i], arg, e) == -1)
			return -1;
	}
	return 0;
}

static const struct grey_store_ops ops = { .secret = fake_secret,
	.each = fake_each };
static struct grey_store store = { &ops };

#define SPF 1
#define NAME 2
#define PASSED 4

static uint64_t
name_id(const char *registrable)
{
	struct key k = key_identity(&secret, "name", registrable);

	return key_short(&k);
}

static struct grey_envelope
row(const char *sender, const char *client, int64_t age_s, unsigned what)
{
	struct grey_envelope env = { .record = { .first_seen = NOW - age_s,
		                         .last_seen = NOW - age_s } };
	struct grey_origin *o = env.record.origins;

	*o++ = (struct grey_origin){
		.id = 1, .since_ms = (NOW - age_s) * 1000, .kind = GREY_NET
	};
	if ((what & NAME) != 0)
		*o++ = (struct grey_origin){ .id = name_id("example.org"),
			.since_ms = (NOW - age_s) * 1000,
			.kind = GREY_NAME };
	if ((what & SPF) != 0)
		*o++ = (struct grey_origin){ .id = 2,
			.since_ms = (NOW - age_s) * 1000,
			.kind = GREY_SPF };
	env.record.n_origins = (size_t)(o - env.record.origins);
	if ((what & PASSED) != 0)
		env.record.origins[0].passed = true;
	(void)snprintf(env.sender, sizeof(env.sender), "%s", sender);
	(void)snprintf(
	    env.recipient, sizeof(env.recipient), "%s", "u@home.example");
	(void)snprintf(env.client, sizeof(env.client), "%s", client);
	return env;
}

static void
which_are_lost(void **state)
{
	static const struct {
		int64_t age_s;
		unsigned what;
		bool lost;
	} t[] = {
		{ 3 * DAY, SPF, true },
		{ 3 * DAY, NAME, true },
		{ 3 * DAY, 0, false }, /* not proven */
		{ 3 * DAY, SPF | PASSED, false },
		{ DAY, SPF, false }, /* may still come */
		{ WINDOW, SPF, false },
		{ WINDOW + 1, SPF, true },
	};
	struct grey_envelope env;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		env = row("a@b.example", "192.0.2.1", t[i].age_s, t[i].what);
		if (grey_record_lost(&env.record, WINDOW, NOW) != t[i].lost)
			fail_msg("row %zu", i);
	}
	env = row("a@b.example", "192.0.2.1", 3 * DAY, SPF);
	env.record.origins[1].since_ms = NOW *
	    INT64_C(1000); /* another of the pool came */
	assert_false(grey_record_lost(&env.record, WINDOW, NOW));
	env.record.n_origins = 0;
	assert_false(grey_record_lost(&env.record, WINDOW, NOW));
}

static void
by_domain(void **state)
{
	struct grey_lost_query q = {
		.now = NOW, .retry_window_s = WINDOW, .since = NOW - 7 * DAY
	};
	struct grey_envelope list[] = {
		row("a@icloud.com", "192.0.2.1", 3 * DAY, SPF),
		row("b@icloud.com", "192.0.2.1", 4 * DAY, SPF),
		row("c@icloud.com", "192.0.2.2", 5 * DAY, SPF),
		row("a@mx.example.org", "198.51.100.1", 3 * DAY, NAME),
		row("a@other.example", "198.51.100.1", 3 * DAY, NAME),
		row("a@old.example", "192.0.2.1", 8 * DAY, SPF),
		row("a@fresh.example", "192.0.2.1", DAY, SPF),
		row("", "192.0.2.9", 3 * DAY, SPF),
		row("", "", 3 * DAY, SPF),
	};
	struct grey_lost *lost;
	struct err e;
	size_t n;

	(void)state;
	list[COUNT(list) - 1].recipient[0] = '\0'; /* hashed */
	rows = list;
	n_rows = COUNT(list);
	assert_int_equal(grey_lost_list(&store, &q, &lost, &n, &e), 0);
	assert_int_equal(n, 5);
	assert_string_equal(lost[0].domain, "icloud.com");
	assert_int_equal(lost[0].envelopes, 3);
	assert_int_equal(lost[0].by_spf, 3);
	assert_int_equal(lost[0].n_clients, 2);
	assert_int_equal(lost[0].first, NOW - 5 * DAY);
	assert_int_equal(lost[0].last, NOW - 3 * DAY);
	assert_string_equal(lost[1].domain, "mx.example.org");
	assert_int_equal(lost[1].by_name, 1);
	assert_string_equal(lost[2].domain, "other.example");
	assert_int_equal(lost[2].by_name + lost[2].by_spf, 0);
	assert_int_equal(lost[3].kind, GREY_LOST_BOUNCES);
	assert_int_equal(lost[4].kind, GREY_LOST_UNREADABLE);
	free(lost);
	n_rows = 0;
	assert_int_equal(grey_lost_list(&store, &q, &lost, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_null(lost);
}

static void
many_clients(void **state)
{
	struct grey_lost_query q = { .now = NOW, .retry_window_s = WINDOW };
	struct grey_envelope *list = calloc(40, sizeof(*list));
	struct grey_lost *lost;
	char client[32];
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < 40; i++) {
		(void)snprintf(client, sizeof(client), "192.0.2.%zu", i);
		list[i] = row("a@pool.example", client, 3 * DAY, SPF);
	}
	rows = list;
	n_rows = 40;
	assert_int_equal(grey_lost_list(&store, &q, &lost, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(lost[0].n_clients, GREY_LOST_CLIENTS);
	assert_int_equal(lost[0].more_clients, 40 - GREY_LOST_CLIENTS);
	free(lost);
	free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_are_lost),
		cmocka_unit_test(by_domain),
		cmocka_unit_test(many_clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
