#include "lib/err.h"
#include "lib/outbox.h"
#include "lib/outbox_store.h"
#include "lib/sql.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Nothing is sent here: the lanes are not started. */

static char folder[] = "/tmp/mg-outbox-XXXXXX";
static char path[64];
static const struct alert_target two[] = {
	{ "phone", "ntfy+http://127.0.0.1:1/t", "", "", "" },
	{ "hook", "http://127.0.0.1:1/", "", "", "" },
};

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/outbox", folder);
	return 0;
}

static void
remove_files(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm",
		".damaged" };
	char name[96];

	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
}

static int
remove_folder(void **state)
{
	(void)state;
	remove_files();
	return rmdir(folder);
}

static struct outbox *
must_open(size_t n)
{
	struct err e;
	struct outbox *o = outbox_open(path, &e);

	assert_non_null(o);
	if (e.text[0] != '\0' || outbox_targets(o, two, n, &e) == -1)
		fail_msg("%s", e.text);
	return o;
}

static int
add(struct outbox *o, const char *target, const char *key, enum level level)
{
	const struct alert_message m = { .level = level,
		.system = "NC036",
		.title = "t",
		.text = "x",
		.url = "",
		.dedup_key = key,
		.thread = "" };
	struct err e;

	return outbox_add(o, target, &m, &e);
}

static int64_t
waiting(struct outbox *o, const char *target)
{
	struct outbox_counts n;

	outbox_counts(o, target, &n);
	return n.waiting;
}

static void
pauses_grow(void **state)
{
	static const struct {
		int tries;
		int64_t age_s;
		int want;
	} t[] = {
		{ 1, 0, 1 },
		{ 2, 1, 2 },
		{ 3, 3, 4 },
		{ 6, 31, 32 },
		{ 7, 63, 60 },
		{ 15, 599, 60 },
		{ 16, 600, 900 },
		{ 7, 700, 64 },
		{ 1000, 100000, 900 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (outbox_pause_s(t[i].tries, t[i].age_s) != t[i].want)
			fail_msg("row %zu", i);
}

static void
queued_once_also_over_restarts(void **state)
{
	struct outbox *o;
	struct err e;

	(void)state;
	remove_files();
	o = must_open(2);
	assert_int_equal(add(o, "phone", "k1", LEVEL_CRITICAL), 1);
	assert_int_equal(add(o, "phone", "k1", LEVEL_CRITICAL), 0);
	assert_int_equal(add(o, "phone", "k2", LEVEL_CRITICAL), 1);
	assert_int_equal(add(o, "hook", "k1", LEVEL_CRITICAL), 1);
	assert_int_equal(add(o, "none", "k1", LEVEL_CRITICAL), -1);
	assert_int_equal(waiting(o, "phone"), 2);
	outbox_close(o, 0);

	o = must_open(2);
	assert_int_equal(waiting(o, "phone"), 2);
	assert_int_equal(waiting(o, NULL), 3);
	assert_int_equal(add(o, "phone", "k2", LEVEL_CRITICAL), 0);
	/* the second target goes, and what waits for it */
	assert_int_equal(outbox_targets(o, two, 1, &e), 0);
	assert_int_equal(waiting(o, NULL), 2);
	outbox_close(o, 0);
	o = must_open(2);
	assert_int_equal(waiting(o, "hook"), 0);
	assert_int_equal(add(o, "hook", "k1", LEVEL_CRITICAL), 0);
	outbox_close(o, 0);
}

/* A target that is changed keeps what waits for it. */
static void
reload_keeps_the_queue(void **state)
{
	const struct alert_target moved = { "phone",
		"ntfy+http://127.0.0.1:2/u", "", "", "" };
	const struct alert_target broken = { "phone", "https://x/", "", "",
		"/nonexistent/secret" };
	struct outbox *o;
	struct err e;

	(void)state;
	remove_files();
	o = must_open(2);
	assert_int_equal(add(o, "phone", "k1", LEVEL_OK), 1);
	assert_int_equal(outbox_targets(o, &broken, 1, &e), -1);
	assert_non_null(strstr(e.text, "alert phone: /nonexistent/secret"));
	assert_int_equal(waiting(o, "phone"), 1);
	assert_int_equal(outbox_targets(o, &moved, 1, &e), 0);
	assert_int_equal(waiting(o, "phone"), 1);
	assert_int_equal(add(o, "phone", "k1", LEVEL_OK), 0);
	outbox_close(o, 0);
}

/* What kill -9 leaves in the middle of a try is not sent again. */
static void
under_way_becomes_uncertain(void **state)
{
	struct outbox *o;
	struct outbox_counts n;
	struct sql *db;
	struct err e;

	(void)state;
	remove_files();
	o = must_open(2);
	assert_int_equal(add(o, "phone", "k1", LEVEL_CRITICAL), 1);
	assert_int_equal(add(o, "phone", "k2", LEVEL_CRITICAL), 1);
	outbox_close(o, 0);
	db = sql_open(path, SQL_READ_WRITE, 1000, &e);
	assert_non_null(db);
	assert_int_equal(sql_exec(db,
	                     "UPDATE message SET state = 1 "
	                     "WHERE dedup_key = 'k1'",
	                     &e),
	    0);
	sql_close(db);
	for (int i = 0; i < 2; i++) {
		o = must_open(2);
		outbox_counts(o, "phone", &n);
		assert_int_equal(n.waiting, 1);
		assert_int_equal(n.uncertain, i == 0);
		assert_int_equal(add(o, "phone", "k1", LEVEL_CRITICAL), 0);
		outbox_close(o, 0);
	}
}

static void
full_queue_keeps_what_matters(void **state)
{
	struct outbox_counts n;
	struct outbox *o;
	char key[32];

	(void)state;
	remove_files();
	o = must_open(1);
	for (int i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "w%d", i);
		assert_int_equal(add(o, "phone", key, LEVEL_WARNING), 1);
	}
	assert_int_equal(add(o, "phone", "more", LEVEL_WARNING), -1);
	assert_int_equal(add(o, "phone", "worse", LEVEL_CRITICAL), 1);
	outbox_counts(o, NULL, &n);
	assert_int_equal(n.waiting, 500);
	assert_int_equal(n.dropped, 1);
	outbox_close(o, 0);
}

static void
write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(close(fd), 0);
}

