#include "lib/grey/store_recent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What was committed lately: found as long as nobody else has committed. */

static uint32_t count; /* the database's */
static struct recent *recent;

static int
set_up(void **state)
{
	(void)state;
	count = 100;
	recent = recent_new();
	return recent != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	recent_free(recent);
	return 0;
}

static struct key
key_of(unsigned n)
{
	struct key k = { { 0 } };

	memcpy(k.bytes, &n, sizeof(n));
	return k;
}

static struct grey_record
record_of(unsigned n, size_t n_origins)
{
	struct grey_record rec = { .first_seen = n, .last_seen = n + 1 };

	for (; rec.n_origins < n_origins; rec.n_origins++)
		rec.origins[rec.n_origins].id = n + rec.n_origins;
	return rec;
}

static void
put(unsigned n, size_t n_origins)
{
	struct key k = key_of(n);
	struct grey_record rec = record_of(n, n_origins);

	recent_record(recent, &k, &rec);
}

static void
commit(unsigned n)
{
	recent_begin(recent, &count);
	put(n, 1);
	count++;
	recent_commit(recent, true);
}

static unsigned
look(unsigned n, struct recent_rows *rows)
{
	static const uint64_t ids[GREY_CREDITS] = { 7, 8 };
	struct key k = key_of(n);

	return recent_look(recent, &count, &k, ids, GREY_CREDITS, rows);
}

static void
what_was_committed_is_found(void **state)
{
	struct grey_credit credit = { .id = 8, .passes = 3, .used = 5 };
	struct recent_rows rows;
	unsigned generation;

	(void)state;
	generation = look(1, &rows);
	assert_false(rows.has_record);
	recent_begin(recent, &count);
	put(1, 2);
	put(1, 3); /* the later one counts */
	recent_credit(recent, &credit);
	look(1, &rows);
	assert_false(rows.has_record); /* not yet */
	count++;
	/* in the database, but not taken over: it comes later */
	assert_int_equal(look(1, &rows), generation);
	assert_false(rows.has_record);
	recent_commit(recent, true);
	assert_int_equal(look(1, &rows), generation);
	assert_true(rows.has_record);
	assert_int_equal(rows.record.n_origins, 3);
	assert_int_equal(rows.record.origins[2].id, 3);
	assert_int_equal(rows.record.first_seen, 1);
	assert_int_equal(rows.record.last_seen, 2);
	assert_false(rows.has_credit[0]);
	assert_true(rows.has_credit[1]);
	assert_int_equal(rows.credits[1].passes, 3);
	look(2, &rows);
	assert_false(rows.has_record);
}

static void
a_row_that_was_deleted_is_known_to_be_none(void **state)
{
	struct recent_rows rows;

	(void)state;
	commit(1);
	recent_begin(recent, &count);
	put(1, 0);
	count++;
	recent_commit(recent, true);
	look(1, &rows);
	assert_true(rows.has_record);
	assert_int_equal(rows.record.n_origins, 0);
}

static void
what_was_undone_is_not_found(void **state)
{
	struct recent_rows rows;
	unsigned generation = look(1, &rows);

	(void)state;
	recent_begin(recent, &count);
	put(1, 1);
	recent_abort(recent);
	assert_int_equal(look(1, &rows), generation);
	assert_false(rows.has_record);
	/* and what another commits now is not taken for ours */
	count++;
	assert_int_not_equal(look(1, &rows), generation);
}

static void
a_commit_of_others_begins_anew(void **state)
{
	struct recent_rows rows;
	unsigned generation;

	(void)state;
	commit(1);
	generation = look(1, &rows);
	count++;
	assert_int_not_equal(look(1, &rows), generation);
	assert_false(rows.has_record);
	generation = look(1, &rows);
	assert_int_equal(look(1, &rows), generation);

	/* before our transaction, and nobody has looked since */
	commit(1);
	generation = look(1, &rows);
	count++;
	commit(2);
	assert_int_not_equal(look(1, &rows), generation);
	assert_false(rows.has_record);

	/* between our commit and its taking over */
	generation = look(1, &rows);
	recent_begin(recent, &count);
	put(3, 1);
	count += 2;
	recent_commit(recent, true);
	assert_int_not_equal(look(3, &rows), generation);
	assert_false(rows.has_record);

	/* ours wrote nothing, so the one more is another's */
	generation = look(1, &rows);
	recent_begin(recent, &count);
	count++;
	recent_commit(recent, false);
	assert_int_not_equal(look(1, &rows), generation);
}

static void
what_it_cannot_keep_begins_anew(void **state)
{
	struct recent_rows rows;
	unsigned generation, i;

	(void)state;
	generation = look(1, &rows);
	recent_begin(recent, &count);
	put(1, GREY_ORIGINS);
	count++;
	recent_commit(recent, true);
	assert_int_not_equal(look(1, &rows), generation);
	assert_false(rows.has_record);

	generation = look(1, &rows);
	recent_begin(recent, &count);
	recent_other(recent);
	count++;
	recent_commit(recent, true);
	assert_int_not_equal(look(1, &rows), generation);

	generation = look(1, &rows);
	for (i = 0; look(0, &rows) == generation && i < 100000; i++)
		commit(i);
	assert_in_range(i, 100, 10000);
	assert_false(rows.has_record);
	commit(i);
	look(i, &rows);
	assert_true(rows.has_record);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_was_committed_is_found),
		TEST(a_row_that_was_deleted_is_known_to_be_none),
		TEST(what_was_undone_is_not_found),
		TEST(a_commit_of_others_begins_anew),
		TEST(what_it_cannot_keep_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
