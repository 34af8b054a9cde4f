#include "lib/err.h"
#include "queuewatch/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW (20000 * INT64_C(86400))

static char dir[] = "/tmp/mg-history-XXXXXX", path[64];

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/history", dir);
	return 0;
}

static int
drop_dir(void **state)
{
	static const char *const tails[] = { "", "-wal", "-shm", ".damaged" };
	char file[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		(void)snprintf(file, sizeof(file), "%s%s", path, tails[i]);
		(void)unlink(file);
	}
	return rmdir(dir);
}

static struct history *
open_it(void)
{
	struct err e;
	struct history *h = history_open(path, &e);

	if (h == NULL)
		fail_msg("%s", e.text);
	return h;
}

/* Years of slots, thinned day by day as the daemon does. */
static void
test_years(void **state)
{
	struct history *h = open_it();
	struct history_point points[DAYS_A_DAY];
	static struct days d;
	struct stat st;
	struct err e;
	int64_t first = NOW / DAYS_SLOT_S - 800 * DAYS_A_DAY, day;
	int k;

	(void)state;
	for (day = 0; day < 800; day++) {
		for (k = 0; k < DAYS_A_DAY; k++)
			points[k] = (struct history_point){ "disk.free:/a",
				first + day * DAYS_A_DAY + k,
				(double)(day * 100 + k),
				(double)(day * 100 + k + 1) };
		assert_int_equal(history_write(h, points, DAYS_A_DAY, &e), 0);
		if (day % 30 == 29)
			assert_int_equal(
			    history_thin(h, NOW - (800 - day) * 86400, &e), 0);
	}
	assert_int_equal(history_thin(h, NOW, &e), 0);
	history_close(h);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 1, 2500000);

	h = open_it();
	assert_int_equal(history_days(h, "disk.free:/a", NOW, &d, &e), 0);
	/* The newest slots but the one that has just begun. */
	assert_int_equal(d.n, DAYS_SLOTS - 1);
	assert_true(days_at(&d, 0) == 799 * 100 + DAYS_A_DAY - 1);
	assert_true(days_at(&d, DAYS_SLOTS - 2) == (800 - DAYS_KEPT) * 100 + 1);
	assert_int_equal(history_days(h, "disk.free:/b", NOW, &d, &e), 0);
	assert_int_equal(d.n, 0);
	/* A slot that is written again keeps its extremes. */
	points[0] = (struct history_point){ "x", NOW / DAYS_SLOT_S, 5, 7 };
	assert_int_equal(history_write(h, points, 1, &e), 0);
	points[0] = (struct history_point){ "x", NOW / DAYS_SLOT_S, 6, 9 };
	assert_int_equal(history_write(h, points, 1, &e), 0);
	assert_int_equal(history_days(h, "x", NOW, &d, &e), 0);
	assert_int_equal(d.n, 1);
	assert_true(days_at(&d, 0) == 5);
	history_close(h);
}

static void
test_damaged(void **state)
{
	struct history *h;
	FILE *f = fopen(path, "w");
	int i;

	(void)state;
	assert_non_null(f);
	for (i = 0; i < 5000; i++)
		(void)fputs("no database", f);
	assert_int_equal(fclose(f), 0);
	h = open_it();
	history_close(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_years),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
