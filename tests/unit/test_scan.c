/* Queue ids and the pass over the spool. */
#include "lib/clock.h"
#include "queuewatch/qid.h"
#include "queuewatch/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void
test_arrived(void **state)
{
	/* The 4jX5C7 ones are of a Postfix 3.7 whose clock was read beside. */
	static const struct {
		const char *name;
		int found;
		int64_t arrived;
	} t[] = {
		{ "4jX5C75v5Gz1bw7C", 1, 1795297043 },
		{ "4jX5C75wl7z1bw7D", 1, 1795297043 },
		{ "3Pt2mN2VXxznjll", 1, 1300631508 },
		{ "0000000000z1", 1, 0 },
		{ "1000000000z1", 1, 380204032 },
		{ "zzzzzzzzzzz1", 1, INT64_C(19770609663) },
		/* short ids: hexadecimal, no time */
		{ "A1B2C3D4E5F", 0, 0 },
		{ "4F2A31C0AB", 0, 0 },
		/* nearly long */
		{ "4jX5C75v5z1bw7C", 0, 0 },
		{ "4jX5C75v5Gz", 0, 0 },
		{ "4jX5C75v5G1bw7C", 0, 0 },
		{ "4jA5C75v5Gz1bw7C", 0, 0 }, /* no vowels */
		{ "4jX5C75v5Gz1bw/C", 0, 0 },
		{ "", 0, 0 },
		{ "z", 0, 0 },
	};
	int64_t arrived;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		arrived = 0;
		if (qid_arrived(t[i].name, &arrived) != t[i].found ||
		    arrived != t[i].arrived)
			fail_msg("\"%s\": %lld", t[i].name, (long long)arrived);
	}
}

static void
test_valid(void **state)
{
	char longest[102];

	(void)state;
	memset(longest, 'A', sizeof(longest));
	longest[100] = '\0';
	assert_true(qid_valid("4jX5C75v5Gz1bw7C"));
	assert_true(qid_valid("A_1"));
	assert_true(qid_valid(longest));
	longest[100] = 'A';
	longest[101] = '\0';
	assert_false(qid_valid(longest));
	assert_false(qid_valid(""));
	assert_false(qid_valid("."));
	assert_false(qid_valid("a.b"));
	assert_false(qid_valid("a b"));
	assert_false(qid_valid("../x"));
}

/* A spool of our own. */
static char root[] = "/tmp/mg-scan-XXXXXX";
static int root_fd;

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int
make_spool(void **state)
{
	const char *const *q;

	(void)state;
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
	if (mkdtemp(root) == NULL ||
	    (root_fd = open(root, O_RDONLY | O_DIRECTORY)) == -1)
		return -1;
	for (q = scan_queue_names; *q != NULL; q++) {
		if (mkdirat(root_fd, *q, 0700) == -1)
			return -1;
	}
	return mkdirat(root_fd, "deferred/4", 0700);
}

static int
remove_spool(void **state)
{
	(void)state;
	(void)close(root_fd);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
put(const char *name, mode_t mode, int64_t mtime)
{
	struct timespec times[2] = { { .tv_sec = mtime }, { .tv_sec = mtime } };
	int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_EXCL, mode);

	assert_int_not_equal(fd, -1);
	(void)fchmod(fd, mode);
	if (mtime != 0)
		assert_int_equal(futimens(fd, times), 0);
	(void)close(fd);
}

static struct scan_result
pass(const struct scan_order *order)
{
	static struct scan_result last;
	struct scan_result r;

	memset(&last, 0, sizeof(last));
	scan_run(root_fd, order, &last, &r);
	return r;
}

