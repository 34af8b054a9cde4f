/* Reports that wait, on a disk that takes them, takes none, or stands still. */
#include "queuewatch/shelf.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/errand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fix {
	char dir[64], path[96];
	struct errand *errand;
	struct shelf *shelf;
	struct buf b;
};

static int
setup(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));
	struct err e;

	assert_non_null(x);
	(void)snprintf(x->dir, sizeof(x->dir), "/tmp/mailglance-shelf-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	(void)snprintf(x->path, sizeof(x->path), "%s/reports", x->dir);
	buf_init(&x->b, 65536);
	x->shelf = shelf_open(x->path, &e);
	x->errand = errand_start(&e);
	assert_non_null(x->shelf);
	assert_non_null(x->errand);
	assert_int_equal(shelf_start(x->shelf, x->errand, &e), 0);
	*state = x;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *x = *state;

	shelf_close(x->shelf);
	assert_true(errand_stop(x->errand, 10000));
	buf_free(&x->b);
	(void)unlink(x->path);
	(void)rmdir(x->dir);
	free(x);
	return 0;
}

static void
oldest_is(struct fix *x, int64_t want, const char *text)
{
	int64_t seq = 0;

	assert_int_equal(shelf_oldest(x->shelf, &seq, &x->b), want != 0);
	assert_int_equal(seq, want);
	if (want != 0)
		assert_string_equal(buf_text(&x->b), text);
}

static void
test_order(void **state)
{
	struct fix *x = *state;
	struct shelf_status s;

	oldest_is(x, 0, "");
	assert_int_equal(shelf_add(x->shelf, 5, "five", 4), 0);
	assert_int_equal(shelf_add(x->shelf, 6, "six", 3), 0);
	oldest_is(x, 5, "five");
	shelf_done(x->shelf, 5);
	oldest_is(x, 6, "six");
	shelf_status(x->shelf, &s);
	assert_int_equal(s.waiting, 1);
	assert_int_equal(s.last_seq, 6);
	assert_false(s.in_memory);
	shelf_done(x->shelf, 6);
	oldest_is(x, 0, "");
}

/* A job that does not end before a byte comes. */
struct stand {
	struct errand_job head;
	int fds[2];
};

static void
stand_run(struct errand_job *j)
{
	char byte;

	assert_int_equal(read(((struct stand *)j)->fds[0], &byte, 1), 1);
}

static void
stand_drop(struct errand_job *j)
{
	(void)j;
}

static void
test_stands_still(void **state)
{
	static struct stand stand = { .head = { .run = stand_run,
		                          .drop = stand_drop } };
	struct fix *x = *state;
	struct shelf_status s;

	assert_int_equal(pipe(stand.fds), 0);
	assert_int_equal(shelf_add(x->shelf, 1, "one", 3), 0);
	assert_int_equal(errand_do(x->errand, &stand.head, 1), ERRAND_LATE);
	/* Not on the disk yet, perhaps later: it leaves from memory, once. */
	assert_int_equal(shelf_add(x->shelf, 2, "two", 3), 1);
	assert_int_equal(shelf_add(x->shelf, 3, "three", 5), 1);
	oldest_is(x, 2, "two");
	shelf_done(x->shelf, 2);
	shelf_status(x->shelf, &s);
	assert_true(s.in_memory);
	assert_int_equal(s.last_seq, 3);
	assert_true(errand_hangs_ms(x->errand) >= ERRAND_HANGS_MS);
	assert_int_equal(shelf_add(x->shelf, 4, "four", 4), 1);
	assert_int_equal(write(stand.fds[1], "x", 1), 1);
	while (errand_hangs_ms(x->errand) >= ERRAND_HANGS_MS)
		;
	/* What waited before comes first then, what has left does not. */
	oldest_is(x, 1, "one");
	shelf_done(x->shelf, 1);
	oldest_is(x, 3, "three");
	shelf_done(x->shelf, 3);
	oldest_is(x, 4, "four");
	shelf_done(x->shelf, 4);
	oldest_is(x, 0, "");
	shelf_status(x->shelf, &s);
	assert_false(s.in_memory);
	assert_int_equal(s.dropped, 0);
	(void)close(stand.fds[0]);
	(void)close(stand.fds[1]);
}

/* Without a place on the disk all is as it should be, in memory. */
static void
test_in_memory(void **state)
{
	struct fix *x = *state, y = { .b = x->b };
	struct shelf_status s;
	struct err e;

	y.shelf = shelf_open("/nowhere/at/all", &e);
	assert_non_null(y.shelf);
	assert_int_equal(shelf_start(y.shelf, x->errand, &e), 0);
	assert_int_equal(shelf_add(y.shelf, 7, "seven", 5), 0);
	shelf_status(y.shelf, &s);
	assert_true(s.in_memory);
	oldest_is(&y, 7, "seven");
	shelf_retry(y.shelf, x->path); /* it waits: not now */
	shelf_done(y.shelf, 7);
	shelf_close(x->shelf);
	x->shelf = NULL;
	shelf_retry(y.shelf, x->path);
	shelf_status(y.shelf, &s);
	assert_false(s.in_memory);
	shelf_close(y.shelf);
	x->b = y.b;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_stands_still, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_in_memory, setup, teardown),
	};

	log_open("test", LOG_TO_STDERR);
	return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
