#include "lib/enrol.h"
#include "lib/err.h"
#include "queuewatch/book.h"
#include "queuewatch/enrol.h"

#include "lib/buf.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static int
make_path(void **state)
{
	int fd;

	(void)state;
	(void)snprintf(path, sizeof(path), "/tmp/mg-book-XXXXXX");
	fd = mkstemp(path);
	if (fd == -1)
		return -1;
	(void)close(fd);
	return unlink(path);
}

static int
drop_path(void **state)
{
	(void)state;
	(void)unlink(path);
	return 0;
}

static struct book *
book_at(int64_t now)
{
	struct err e;
	struct book *b = book_open(path, now, &e);

	if (b == NULL || book_in_memory(b))
		fail_msg("%s", e.text);
	return b;
}

static void
put(struct book *b, const char *id, enum book_state st, enum report_outcome o)
{
	struct book_order *order = book_new(b, id);
	struct err e;

	assert_non_null(order);
	order->state = (int32_t)st;
	order->outcome = (int32_t)o;
	assert_int_equal(book_write(b, order, &e), 0);
}

/* What was written is there again; what was open is over. */
static void
test_again(void **state)
{
	const struct code_secret secret = { .bytes = "12345678901234567890",
		.n = 20 };
	const struct code_secret other = { .bytes = "12345678901234567891",
		.n = 20 };
	uint64_t key = book_key("flush", &secret);
	struct code_used used = { .step = 77, .papers = 5 };
	struct door door = { .until = 99, .wrong = 2, .closings = 3 };
	struct book *b = book_at(1);
	struct book_order *o;
	struct stat before, after;
	struct err e;

	(void)state;
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0600);
	assert_true(key != book_key("flus", &secret));
	assert_true(key != book_key("flush", &other));
	assert_int_equal(book_used(b, key).step, 0);
	assert_int_equal(book_set_used(b, key, &used, 5, &e), 0);
	assert_int_equal(book_set_door(b, &door, &e), 0);
	put(b, "waits", BOOK_WAITING, REPORT_DONE);
	put(b, "runs", BOOK_BEGUN, REPORT_DONE);
	put(b, "done", BOOK_OVER, REPORT_DONE);
	book_close(b);

	b = book_at(1000);
	assert_int_equal(book_used(b, key).step, 77);
	assert_int_equal(book_used(b, key).papers, 5);
	assert_int_equal(book_door(b).until, 99);
	assert_int_equal(book_door(b).closings, 3);
	o = book_find(b, "waits");
	assert_int_equal(o->state, BOOK_OVER);
	assert_int_equal(o->outcome, REPORT_REFUSED);
	assert_int_equal(o->at, 1000);
	o = book_find(b, "runs");
	assert_int_equal(o->outcome, REPORT_FAILED);
	assert_non_null(strstr(o->text, "in part"));
	assert_int_equal(book_find(b, "done")->outcome, REPORT_DONE);
	assert_string_equal(book_first(b, BOOK_OVER, false)->id, "waits");
	assert_string_equal(
	    book_next(b, book_first(b, BOOK_OVER, false))->id, "runs");
	assert_null(book_first(b, BOOK_WAITING, false));
	book_close(b);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_blocks, before.st_blocks);
}

/* Those that were refused make room, those that wait never. */
static void
test_room(void **state)
{
	struct book *b = book_at(1);
	char id[32];
	int i;

	(void)state;
	put(b, "first", BOOK_OVER, REPORT_DONE);
	put(b, "refused", BOOK_OVER, REPORT_REFUSED);
	for (i = 0; i < BOOK_ORDERS - 2; i++) {
		(void)snprintf(id, sizeof(id), "w%d", i);
		put(b, id, BOOK_WAITING, REPORT_DONE);
	}
	put(b, "third", BOOK_WAITING, REPORT_DONE);
	assert_null(book_find(b, "refused"));
	assert_non_null(book_find(b, "first"));
	put(b, "fourth", BOOK_WAITING, REPORT_DONE);
	assert_null(book_find(b, "first"));
	assert_null(book_new(b, "fifth"));
	book_close(b);
}

static void
test_faults(void **state)
{
	struct book *b, *c;
	struct err e;
	int fd;

	(void)state;
	b = book_at(1);
	assert_int_equal(book_lock(b), 1);
	c = book_open(path, 1, &e);
	assert_int_equal(book_lock(c), 0);
	book_unlock(b);
	assert_int_equal(book_lock(c), 1);
	book_close(c);
	book_close(b);
	assert_int_equal(chmod(path, 0640), 0);
	b = book_open(path, 1, &e);
	assert_true(book_in_memory(b));
	assert_non_null(strstr(e.text, "0600"));
	put(b, "a", BOOK_WAITING, REPORT_DONE);
	assert_non_null(book_find(b, "a"));
	book_close(b);
	/* What is none is made anew. */
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "nonsense", 8), 8);
	(void)close(fd);
	assert_int_equal(chmod(path, 0600), 0);
	b = book_at(1);
	assert_null(book_first(b, BOOK_OVER, false));
	book_close(b);
}

static void
test_enrol(void **state)
{
	static const struct {
		const char *file, *name, *want;
	} t[] = {
		{ "", "a", "a GEZDGNBVGY\n" },
		{ "a X\nb Y", "c", "a X\nb Y\nc GEZDGNBVGY\n" },
		{ "a X\n# a\nab Y\n a Z\n", "a", "# a\nab Y\na GEZDGNBVGY\n" },
	};
	const struct code_secret secret = { .bytes = "123456", .n = 6 };
	struct buf b;
	struct err e;
	size_t i;

	(void)state;
	buf_init(&b, 65536);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		assert_int_equal(
		    enrol_line(t[i].file, t[i].name, &secret, &b), 0);
		assert_string_equal(buf_text(&b), t[i].want);
	}
	buf_reset(&b);
	assert_int_equal(enrol_uri("NC 036", "a&b=?", &secret, &b), 0);
	assert_string_equal(buf_text(&b),
	    "otpauth://totp/mailglance:NC%20036%20a%26b%3D%3F?secret="
	    "GEZDGNBVGY&issuer=mailglance&algorithm=SHA1&digits=6&period=30");
	buf_reset(&b);
	assert_int_equal(enrol_qr("x", false, &b, &e), 0);
	/* 21 modules and 8 of light, two rows a line. */
	assert_int_equal(strcspn(buf_text(&b), "\n"), 29 * strlen("\u2588"));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_again, make_path, drop_path),
		cmocka_unit_test_setup_teardown(
		    test_room, make_path, drop_path),
		cmocka_unit_test_setup_teardown(
		    test_faults, make_path, drop_path),
		cmocka_unit_test(test_enrol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