static void
test_counts(void **state)
{
	int64_t now = clock_now();
	const struct scan_order order = {
		.now = now, .overdue_s = 660, .future_s = 4060, .deep = true
	};
	struct scan_result r;

	(void)state;
	put("incoming/A1", 0700, 0);
	put("incoming/A2", 0600, 0); /* being written */
	put("incoming/A3", 0644, 0);
	put("incoming/not an id", 0700, 0);
	put("incoming/.hidden", 0700, 0);
	put("active/4jX5C75v5Gz1bw7C", 0700, 0);
	put("deferred/4/4jX5C75v5Gz1bw7D", 0700, now + 300);
	put("deferred/4/4jX5C75v5Gz1bw7F", 0700, now - 700);
	put("deferred/3Pt2mN2VXxznjll", 0740, now + 5000);
	put("deferred/A9", 0700, now + 200);
	put("hold/AB", 0700, now - 7200);
	assert_int_equal(mkdirat(root_fd, "incoming/A4", 0700), 0);
	assert_int_equal(symlinkat("A1", root_fd, "incoming/A5"), 0);
	assert_int_equal(mkfifoat(root_fd, "incoming/A6", 0700), 0);
	r = pass(&order);
	assert_int_equal(r.queue[SCAN_MAILDROP].messages, 0);
	assert_int_equal(r.queue[SCAN_INCOMING].messages, 1);
	assert_int_equal(r.queue[SCAN_INCOMING].unready, 2);
	assert_int_equal(r.queue[SCAN_ACTIVE].messages, 1);
	assert_int_equal(r.queue[SCAN_ACTIVE].oldest, 1795297043);
	assert_int_equal(r.queue[SCAN_DEFERRED].messages, 4);
	assert_int_equal(r.queue[SCAN_DEFERRED].oldest, 1300631508);
	assert_int_equal(r.queue[SCAN_DEFERRED].overdue, 1);
	assert_int_equal(r.queue[SCAN_DEFERRED].future, 1);
	assert_int_equal(r.queue[SCAN_HOLD].messages, 1);
	/* without a long id the older of birth and mtime counts */
	assert_int_equal(r.queue[SCAN_HOLD].oldest, now - 7200);
	assert_int_equal(r.queue[SCAN_HOLD].ages[5], 1);
	/* a deferred message whose time has not come is not waiting for us */
	assert_int_equal(r.queue[SCAN_DEFERRED].oldest_waiting, 1795297043);
	assert_int_equal(r.queue[SCAN_HOLD].oldest_waiting, 0);
}

/* A message that moves while the pass goes on counts where it was last. */
static void
test_seen_twice(void **state)
{
	const struct scan_order order = { .now = clock_now(), .deep = true };
	struct scan_result r;

	(void)state;
	put("incoming/4jX5C75v5Gz1bw7C", 0700, 0);
	put("active/4jX5C75v5Gz1bw7C", 0700, 0);
	put("active/4jX5C75v5Gz1bw7D", 0700, 0);
	put("deferred/4/4jX5C75v5Gz1bw7D", 0700, 0);
	put("maildrop/4jX5C75v5Gz1bw7D", 0700, 0); /* of another kind */
	r = pass(&order);
	assert_int_equal(r.moved, 2);
	assert_int_equal(r.queue[SCAN_MAILDROP].messages, 1);
	assert_int_equal(r.queue[SCAN_INCOMING].messages, 0);
	assert_int_equal(r.queue[SCAN_ACTIVE].messages, 1);
	assert_int_equal(r.queue[SCAN_DEFERRED].messages, 1);
	assert_int_equal(r.queue[SCAN_INCOMING].ages[SCAN_AGES - 1], 0);
}

static void
test_found_on_arrival_is_not_waiting(void **state)
{
	int64_t now = clock_now();
	struct scan_order order = {
		.now = now, .since = now - 60, .deep = true
	};
	struct scan_result r;

	(void)state;
	put("incoming/A1", 0700, now - 7200);
	r = pass(&order);
	assert_int_equal(r.queue[SCAN_INCOMING].oldest, now - 7200);
	assert_int_equal(r.queue[SCAN_INCOMING].oldest_waiting, 0);
	order.since = 0;
	r = pass(&order);
	assert_int_equal(r.queue[SCAN_INCOMING].oldest_waiting, now - 7200);
}

