#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/*
 * The contract of lib/grey/store.h: what every backend has to keep.  "url" is
 * of an empty store of the backend under test.
 */
static char folder[] = "/tmp/mailglance-test-XXXXXX";
static char url[64];

#define DAY 86400

/* Now: what is older than its time is deleted by the store. */
static int64_t T;

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

/* An attempt on envelope "n" by network "net" with the credit "credit". */
static struct grey_question
question(unsigned n, uint64_t net, uint64_t credit, int64_t now)
{
	struct grey_question q = {
		.attempt = { .identities = { { net, GREY_NET } },
		    .n_identities = 1,
		    .credits = { credit },
		    .n_credits = credit != 0 },
		.policy = { .delay_s = 180,
		    .retry_window_s = 2 * DAY,
		    .lifetime_s = 36 * DAY,
		    .known_after = 3 },
		.now_ms = now * 1000,
		.sender = "a@b.example",
		.recipient = "c@d.example",
		.client = "192.0.2.1",
	};

	(void)snprintf((char *)q.key.bytes, KEY_BYTES, "envelope %06x", n);
	return q;
}

static enum grey_verdict
judge(struct grey_store *s, struct grey_question q, int64_t *wait_r)
{
	struct grey_judgement j;
	struct err e;

	if (grey_store_judge(s, &q, &j, &e) == -1)
		fail_msg("judge: %s", e.text);
	*wait_r = j.wait_s;
	return j.verdict;
}

static void
judging(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_SERVE);
	struct grey_question q;
	int64_t wait;

	(void)state;
	assert_int_equal(judge(s, question(1, 1, 0, T), &wait), GREY_NEW);
	assert_int_equal(wait, 180);
	assert_int_equal(
	    judge(s, question(1, 1, 0, T + 10), &wait), GREY_WAITING);
	assert_int_equal(wait, 170);
	assert_int_equal(judge(s, question(1, 2, 0, T + 10), &wait), GREY_NEW);
	assert_int_equal(judge(s, question(2, 1, 0, T + 10), &wait), GREY_NEW);

	q = question(1, 1, 0, T + 180);
	q.dry = true;
	assert_int_equal(judge(s, q, &wait), GREY_PASS);
	assert_int_equal(
	    judge(s, question(1, 1, 0, T + 170), &wait), GREY_WAITING);
	assert_int_equal(
	    judge(s, question(1, 1, 0, T + 180), &wait), GREY_PASS);
	grey_store_close(s);

	/* what was answered is there after a restart */
	s = open_as(GREY_STORE_SERVE);
	assert_int_equal(
	    judge(s, question(1, 1, 0, T + 181), &wait), GREY_PASS);
	assert_int_equal(
	    judge(s, question(2, 1, 0, T + 20), &wait), GREY_WAITING);
	assert_int_equal(wait, 170);
	grey_store_close(s);
}

/* Until "n" passes stand; credits may be written behind the answer. */
static void
wait_for_credit(struct grey_store *s, uint64_t id, int64_t n)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	struct grey_credit c = { 0 };
	struct err e;
	int i;

	for (i = 0; i < 2000 && c.passes != n; i++) {
		assert_int_not_equal(grey_store_credit(s, id, &c, &e), -1);
		(void)nanosleep(&ms, NULL);
	}
	assert_int_equal(c.passes, n);
}

static void
credits(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_SERVE);
	struct grey_credit c;
	struct err e;
	int64_t wait, now = T;
	int i;

	(void)state;
	assert_int_equal(grey_store_credit(s, 77, &c, &e), 0);
	assert_int_equal(judge(s, question(10, 7, 77, now), &wait), GREY_NEW);
	now += 180;
	for (i = 1; i <= 3; i++, now += 3600) {
		assert_int_equal(
		    judge(s, question(10, 7, 77, now), &wait), GREY_PASS);
		wait_for_credit(s, 77, i);
	}
	assert_int_equal(judge(s, question(11, 7, 77, now), &wait), GREY_KNOWN);
	assert_int_equal(judge(s, question(11, 8, 78, now), &wait), GREY_NEW);
	grey_store_close(s);
}

