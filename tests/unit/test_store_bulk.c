#include "lib/err.h"
#include "lib/grey/store.h"
#include "lib/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What greywl writes into the store by itself: known senders, and nothing. */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define T 1000000
#define DAY 86400

static char folder[] = "/tmp/mailglance-test-XXXXXX";
static char url[64];
static struct grey_store *store;

static int
set_up(void **state)
{
	struct grey_store_options o = { .url = url,
		.use = GREY_STORE_EDIT,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.text = GREY_TEXT_WAITING,
		.text_keep_s = 7 * DAY };
	struct err e;

	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/mailglance-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(url, sizeof(url), "sqlite:%s/grey.db", folder);
	store = grey_store_open(&o, &e);
	return store != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char path[80];
	size_t i;

	(void)state;
	grey_store_close(store);
	for (i = 0; i < COUNT(suffixes); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s/grey.db%s", folder, suffixes[i]);
		(void)unlink(path);
	}
	return rmdir(folder);
}

static struct grey_envelope
envelope(const char *sender, const char *recipient, bool passed)
{
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE];
	struct grey_envelope env = {
		.record = { .first_seen = T, .last_seen = T, .n_origins = 1 }
	};

	env.record.origins[0] = (struct grey_origin){ .id = 1,
		.since_ms = T * INT64_C(1000),
		.kind = GREY_NET,
		.passed = passed };
	key_plain(sender, env.sender);
	key_plain(recipient, env.recipient);
	(void)snprintf(env.client, sizeof(env.client), "192.0.2.1");
	key_normal_sender(sender, recipient, from);
	key_normal_recipient(recipient, to);
	env.key = key_envelope(grey_store_secret(store), from, to);
	return env;
}

static void
put(const struct grey_envelope *env, size_t n)
{
	struct grey_load load = { .envelopes = env, .n_envelopes = n };
	struct err e;

	if (grey_store_load(store, &load, &e) == -1)
		fail_msg("%s", e.text);
}

static void
load_merges(void **state)
{
	struct grey_envelope env = envelope(
	    "a@b.example", "c@d.example", false);
	struct grey_envelope got;
	struct err e;

	(void)state;
	put(&env, 1);
	assert_int_equal(grey_store_envelope(store, &env.key, &got, &e), 1);
	assert_string_equal(got.sender, "a@b.example");
	assert_string_equal(got.client, "192.0.2.1");
	/* another origin, and the first one has passed */
	env.record.last_seen = T + 100;
	env.record.origins[0].passed = true;
	env.record.origins[0].since_ms = (T + 100) * 1000;
	env.record.origins[1] = (struct grey_origin){
		.id = 2, .since_ms = T * INT64_C(1000), .kind = GREY_SPF
	};
	env.record.n_origins = 2;
	put(&env, 1);
	assert_int_equal(grey_store_envelope(store, &env.key, &got, &e), 1);
	assert_int_equal(got.record.n_origins, 2);
	assert_int_equal(got.record.first_seen, T);
	assert_int_equal(got.record.last_seen, T + 100);
	assert_true(got.record.origins[0].passed);
	/* what has passed is not readable */
	assert_string_equal(got.sender, "");
	/* the older knowledge does not take it back */
	env.record.origins[0].passed = false;
	env.record.origins[0].since_ms = (T - 100) * 1000;
	env.record.first_seen = T - 100;
	put(&env, 1);
	assert_int_equal(grey_store_envelope(store, &env.key, &got, &e), 1);
	assert_true(got.record.origins[0].passed);
	assert_int_equal(got.record.origins[0].since_ms, (T + 100) * 1000);
	assert_int_equal(got.record.first_seen, T - 100);
}

static void
credits_grow_only(void **state)
{
	struct grey_credit c[] = { { .id = 7, .passes = 5, .used = T },
		{ .id = 8, .passes = 1, .used = T } };
	struct grey_load load = { .credits = c, .n_credits = 2 };
	struct grey_credit got;
	struct err e;

	(void)state;
	assert_int_equal(grey_store_load(store, &load, &e), 0);
	c[0].passes = 2;
	c[0].used = T + 50;
	assert_int_equal(grey_store_load(store, &load, &e), 0);
	assert_int_equal(grey_store_credit(store, 7, &got, &e), 1);
	assert_int_equal(got.passes, 5);
	assert_int_equal(got.used, T + 50);
	assert_int_equal(grey_store_credit(store, 9, &got, &e), 0);
}

