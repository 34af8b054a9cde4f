/* What is asked of thousands of posts at each change of the page. */
#include "statusd/site_digest.h"
#include "statusd/site_sort.h"
#include "statusd/site_table.h"
#include "statusd/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The same as the C library's calendar, from 1600 to 2400. */
static void
months(void **state)
{
	(void)state;
	for (int64_t at = -11676096000; at < 13569465600; at += 86400 - 7) {
		time_t t = (time_t)at;
		struct tm tm;
		struct view_month m = view_month_of(at);

		assert_non_null(gmtime_r(&t, &tm));
		assert_int_equal(m.year, tm.tm_year + 1900);
		assert_int_equal(m.month, tm.tm_mon + 1);
	}
	assert_int_equal(view_month_of(-1).year, 1969);
	assert_int_equal(view_month_of(-1).month, 12);
	assert_int_equal(view_month_of(0).month, 1);
}

#define FILES 400

/* Every way in which they can come is put in order, and none is lost. */
static void
order(void **state)
{
	static char paths[FILES][16];
	static struct site_file files[FILES];
	struct site_file *list[FILES];
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < FILES; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "/%05zu/", i);
		files[i].path = paths[i];
	}
	for (size_t n = 0; n <= FILES; n += n < 12 ? 1 : 97)
		for (int way = 0; way < 8; way++) {
			for (size_t i = 0; i < n; i++)
				list[i] = &files[way == 0 ? i : n - 1 - i];
			for (size_t i = n; i > 1 && way > 1; i--) {
				size_t k = (seed = seed * 1103515245 + 12345) %
				    (way < 5 ? i : 4);
				struct site_file *one = list[i - 1];

				if (k >= i)
					continue;
				list[i - 1] = list[k];
				list[k] = one;
			}
			site_sort(list, n);
			for (size_t i = 0; i < n; i++)
				assert_ptr_equal(list[i], &files[i]);
		}
}

static struct digest
digest_of(const char *const *texts, size_t n)
{
	struct digest_state d;

	digest_begin(&d);
	for (size_t i = 0; i < n; i++)
		digest_text(&d, texts[i]);
	return digest_end(&d);
}

/* Each byte counts, and where one text ends, at any length. */
static void
digests(void **state)
{
	static const char *const ab_c[] = { "ab", "c" };
	static const char *const a_bc[] = { "a", "bc" };
	static char text[2000];
	const char *const texts[] = { text, "end" };
	struct digest one, other;

	(void)state;
	one = digest_of(ab_c, 2);
	other = digest_of(a_bc, 2);
	assert_false(digest_same(&one, &other));
	for (size_t len = 1; len < sizeof(text); len += 37) {
		memset(text, 'a', len);
		one = digest_of(texts, 2);
		other = digest_of(texts, 2);
		assert_true(digest_same(&one, &other));
		for (size_t i = 0; i < len; i += 61) {
			text[i] = 'b';
			other = digest_of(texts, 2);
			assert_false(digest_same(&one, &other));
			text[i] = 'a';
		}
		text[len - 1] = '\0';
		other = digest_of(texts, 2);
		assert_false(digest_same(&one, &other));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(months),
		cmocka_unit_test(order),
		cmocka_unit_test(digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