/* Addresses can be read while an envelope waits. */
static void
readable(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_SERVE);
	struct grey_question q = question(20, 1, 0, T);
	struct grey_envelope env;
	struct err e;
	int64_t wait;

	(void)state;
	assert_int_equal(grey_store_envelope(s, &q.key, &env, &e), 0);
	(void)judge(s, q, &wait);
	assert_int_equal(grey_store_envelope(s, &q.key, &env, &e), 1);
	assert_memory_equal(&env.key, &q.key, sizeof(q.key));
	assert_int_equal(env.record.first_seen, T);
	assert_int_equal(env.record.n_origins, 1);
	assert_string_equal(env.sender, "a@b.example");
	assert_string_equal(env.recipient, "c@d.example");
	assert_string_equal(env.client, "192.0.2.1");
	q.now_ms = (T + 180) * 1000;
	(void)judge(s, q, &wait);
	assert_int_equal(grey_store_envelope(s, &q.key, &env, &e), 1);
	assert_true(env.record.origins[0].passed);
	assert_string_equal(env.sender, "");
	assert_string_equal(env.recipient, "");
	assert_string_equal(env.client, "");
	grey_store_close(s);
}

/* --- many at once --- */

#define THREADS 12
#define EACH 300

struct asker {
	struct grey_store *s;
	unsigned first;
	unsigned wrong;
};

static void *
ask_many(void *arg)
{
	struct asker *a = arg;
	struct grey_judgement j;
	struct err e;
	unsigned i;

	for (i = 0; i < EACH; i++) {
		struct grey_question q = question(a->first + i, 1, 0, T);

		if (grey_store_judge(a->s, &q, &j, &e) == -1 ||
		    j.verdict != GREY_NEW)
			a->wrong++;
		if (grey_store_judge(a->s, &q, &j, &e) == -1 ||
		    j.verdict != GREY_WAITING)
			a->wrong++;
	}
	return NULL;
}

static int
count_one(const struct grey_envelope *env, void *arg, struct err *e)
{
	unsigned *n = arg;

	(void)e;
	*n += strncmp((const char *)env->key.bytes, "envelope", 8) == 0;
	return 0;
}

static int
stop_at_ten(const struct grey_envelope *env, void *arg, struct err *e)
{
	unsigned *n = arg;

	(void)env;
	return ++*n == 10 ? err_set(e, "ten") : 0;
}

static void
many(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_SERVE);
	struct asker askers[THREADS];
	pthread_t threads[THREADS];
	struct grey_stats before, stats;
	unsigned n = 0;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(grey_store_stats(s, &before, &e), 0);
	for (i = 0; i < THREADS; i++) {
		askers[i] = (struct asker){ .s = s,
			.first = 1000 + (unsigned)i * EACH };
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_many, &askers[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], NULL);
		assert_int_equal(askers[i].wrong, 0);
	}
	assert_int_equal(grey_store_stats(s, &stats, &e), 0);
	assert_int_equal(stats.envelopes - before.envelopes, THREADS * EACH);
	assert_int_equal(stats.waiting - before.waiting, THREADS * EACH);
	assert_int_equal(grey_store_each(s, count_one, &n, &e), 0);
	assert_int_equal(n, stats.envelopes);
	n = 0;
	assert_int_equal(grey_store_each(s, stop_at_ten, &n, &e), -1);
	assert_string_equal(e.text, "ten");
	assert_int_equal(n, 10);
	grey_store_close(s);
}

/* --- the whitelist --- */

static struct allow_entry
entry(const char *text)
{
	struct allow_entry a;
	struct err e;

	if (allow_entry_parse(text, ALLOW_AS_SEEN, &a, &e) == -1)
		fail_msg("%s", e.text);
	a.created = T;
	return a;
}

static void
whitelist(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_EDIT);
	struct allow_entry in[3] = { entry("apple.com"), entry("192.0.2.0/24"),
		entry("boss@friend.example") };
	struct allow_entry *out;
	struct grey_allow_added added;
	size_t n, removed;
	struct err e;

	(void)state;
	assert_int_equal(grey_store_allow_add(s, in, 3, &added, &e), 0);
	assert_int_equal(added.added, 3);
	assert_int_equal(grey_store_allow_add(s, in, 2, &added, &e), 0);
	assert_int_equal(added.same, 2);
	in[0].proof = ALLOW_PROOF_NAME;
	assert_int_equal(allow_entry_set_note(&in[0], "who \"he\" is", &e), 0);
	in[0].expires = T + 5;
	in[0].created = T + 1;
	assert_int_equal(grey_store_allow_add(s, in, 1, &added, &e), 0);
	assert_int_equal(added.changed, 1);
	assert_int_equal(grey_store_allow_list(s, &out, &n, &e), 0);
	assert_int_equal(n, 3);
	assert_string_equal(out[0].value, "apple.com");
	assert_int_equal(out[0].proof, ALLOW_PROOF_NAME);
	assert_string_equal(out[0].note, "who \"he\" is");
	assert_int_equal(out[0].expires, T + 5);
	assert_int_equal(out[0].created, T);
	assert_string_equal(out[1].value, "192.0.2.0/24");
	free(out);
	assert_int_equal(grey_store_allow_remove(s, in, 2, &removed, &e), 0);
	assert_int_equal(removed, 2);
	assert_int_equal(grey_store_allow_remove(s, in, 2, &removed, &e), 0);
	assert_int_equal(removed, 0);
	grey_store_close(s);

	s = open_as(GREY_STORE_READ);
	assert_int_equal(grey_store_allow_add(s, in, 1, &added, &e), -1);
	assert_int_equal(grey_store_allow_list(s, &out, &n, &e), 0);
	assert_int_equal(n, 1);
	free(out);
	grey_store_close(s);
}