static void
forget_all_forms(void **state)
{
	static const struct {
		const char *sender, *recipient;
		bool passed, goes;
	} t[] = {
		{ "alice@one.example", "bob@home.example", false, true },
		{ "alice@one.example", "carol@home.example", true, true },
		{ "prvs=1234abcdef=alice@one.example", "dan@home.example", true,
		    true },
		{ "Alice+list@One.example", "eve@home.example", true, true },
		{ "fred@two.example", "alice@one.example", true, true },
		{ "fred@two.example", "ALICE+news@one.example", false, true },
		{ "alice@two.example", "bob@home.example", false, false },
		{ "alicex@one.example", "bob@home.example", true, false },
		{ "fred@two.example", "alice@one.example.net", true, false },
		{ "", "bob@home.example", false, false },
	};
	struct grey_envelope env[COUNT(t)], got;
	struct grey_forgotten done;
	struct err e;
	size_t i, goes = 0;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		env[i] = envelope(t[i].sender, t[i].recipient, t[i].passed);
		goes += t[i].goes;
	}
	put(env, COUNT(t));
	if (grey_store_forget(store, "<Alice@ONE.example>", &done, &e) == -1)
		fail_msg("%s", e.text);
	assert_false(done.left_in_log);
	for (i = 0; i < COUNT(t); i++) {
		if (grey_store_envelope(store, &env[i].key, &got, &e) !=
		    !t[i].goes)
			fail_msg("%s to %s", t[i].sender, t[i].recipient);
	}
	assert_int_equal(done.envelopes, goes);
	assert_int_equal(
	    grey_store_forget(store, "alice@one.example", &done, &e), 0);
	assert_int_equal(done.envelopes, 0);
}

/* Nothing of it is left in the file's bytes. */
static void
forgotten_is_overwritten(void **state)
{
	struct grey_envelope env = envelope(
	    "traceless@one.example", "bob@home.example", false);
	struct grey_forgotten done;
	char path[80], text[65536];
	struct err e;
	size_t n;
	FILE *f;

	(void)state;
	put(&env, 1);
	assert_int_equal(
	    grey_store_forget(store, "traceless@one.example", &done, &e), 0);
	assert_int_equal(done.envelopes, 1);
	(void)snprintf(path, sizeof(path), "%s/grey.db", folder);
	f = fopen(path, "re");
	assert_non_null(f);
	while ((n = fread(text, 1, sizeof(text), f)) > 0)
		assert_null(memmem(text, n, "traceless", 9));
	(void)fclose(f);
}

/* Several transactions; where a late one fails, the whole is undone. */
static void
many_entries_or_none(void **state)
{
	enum { N = 350 };
	static struct allow_entry in[N];
	struct grey_allow_added added;
	struct allow_entry *list;
	char text[64];
	struct sql *db;
	struct err e;
	size_t i, n;

	(void)state;
	for (i = 0; i < N; i++) {
		(void)snprintf(text, sizeof(text), "d%zu.example", i);
		assert_int_equal(
		    allow_entry_parse(text, ALLOW_AS_SEEN, &in[i], &e), 0);
	}
	assert_int_equal(grey_store_allow_add(store, in, 2, &added, &e), 0);
	(void)snprintf(text, sizeof(text), "%s/grey.db", folder);
	db = sql_open(text, SQL_READ_WRITE, 1000, &e);
	assert_non_null(db);
	assert_int_equal(
	    sql_exec(db,
	        "CREATE TRIGGER refuse BEFORE INSERT ON allow WHEN new.value = "
	        "'d333.example' BEGIN SELECT RAISE(ABORT, 'refused'); END",
	        &e),
	    0);
	(void)snprintf(in[1].note, sizeof(in[1].note), "changed");
	assert_int_equal(grey_store_allow_add(store, in, N, &added, &e), -1);
	assert_int_equal(grey_store_allow_list(store, &list, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(list[1].value, "d1.example");
	assert_string_equal(list[1].note, "");
	free(list);
	assert_int_equal(sql_exec(db, "DROP TRIGGER refuse", &e), 0);
	sql_close(db);
	assert_int_equal(grey_store_allow_add(store, in, N, &added, &e), 0);
	assert_int_equal(added.added, N - 2);
	assert_int_equal(added.same, 1);
	assert_int_equal(added.changed, 1);
}

/* A domain is one entry, however its labels are written. */
static void
spelt_otherwise(void **state)
{
	static const char *const forms[] = { "boss@müller.example",
		"boss@xn--mller-kva.example" };
	struct grey_allow_added added;
	struct allow_entry in[2], *out;
	size_t n, removed;
	struct err e;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		if (allow_entry_parse(forms[i], ALLOW_AS_SEEN, &in[i], &e))
			fail_msg("%s", e.text);
		assert_int_equal(
		    grey_store_allow_add(store, &in[i], 1, &added, &e), 0);
		assert_int_equal(added.same, i);
	}
	assert_int_equal(allow_entry_set_note(&in[1], "why", &e), 0);
	assert_int_equal(grey_store_allow_add(store, &in[1], 1, &added, &e), 0);
	assert_int_equal(added.changed, 1);
	assert_int_equal(grey_store_allow_list(store, &out, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_string_equal(out[0].value, forms[0]);
	assert_string_equal(out[0].note, "why");
	free(out);
	assert_int_equal(
	    grey_store_allow_remove(store, &in[1], 1, &removed, &e), 0);
	assert_int_equal(removed, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(load_merges, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    credits_grow_only, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    forget_all_forms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    forgotten_is_overwritten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    many_entries_or_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    spelt_otherwise, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
