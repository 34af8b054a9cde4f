#include "milter/ahead.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What libmilter gets to read is what was sent, however it asks for it. */

static int theirs, ours;

static int
set_up(void **state)
{
	int fds[2];

	(void)state;
	if (ahead_begin() == -1 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		return -1;
	theirs = fds[0];
	ours = fds[1];
	ahead_watch(ours);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	ahead_forget(ours);
	(void)close(ours);
	(void)close(theirs);
	return 0;
}

static void
say(const char *s, size_t n)
{
	assert_int_equal(write(theirs, s, n), (ssize_t)n);
}

static int
poll_now(short *revents)
{
	struct pollfd p = { .fd = ours, .events = POLLIN };
	int r = ahead_poll(&p, 0);

	*revents = p.revents;
	return r;
}

static void
pieces(void **state)
{
	char got[16] = "";
	short revents;

	(void)state;
	say("abcdefgh", 8);
	assert_int_equal(poll_now(&revents), 1);
	assert_int_equal(revents, POLLIN);
	/* it stands in memory, and in the kernel no more */
	assert_int_equal(recv(ours, got, 1, MSG_PEEK | MSG_DONTWAIT), -1);
	assert_int_equal(ahead_take(ours, got, 3), 3);
	assert_memory_equal(got, "abc", 3);
	say("ij", 2);
	assert_int_equal(poll_now(&revents), 1);
	/* no more of it than is there: libmilter asks again */
	assert_int_equal(ahead_take(ours, got, 16), 5);
	assert_memory_equal(got, "defgh", 5);
	assert_int_equal(poll_now(&revents), 1);
	assert_int_equal(ahead_take(ours, got, 16), 2);
	assert_memory_equal(got, "ij", 2);
	assert_int_equal(poll_now(&revents), 0);
	assert_int_equal(revents, 0);
}

static void
without_asking_first(void **state)
{
	char got[16] = "";

	(void)state;
	say("abc", 3);
	assert_int_equal(ahead_take(ours, got, 2), 0);
	assert_int_equal(read(ours, got, 2), 2);
	assert_memory_equal(got, "ab", 2);
}

static void
more_than_there_is_room_for(void **state)
{
	static char sent[20000], got[20000];
	size_t done = 0, i;
	short revents;
	ssize_t n;

	(void)state;
	for (i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 + i / 251);
	say(sent, sizeof(sent));
	while (done < sizeof(got)) {
		assert_int_equal(poll_now(&revents), 1);
		n = ahead_take(ours, got + done, sizeof(got) - done);
		assert_in_range(n, 1, sizeof(got) - done);
		done += (size_t)n;
	}
	assert_memory_equal(got, sent, sizeof(sent));
	assert_int_equal(poll_now(&revents), 0);
}

static void
the_end(void **state)
{
	char got[4];
	short revents;

	(void)state;
	say("a", 1);
	assert_int_equal(shutdown(theirs, SHUT_WR), 0);
	assert_int_equal(poll_now(&revents), 1);
	assert_int_equal(ahead_take(ours, got, 4), 1);
	assert_int_equal(poll_now(&revents), 1);
	assert_true((revents & POLLIN) != 0);
	assert_int_equal(ahead_take(ours, got, 4), 0);
	assert_int_equal(read(ours, got, 4), 0);
}

static void
the_next_of_the_same_number(void **state)
{
	char got[4];
	short revents;

	(void)state;
	say("old", 3);
	assert_int_equal(poll_now(&revents), 1);
	ahead_forget(ours);
	assert_false(ahead_watches(ours));
	ahead_watch(ours);
	assert_true(ahead_watches(ours));
	say("new", 3);
	assert_int_equal(poll_now(&revents), 1);
	assert_int_equal(ahead_take(ours, got, 4), 3);
	assert_memory_equal(got, "new", 3);
}

static void
who_is_not_watched(void **state)
{
	char got[4];

	(void)state;
	assert_false(ahead_watches(theirs));
	assert_false(ahead_watches(-1));
	assert_false(ahead_watches(INT32_MAX));
	ahead_forget(-1);
	ahead_forget(theirs);
	ahead_watch(-1);
	ahead_watch(INT32_MAX);
	assert_int_equal(write(ours, "xy", 2), 2);
	assert_int_equal(ahead_take(theirs, got, 4), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(pieces),
		TEST(without_asking_first),
		TEST(more_than_there_is_room_for),
		TEST(the_end),
		TEST(the_next_of_the_same_number),
		TEST(who_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
