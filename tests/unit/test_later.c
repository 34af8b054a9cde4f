#include "milter/later.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct later later = LATER_INIT;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int begun, done, dropped;

static void
run(void *arg)
{
	(void)arg;
	atomic_fetch_add(&begun, 1);
	(void)pthread_mutex_lock(&gate);
	atomic_fetch_add(&done, 1);
	(void)pthread_mutex_unlock(&gate);
}

static void
drop(void *arg)
{
	(void)arg;
	atomic_fetch_add(&dropped, 1);
}

static bool
post(uint64_t mark)
{
	return later_post(&later,
	    &(struct later_job){ .mark = mark + 1, .run = run, .drop = drop });
}

static void
wait_for(atomic_int *n, int want)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	while (atomic_load(n) < want)
		(void)nanosleep(&ms, NULL);
	assert_int_equal(atomic_load(n), want);
}

/* While all threads are at work: what fits, what is the same, what is not. */
static void
bounds(void **state)
{
	uint64_t i;

	(void)state;
	(void)alarm(60);
	(void)pthread_mutex_lock(&gate);
	for (i = 0; i < LATER_THREADS; i++)
		assert_true(post(i));
	wait_for(&begun, LATER_THREADS);
	for (; i < LATER_THREADS + LATER_MAX; i++)
		assert_true(post(i));
	assert_false(post(i));
	assert_int_equal(atomic_load(&dropped), 0);
	assert_true(post(2)); /* at work */
	assert_true(post(100)); /* waiting */
	assert_int_equal(atomic_load(&dropped), 2);
	(void)pthread_mutex_unlock(&gate);
	wait_for(&done, LATER_THREADS + LATER_MAX);
	assert_true(post(2));
	wait_for(&done, LATER_THREADS + LATER_MAX + 1);
	assert_int_equal(atomic_load(&dropped), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bounds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