static void
test_faults(void **state)
{
	const struct scan_order order = { .now = clock_now(), .deep = true };
	struct scan_result r;

	(void)state;
	put("incoming/A1", 0700, 0);
	assert_int_equal(unlinkat(root_fd, "active", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("incoming", root_fd, "active"), 0);
	assert_int_equal(unlinkat(root_fd, "hold", AT_REMOVEDIR), 0);
	r = pass(&order);
	assert_int_equal(r.queue[SCAN_INCOMING].fault, 0);
	assert_int_equal(r.queue[SCAN_INCOMING].messages, 1);
	assert_int_not_equal(r.queue[SCAN_ACTIVE].fault, 0);
	assert_int_equal(r.queue[SCAN_HOLD].fault, ENOENT);
}

/* Beyond a number of files only a deep pass asks for every inode. */
static void
test_shallow(void **state)
{
	enum { N = SCAN_SHALLOW_ABOVE + 50 };
	int64_t now = clock_now();
	struct scan_order order = {
		.now = now, .overdue_s = 660, .future_s = 4060, .deep = true
	};
	struct scan_result first, second;
	char name[64];
	int i;

	(void)state;
	for (i = 0; i < N; i++) {
		(void)snprintf(name, sizeof(name), "deferred/4jX5C70%03dz%dC",
		    i % 1000, 1000 + i);
		put(name, i % 10 == 0 ? 0600 : 0700, i < 30 ? now - 1000 : 0);
	}
	first = pass(&order);
	assert_true(first.queue[SCAN_DEFERRED].deep);
	assert_int_equal(first.queue[SCAN_DEFERRED].messages, N - N / 10);
	assert_int_equal(first.queue[SCAN_DEFERRED].unready, N / 10);
	assert_int_equal(first.queue[SCAN_DEFERRED].overdue, 27);
	order.deep = false;
	scan_run(root_fd, &order, &first, &second);
	assert_false(second.queue[SCAN_DEFERRED].deep);
	assert_int_equal(second.queue[SCAN_DEFERRED].messages, N - N / 10);
	assert_int_equal(second.queue[SCAN_DEFERRED].overdue, 27);
	assert_int_equal(second.queue[SCAN_DEFERRED].oldest, 1795297043);
}

/* Messages that move from queue to queue while passes go on. */
#define MOVERS 400
static atomic_bool moving;
static atomic_int moves;

static void *
move_about(void *arg)
{
	static const char *const from[] = { "incoming", "active", "deferred" };
	char a[64], b[64];
	int i, step;

	(void)arg;
	for (step = 0; moving; step = (step + 1) % 3) {
		for (i = 0; i < MOVERS && moving; i++) {
			(void)snprintf(a, sizeof(a), "%s/4jX5C75v5Gz%dC",
			    from[step], 1000 + i);
			(void)snprintf(b, sizeof(b), "%s/4jX5C75v5Gz%dC",
			    from[(step + 1) % 3], 1000 + i);
			if (renameat(root_fd, a, root_fd, b) == 0)
				moves++;
		}
	}
	return NULL;
}

static void
test_race(void **state)
{
	const struct scan_order order = { .now = clock_now(), .deep = true };
	struct scan_result r;
	int64_t sum, off;
	pthread_t thread;
	char name[64];
	int i, before, moved, q;

	(void)state;
	for (i = 0; i < MOVERS; i++) {
		(void)snprintf(
		    name, sizeof(name), "incoming/4jX5C75v5Gz%dC", 1000 + i);
		put(name, 0700, 0);
	}
	moving = true;
	assert_int_equal(pthread_create(&thread, NULL, move_about, NULL), 0);
	for (i = 0; i < 300; i++) {
		before = moves;
		r = pass(&order);
		moved = moves - before + 1; /* one may be under way */
		for (sum = 0, q = 0; q < SCAN_QUEUES; q++) {
			assert_int_equal(r.queue[q].fault, 0);
			assert_true(r.queue[q].messages >= 0);
			sum += r.queue[q].messages;
		}
		off = sum > MOVERS ? sum - MOVERS : MOVERS - sum;
		if (off > moved)
			fail_msg("pass %d: %lld counted, %d moved", i,
			    (long long)sum, moved);
	}
	moving = false;
	(void)pthread_join(thread, NULL);
	r = pass(&order);
	assert_int_equal(r.queue[SCAN_INCOMING].messages +
	        r.queue[SCAN_ACTIVE].messages + r.queue[SCAN_DEFERRED].messages,
	    MOVERS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arrived),
		cmocka_unit_test(test_valid),
		cmocka_unit_test_setup_teardown(
		    test_counts, make_spool, remove_spool),
		cmocka_unit_test_setup_teardown(
		    test_seen_twice, make_spool, remove_spool),
		cmocka_unit_test_setup_teardown(
		    test_found_on_arrival_is_not_waiting, make_spool,
		    remove_spool),
		cmocka_unit_test_setup_teardown(
		    test_faults, make_spool, remove_spool),
		cmocka_unit_test_setup_teardown(
		    test_shallow, make_spool, remove_spool),
		cmocka_unit_test_setup_teardown(
		    test_race, make_spool, remove_spool),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
