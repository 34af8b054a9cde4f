#include "lib/code.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The secret of RFC 6238's test vectors, "12345678901234567890". */
static const char file[] = "# comment 1\n"
                           "\n"
                           "flush\tGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\r\n"
                           "grow-mail-disk AAAAAAAAAAAAAAAAAAAA\n"
                           "short GEZDGNBV\n"
                           "bad GEZD!NBVGY3TQOJQGEZDGNBVGY3TQOJQ\n"
                           "grow-mail-disk gezdgnbvgy3tqojq gezdgnbvgy3tqojq";

static void
test_secrets(void **state)
{
	static const struct {
		const char *name;
		int found;
		size_t n;
		const char *why;
	} t[] = {
		{ "flush", 1, 20, "" },
		{ "grow-mail-disk", 1, 20, "" }, /* the last, with blanks */
		{ "grow", 0, 0, "" },
		{ "comment", 0, 0, "" },
		{ "#", 0, 0, "" },
		{ "short", -1, 0, "line 5" },
		{ "bad", -1, 0, "line 6" },
	};
	struct code_secret s;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e.text[0] = '\0';
		if (code_secret_find(file, t[i].name, &s, &e) != t[i].found)
			fail_msg("%s: %s", t[i].name, e.text);
		if (t[i].found == 1 && s.n != t[i].n)
			fail_msg("%s: %zu bytes", t[i].name, s.n);
		if (strstr(e.text, t[i].why) == NULL)
			fail_msg("%s: %s", t[i].name, e.text);
	}
}

/* RFC 6238 appendix B, the last six of its eight digits. */
static void
test_codes(void **state)
{
	static const struct {
		const char *what;
		int64_t now;
		int64_t used;
		const char *code;
		bool good;
	} t[] = {
		{ "in its step", 1111111109, 0, "081804", true },
		{ "used", 1111111109, 37037036, "081804", false },
		{ "a later one was used", 1111111109, 37037037, "081804",
		    false },
		{ "an earlier one was used", 1111111109, 37037035, "081804",
		    true },
		{ "a step late", 1111111139, 0, "081804", true },
		{ "two steps late", 1111111140, 0, "081804", false },
		{ "a step early", 1111111050, 0, "081804", true },
		{ "two steps early", 1111111049, 0, "081804", false },
		{ "another", 20000000000, 0, "353130", true },
		{ "wrong", 1111111109, 0, "081805", false },
		{ "all eight digits", 1111111109, 0, "07081804", false },
		{ "a blank behind it", 1111111109, 0, "081804 ", false },
		{ "empty", 1111111109, 0, "", false },
		{ "no digits", 1111111109, 0, "abcdef", false },
		{ "long", 1111111109, 0,
		    "0818040818040818040818040818040818040818040818", false },
	};
	struct code_secret s;
	struct code_used used;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(code_secret_find(file, "flush", &s, &e), 1);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		used = (struct code_used){ .step = t[i].used };
		if (code_take(&s, t[i].code, t[i].now, &used) != t[i].good)
			fail_msg("%s", t[i].what);
		if (!t[i].good)
			assert_int_equal(used.step, t[i].used);
		else if (code_take(&s, t[i].code, t[i].now, &used))
			fail_msg("%s: twice", t[i].what);
	}
}

static void
test_paper(void **state)
{
	struct code_used used = { .step = 99999999 };
	struct code_secret s;
	char code[CODE_SIZE];
	struct err e;
	int i;

	(void)state;
	assert_int_equal(code_secret_find(file, "flush", &s, &e), 1);
	/* RFC 4226 appendix D: the decimal of count 0 is 1284755224. */
	assert_int_equal(code_paper(&s, 0, code), 0);
	assert_string_equal(code, "84755224");
	for (i = CODE_PAPERS - 1; i >= 0; i--) {
		assert_int_equal(code_paper(&s, i, code), 0);
		assert_true(code_take(&s, code, 5, &used));
		assert_false(code_take(&s, code, 5, &used));
	}
	assert_int_equal(code_paper(&s, CODE_PAPERS, code), 0);
	assert_false(code_take(&s, code, 5, &used));
	assert_int_equal(used.step, 99999999);
}

static void
test_door(void **state)
{
	static const int64_t closed[] = { 60, 120, 240, 480, 960, 1920, 3600,
		3600, 3600 };
	struct door d = { 0 };
	int64_t now = 1000;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		for (k = 0; k < DOOR_TRIES; k++) {
			assert_int_equal(door_wait(&d, now), 0);
			door_wrong(&d, now);
		}
		if (door_wait(&d, now) != closed[i])
			fail_msg(
			    "%zu: %lld s", i, (long long)door_wait(&d, now));
		assert_int_equal(door_wait(&d, now + closed[i] - 1), 1);
		assert_int_equal(door_wait(&d, now - 1000000), 3600);
		now += closed[i];
	}
	door_wrong(&d, now);
	door_right(&d);
	for (k = 0; k < DOOR_TRIES; k++)
		door_wrong(&d, now);
	assert_int_equal(door_wait(&d, now), 60);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_paper),
		cmocka_unit_test(test_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
