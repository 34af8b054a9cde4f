#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store.h"
#include "lib/grey/store_sqlite.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * Under load the readers hold on to what they saw.  What anybody has committed
 * is in the next answer all the same.
 */

#define DAY 86400
#define ASKERS 3
#define ROUNDS 100

static char folder[] = "/tmp/mailglance-test-XXXXXX";
static char url[64];
static int64_t T;
static atomic_bool over;
static atomic_uint next_new = 1000000, wrong;

static struct grey_store *
open_as(enum grey_store_use use)
{
	struct grey_store_options o = { .url = url,
		.use = use,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.keep = { .retry_window_s = 2 * DAY,
		    .lifetime_s = 36 * DAY,
		    .lost_s = 7 * DAY },
		.text = GREY_TEXT_WAITING,
		.text_keep_s = 7 * DAY };
	struct grey_store *s;
	struct err e;

	s = grey_store_open(&o, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	if (use == GREY_STORE_SERVE && grey_store_start(s, &e) == -1)
		fail_msg("%s", e.text);
	return s;
}

static struct grey_question
question(unsigned n)
{
	struct grey_question q = {
		.attempt = { .identities = { { 1, GREY_NET } },
		    .n_identities = 1 },
		.policy = { .delay_s = 180,
		    .retry_window_s = 2 * DAY,
		    .lifetime_s = 36 * DAY,
		    .known_after = 3 },
		.now_ms = T * 1000,
		.sender = "a@b.example",
		.recipient = "c@d.example",
		.client = "192.0.2.1",
	};

	(void)snprintf((char *)q.key.bytes, KEY_BYTES, "envelope %06x", n);
	return q;
}

static enum grey_verdict
judge(struct grey_store *s, unsigned n, bool dry)
{
	struct grey_question q = question(n);
	struct grey_judgement j;
	struct err e;

	q.dry = dry;
	if (grey_store_judge(s, &q, &j, &e) == -1)
		fail_msg("judge: %s", e.text);
	return j.verdict;
}

/* Strangers who come and come again at once. */
static void *
keep_asking(void *arg)
{
	struct grey_store *s = arg;
	unsigned n;

	while (!atomic_load(&over)) {
		n = atomic_fetch_add(&next_new, 1);
		if (judge(s, n, false) != GREY_NEW ||
		    judge(s, n, false) != GREY_WAITING)
			atomic_fetch_add(&wrong, 1);
	}
	return NULL;
}

static void
load(struct grey_store *s, unsigned n, bool passed)
{
	struct grey_envelope env = {
		.key = question(n).key,
		.record = { .first_seen = T, .last_seen = T, .n_origins = 1 },
		.sender = "a@b.example",
		.recipient = "c@d.example",
	};
	struct grey_load l = { .envelopes = &env, .n_envelopes = 1 };
	struct err e;

	env.record.origins[0] = (struct grey_origin){
		.id = 1, .since_ms = T * 1000, .passed = passed
	};
	if (grey_store_load(s, &l, &e) == -1)
		fail_msg("%s", e.text);
}

static void
wait_until_held(struct grey_store *s)
{
	int64_t until = clock_mono_ms() + 20000;

	while (!store_may_hold((struct sqlite_store *)s)) {
		if (clock_mono_ms() > until)
			fail_msg("no reader may hold on within 20 s");
		(void)usleep(1000);
	}
}

static void
what_others_commit_counts_at_once(void **state)
{
	struct grey_store *serve = open_as(GREY_STORE_SERVE);
	struct grey_store *edit = open_as(GREY_STORE_EDIT);
	pthread_t askers[ASKERS];
	unsigned i;

	(void)state;
	for (i = 0; i < ASKERS; i++)
		assert_int_equal(
		    pthread_create(&askers[i], NULL, keep_asking, serve), 0);
	for (i = 0; i < ROUNDS; i++) {
		wait_until_held(serve);
		assert_int_equal(judge(serve, i, true), GREY_NEW);
		load(edit, i, false);
		assert_int_equal(judge(serve, i, true), GREY_WAITING);
		load(edit, i, true);
		assert_int_equal(judge(serve, i, true), GREY_PASS);
	}
	atomic_store(&over, true);
	for (i = 0; i < ASKERS; i++)
		(void)pthread_join(askers[i], NULL);
	assert_int_equal(atomic_load(&wrong), 0);
	grey_store_close(edit);
	grey_store_close(serve);
}

static int
set_up(void **state)
{
	(void)state;
	T = clock_now();
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(url, sizeof(url), "sqlite:%s/grey.db", folder);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
		".whitelist" };
	char path[80];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/grey.db%s", folder, suffixes[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_commit_counts_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