static void
damaged_file_is_set_aside(void **state)
{
	char damaged[80];
	struct outbox *o;

	(void)state;
	remove_files();
	write_file("this is no database, however long it may be, at all\n");
	o = must_open(2);
	assert_int_equal(add(o, "phone", "k1", LEVEL_OK), 1);
	outbox_close(o, 0);
	(void)snprintf(damaged, sizeof(damaged), "%s.damaged", path);
	assert_int_equal(access(damaged, F_OK), 0);
	o = must_open(2);
	assert_int_equal(waiting(o, "phone"), 1);
	outbox_close(o, 0);
}

/* Without a file: everything but the memory over a restart. */
static void
works_without_a_file(void **state)
{
	struct outbox_counts n;
	struct err e = { "" };
	struct outbox *o = outbox_open("/nonexistent/folder/outbox", &e);

	(void)state;
	assert_non_null(o);
	assert_string_not_equal(e.text, "");
	assert_int_equal(outbox_targets(o, two, 2, &e), 0);
	assert_int_equal(add(o, "hook", "k1", LEVEL_OK), 1);
	assert_int_equal(add(o, "hook", "k1", LEVEL_OK), 0);
	outbox_counts(o, NULL, &n);
	assert_int_equal(n.waiting, 1);
	assert_true(n.store_fault);
	assert_string_not_equal(n.store_error, "");
	outbox_close(o, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow),
		cmocka_unit_test(queued_once_also_over_restarts),
		cmocka_unit_test(reload_keeps_the_queue),
		cmocka_unit_test(under_way_becomes_uncertain),
		cmocka_unit_test(full_queue_keeps_what_matters),
		cmocka_unit_test(damaged_file_is_set_aside),
		cmocka_unit_test(works_without_a_file),
	};

	return cmocka_run_group_tests_name(
	    "outbox", tests, make_folder, remove_folder);
}
