#include "lib/grey/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORPUS "tests/data/senders.txt"

static const char *
field(const char *s)
{
	return strcmp(s, "\"\"") == 0 ? "" : s;
}

static void
corpus(void **state)
{
	char line[1024], out[KEY_TEXT_SIZE], again[KEY_TEXT_SIZE];
	FILE *f = fopen(CORPUS, "r");
	int n = 0, bad = 0;

	(void)state;
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		char *to, *want;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		to = strchr(line, '\t');
		assert_non_null(to);
		*to++ = '\0';
		want = strchr(to, '\t');
		assert_non_null(want);
		*want++ = '\0';
		key_normal_sender(field(line), to, out);
		key_normal_sender(field(line), to, again);
		assert_string_equal(out, again);
		if (strcmp(out, field(want)) != 0) {
			print_error("%s: got %s, want %s\n", line, out, want);
			bad++;
		}
		n++;
	}
	(void)fclose(f);
	assert_true(n > 100);
	assert_int_equal(bad, 0);
}

static void
recipients(void **state)
{
	static const struct {
		const char *from, *want;
	} t[] = {
		{ "Bob@Example.NET", "bob@example.net" },
		{ "<Bob+Shop@example.net>", "bob+shop@example.net" },
		{ "bob-4711@example.net", "bob-4711@example.net" },
		{ "\"Bob\"@example.net.", "bob@example.net" },
		{ "bob\r\n@example.net", "bob\\x0d\\x0a@example.net" },
		{ "bob\x80@example.net", "bob\\x80@example.net" },
		{ "\xc0\xaf@x.example", "\\xc0\\xaf@x.example" },
		{ "", "" },
		{ NULL, "" },
		{ "@", "@" },
		{ "<", "" },
		{ ">", "" },
		{ "\"", "\"" },
		{ "\"@", "\"@" },
		{ "\"\\\"@x.example", "\\@x.example" },
	};
	char out[KEY_TEXT_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		key_normal_recipient(t[i].from, out);
		if (strcmp(out, t[i].want) != 0)
			fail_msg("row %zu: got %s, want %s", i, out, t[i].want);
	}
}

/* Addresses of any length: what differs stays apart, nothing is overrun. */
static void
lengths(void **state)
{
	static char text[70000], other[70000];
	char a[KEY_TEXT_SIZE], b[KEY_TEXT_SIZE];
	static const size_t n[] = { 63, 64, 254, 307, 308, 309, 320, 321, 499,
		500, 501, 512, 513, 800, 1024, 4096, 65536 };
	static const char fill[] = { 'a', 'A', '\x01', '\xff', '1', '=', '"',
		'\\', '+', '-' };
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(n) / sizeof(n[0]); i++) {
		for (j = 0; j < sizeof(fill); j++) {
			memset(text, fill[j], n[i]);
			memcpy(text + n[i], "@example.org", 13);
			memcpy(other, text, n[i] + 13);
			other[n[i] - 1] = 'z';
			key_normal_sender(text, "bob@example.net", a);
			key_normal_sender(other, "bob@example.net", b);
			assert_true(strlen(a) <= 320);
			key_plain(text, a);
			key_plain(other, b);
			assert_true(strlen(a) <= 320);
			assert_string_not_equal(a, b);
		}
		memset(text, 'Q', n[i]);
		memset(other, 'q', n[i]);
		key_plain(text, a);
		key_plain(other, b);
		assert_string_equal(a, b);
	}
}

static void
hashes(void **state)
{
	static const struct key_secret s = { { 1 } }, s2 = { { 2 } };
	struct key k = key_envelope(&s, "a@x", "b@y"), other;

	(void)state;
	other = key_envelope(&s, "a@x", "b@y");
	assert_memory_equal(&k, &other, sizeof(k));
	other = key_envelope(&s2, "a@x", "b@y");
	assert_memory_not_equal(&k, &other, sizeof(k));
	other = key_envelope(&s, "a@xb", "@y");
	assert_memory_not_equal(&k, &other, sizeof(k));
	other = key_envelope(&s, "", "a@xb@y");
	assert_memory_not_equal(&k, &other, sizeof(k));
	other = key_identity(&s, "a@x", "b@y");
	assert_memory_not_equal(&k, &other, sizeof(k));
	k = key_address(&s, "a@x");
	other = key_envelope(&s, "a@x", "");
	assert_memory_not_equal(&k, &other, sizeof(k));
	k = (struct key){ { 1, 2, 3, 4, 5, 6, 7, 8, 9 } };
	assert_true(key_short(&k) == UINT64_C(0x0102030405060708));
}

/* Leave bytes on the stack, for what is read before it is written. */
static void __attribute__((noinline)) litter(int c)
{
	char stack[8192];

	memset(stack, c, sizeof(stack));
	__asm__ volatile("" : : "r"(stack) : "memory");
}

static void
long_ones_are_the_same_each_time(void **state)
{
	char text[600], a[KEY_TEXT_SIZE], b[KEY_TEXT_SIZE];

	(void)state;
	memset(text, 'd', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	litter('a');
	key_plain(text, a);
	litter(0x80);
	key_plain(text, b);
	assert_string_equal(a, b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(corpus),
		cmocka_unit_test(recipients),
		cmocka_unit_test(lengths),
		cmocka_unit_test(hashes),
		cmocka_unit_test(long_ones_are_the_same_each_time),
	};

	if (key_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
