#include "lib/err.h"
#include "lib/grey/key.h"
#include "lib/grey/store.h"
#include "lib/sql.h"

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

/* What own users have written to, as the store keeps it. */
static char folder[64], url[96], path[80];
static struct grey_store *store;

#define T INT64_C(4000000000) /* ahead of the clock: nothing expires */

static void
open_store(void)
{
	struct grey_store_options o = { .url = url,
		.use = GREY_STORE_SERVE,
		.uid = (uid_t)-1,
		.gid = (gid_t)-1,
		.keep = { .retry_window_s = 9, .lifetime_s = 9 } };
	struct err e;

	store = grey_store_open(&o, &e);
	if (store == NULL || grey_store_start(store, &e) == -1)
		fail_msg("%s", e.text);
}

static int
set_up(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/mailglance-test-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/grey.db", folder);
	(void)snprintf(url, sizeof(url), "sqlite:%s", path);
	open_store();
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "", "-wal", "-shm" };
	char file[96];
	size_t i;

	(void)state;
	grey_store_close(store);
	for (i = 0; i < 3; i++) {
		(void)snprintf(file, sizeof(file), "%s%s", path, names[i]);
		(void)unlink(file);
	}
	(void)snprintf(file, sizeof(file), "%s/grey.db.allow", folder);
	(void)unlink(file);
	return rmdir(folder);
}

static int
expected(const char *address, int64_t since)
{
	struct err e;
	int rc = grey_store_expected(store, address, since, &e);

	if (rc == -1)
		fail_msg("%s", e.text);
	return rc;
}

/* It is written later: until it is, or 5 s. */
static bool
becomes_expected(const char *address, int64_t since)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	int i;

	for (i = 0; i < 5000 && !expected(address, since); i++)
		(void)nanosleep(&ms, NULL);
	return i < 5000;
}

static void
any_form(void **state)
{
	(void)state;
	assert_int_equal(expected("bob@one.example", 0), 0);
	grey_store_expect(store, "<Bob@One.example>", T);
	assert_true(becomes_expected("bob@one.example", T));
	assert_int_equal(expected("prvs=1234abcdef=bob@one.example", T), 1);
	assert_int_equal(expected("Bob+news@one.example", T), 1);
	assert_int_equal(expected("bob@one.example", T + 1), 0);
	assert_int_equal(expected("bobby@one.example", 0), 0);
	assert_int_equal(expected("", 0), 0);
	grey_store_expect(store, "bob@one.example", T + 4000);
	assert_true(becomes_expected("bob@one.example", T + 4000));
	/* it outlives the process */
	grey_store_close(store);
	open_store();
	assert_int_equal(expected("bob@one.example", T + 4000), 1);
}

/* As many rows as may be: for each new one the oldest goes. */
static void
is_bounded(void **state)
{
	struct sql *db;
	struct sql_stmt *st;
	struct err e;
	char text[256];

	(void)state;
	grey_store_expect(store, "oldest@one.example", T);
	assert_true(becomes_expected("oldest@one.example", T));
	grey_store_close(store);
	db = sql_open(path, SQL_READ_WRITE, 1000, &e);
	assert_non_null(db);
	(void)snprintf(text, sizeof(text),
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
	    "WHERE i < %d) INSERT OR IGNORE INTO expected SELECT i, "
	    "4000000001 + i FROM n",
	    GREY_EXPECTED_MAX - 1);
	assert_int_equal(sql_exec(db, text, &e), 0);
	sql_close(db);
	open_store();
	grey_store_expect(store, "new@one.example", T + 900000);
	assert_true(becomes_expected("new@one.example", T + 900000));
	assert_int_equal(expected("oldest@one.example", 0), 0);
	grey_store_close(store);
	db = sql_open(path, SQL_READ_WRITE, 1000, &e);
	assert_non_null(db);
	st = sql_prepare(db, "SELECT count(*) FROM expected", &e);
	assert_non_null(st);
	assert_int_equal(sql_step(st, &e), 1);
	assert_int_equal(sql_int(st, 0), GREY_EXPECTED_MAX);
	sql_reset(st);
	sql_close(db);
	open_store();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_form, set_up, tear_down),
		cmocka_unit_test_setup_teardown(is_bounded, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