static bool
is_listed(struct grey_store *s, const char *sender)
{
	struct allow_match match[ALLOW_MATCHES];
	struct allow_query q = { .sender = sender, .now = T };
	struct grey_whitelist *w = grey_store_whitelist(s);
	size_t n = allow_match(grey_whitelist_allow(w), &q, match);

	if (n > 0)
		grey_store_hit(s, match[0].id, T + 9);
	grey_whitelist_release(w);
	return n > 0;
}

/* What another process edits acts within a second; hits are kept. */
static void
followed(void **state)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	struct grey_store *serve = open_as(GREY_STORE_SERVE);
	struct grey_store *edit = open_as(GREY_STORE_EDIT);
	struct allow_entry in = entry("followed.example"), *out;
	struct grey_allow_added added;
	int64_t end = clock_mono_ms() + 1000, hits = 0;
	struct err e;
	size_t i, n;

	(void)state;
	assert_false(is_listed(serve, "a@followed.example"));
	assert_int_equal(grey_store_allow_add(edit, &in, 1, &added, &e), 0);
	while (!is_listed(serve, "a@followed.example")) {
		assert_true(clock_mono_ms() < end);
		(void)nanosleep(&ms, NULL);
	}
	grey_store_close(serve);
	assert_int_equal(grey_store_allow_list(edit, &out, &n, &e), 0);
	for (i = 0; i < n; i++) {
		if (strcmp(out[i].value, in.value) == 0) {
			hits = out[i].hits;
			assert_int_equal(out[i].last_hit, T + 9);
		}
	}
	free(out);
	assert_int_equal(hits, 1);
	grey_store_close(edit);
}

static void
counters(void **state)
{
	struct grey_store *s = open_as(GREY_STORE_SERVE);
	struct grey_counter *list;
	struct err e;
	size_t n;

	(void)state;
	grey_store_count(s, "verdict.new", 2);
	grey_store_count(s, "fault", 1);
	grey_store_count(s, "verdict.new", 3);
	grey_store_close(s);
	s = open_as(GREY_STORE_READ);
	assert_int_equal(grey_store_counters(s, &list, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "fault");
	assert_int_equal(list[0].total, 1);
	assert_string_equal(list[1].name, "verdict.new");
	assert_int_equal(list[1].total, 5);
	free(list);
	grey_store_close(s);
}

/* Keys of one store mean nothing in another. */
static void
secrets(void **state)
{
	struct grey_store *a = open_as(GREY_STORE_READ), *b;
	struct key_secret first = *grey_store_secret(a);
	char keep[sizeof(url)];
	struct grey_stats stats;
	struct err e;

	(void)state;
	grey_store_close(a);
	a = open_as(GREY_STORE_SERVE);
	assert_memory_equal(grey_store_secret(a), &first, sizeof(first));
	grey_store_close(a);

	/* a store that is not there is read as an empty one, and not made */
	memcpy(keep, url, sizeof(url));
	(void)snprintf(url, sizeof(url), "sqlite:%s/none.db", folder);
	b = open_as(GREY_STORE_READ);
	assert_memory_not_equal(grey_store_secret(b), &first, sizeof(first));
	assert_int_equal(grey_store_stats(b, &stats, &e), 0);
	assert_int_equal(stats.envelopes, 0);
	grey_store_close(b);
	assert_int_equal(access(url + 7, F_OK), -1);
	memcpy(url, keep, sizeof(url));
}

static int
make_folder(void **state)
{
	(void)state;
	T = clock_now();
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(url, sizeof(url), "sqlite:%s/grey.db", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "grey.db", "grey.db-wal",
		"grey.db-shm", "grey.db.whitelist" };
	char path[96];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(judging),
		cmocka_unit_test(credits),
		cmocka_unit_test(readable),
		cmocka_unit_test(many),
		cmocka_unit_test(whitelist),
		cmocka_unit_test(followed),
		cmocka_unit_test(counters),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
