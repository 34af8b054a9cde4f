#include "lib/buf.h"
#include "lib/err.h"
#include "lib/spool.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE SPOOL_MIN_BYTES
#define RING_AT 4096

/* In memory where that can be: thousands of its writes ask for the disk. */
static char folder[] = "/dev/shm/mg-spool-XXXXXX";
static char path[64];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL) {
		(void)snprintf(
		    folder, sizeof(folder), "%s", "/tmp/mg-spool-XXXXXX");
		if (mkdtemp(folder) == NULL)
			return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/spool", folder);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static struct spool *
must_open(size_t size)
{
	struct err e;
	struct spool *s = spool_open(path, size, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

/* What a record of this number holds: a text whose length varies. */
static void
content(int64_t seq, struct buf *b)
{
	buf_reset(b);
	for (int64_t i = 0; i <= seq % 40; i++)
		buf_printf(b, "<%lld>", (long long)seq);
}

static void
append(struct spool *s, int64_t seq)
{
	struct buf b;
	struct err e;

	buf_init(&b, 4096);
	content(seq, &b);
	if (spool_append(s, seq, b.data, b.len, &e) == -1)
		fail_msg("append %lld: %s", (long long)seq, e.text);
	buf_free(&b);
}

/* Take all out; each must be whole, and above the one before.  The number. */
static size_t
drain(struct spool *s, int64_t *first_r, int64_t *last_r)
{
	struct buf want, got;
	struct err e;
	int64_t seq = 0, last = 0;
	size_t n = 0;
	int r;

	buf_init(&want, 4096);
	buf_init(&got, 4096);
	*first_r = *last_r = 0;
	while ((r = spool_peek(s, &seq, &got, &e)) == 1) {
		content(seq, &want);
		assert_true(seq > last);
		assert_int_equal(got.len, want.len);
		assert_memory_equal(got.data, want.data, want.len);
		assert_int_equal(spool_pop(s, seq, &e), 0);
		if (n++ == 0)
			*first_r = seq;
		*last_r = last = seq;
	}
	assert_int_equal(r, 0);
	assert_int_equal(spool_count(s), 0);
	buf_free(&want);
	buf_free(&got);
	return n;
}

static void
first_in_first_out(void **state)
{
	struct spool *s;
	struct err e;
	int64_t first, last;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	assert_int_equal(spool_last_seq(s), 0);
	for (int64_t i = 100; i < 110; i++)
		append(s, i);
	assert_int_equal(spool_append(s, 109, "x", 1, &e), -1);
	assert_string_equal(e.text, "number 109 is not above the last, 109");
	assert_int_equal(spool_append(s, 200, "x", SIZE, &e), -1);
	assert_int_equal(spool_pop(s, 105, &e), 0); /* not the oldest */
	assert_int_equal(spool_count(s), 10);
	spool_close(s);

	s = must_open(SIZE);
	assert_int_equal(spool_count(s), 10);
	assert_int_equal(spool_last_seq(s), 109);
	assert_int_equal(drain(s, &first, &last), 10);
	assert_int_equal(first, 100);
	assert_int_equal(last, 109);
	spool_close(s);

	s = must_open(SIZE);
	assert_int_equal(spool_count(s), 0);
	assert_int_equal(spool_last_seq(s), 109);
	spool_close(s);
}

/* Many times around the ring, with restarts: the oldest go, and are counted. */
static void
full_ring_drops_the_oldest(void **state)
{
	struct spool *s;
	int64_t first, last, seq = 0;
	size_t n;

	(void)state;
	(void)unlink(path);
	for (int round = 0; round < 8; round++) {
		s = must_open(SIZE);
		for (int i = 0; i < 1000; i++)
			append(s, ++seq);
		spool_close(s);
	}
	s = must_open(SIZE);
	n = spool_count(s);
	assert_true(n > 100 && n < 1000);
	assert_int_equal(spool_dropped(s) + (int64_t)n, seq);
	assert_int_equal(drain(s, &first, &last), n);
	assert_int_equal(last, seq);
	assert_int_equal(first, seq - (int64_t)n + 1);
	spool_close(s);
}

static void
one_process_at_a_time(void **state)
{
	struct spool *s, *again;
	struct err e;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	again = spool_open(path, SIZE, &e);
	assert_null(again);
	assert_non_null(strstr(e.text, "is in use by another process"));
	spool_close(s);
}

static void
size_changes_when_empty(void **state)
{
	struct spool *s;
	struct stat sb;
	int64_t first, last;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	append(s, 5);
	spool_close(s);
	s = must_open(2 * SIZE); /* kept, because a record waits */
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_size, SIZE);
	assert_int_equal(drain(s, &first, &last), 1);
	spool_close(s);
	s = must_open(2 * SIZE);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_size, 2 * SIZE);
	assert_true(sb.st_blocks * 512 >= sb.st_size);
	assert_int_equal(spool_last_seq(s), 5);
	append(s, 6);
	spool_close(s);
	s = must_open(SIZE);
	assert_int_equal(drain(s, &first, &last), 1);
	spool_close(s);
}

static void
memory_only(void **state)
{
	struct err e;
	struct spool *s = spool_open(NULL, SIZE, &e);
	int64_t first, last;

	(void)state;
	assert_non_null(s);
	append(s, 1);
	append(s, 2);
	assert_int_equal(drain(s, &first, &last), 2);
	spool_close(s);
}

static void
load_file(char *out, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(read(fd, out, n), (ssize_t)n);
	(void)close(fd);
}

static void
store_file(const char *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	(void)close(fd);
}

static char was[SIZE], is[SIZE], mix[SIZE];

/*
 * The file as each crash point of a write leaves it: "was" with the bytes of
 * "is" up to any point, in the order in which they were written.  Every record
 * up to "newest" - 1 must be there, but for the oldest, which give way to the
 * record that can still be appended; "newest" may be there.
 */
static void
crash_everywhere(
    size_t (*parts)[2], size_t n_parts, int64_t oldest, int64_t newest)
{
	int64_t first, last;
	struct spool *s;
	size_t n;

	memcpy(mix, was, SIZE);
	for (size_t part = 0; part < n_parts; part++)
		for (size_t at = parts[part][0]; at < parts[part][1]; at++) {
			if (mix[at] == is[at])
				continue;
			mix[at] = is[at];
			store_file(mix, SIZE);
			s = must_open(SIZE);
			append(s, newest + 1);
			n = drain(s, &first, &last);
			assert_int_equal(last, newest + 1);
			assert_true(first >= oldest && first <= oldest + 5);
			assert_true((int64_t)n >= last - first);
			spool_close(s);
		}
	assert_memory_equal(mix, is, SIZE);
}

static void
append_survives_any_crash(void **state)
{
	size_t even[][2] = { { RING_AT, SIZE }, { 0, 512 }, { 512, 1024 } };
	struct spool *s;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	append(s, 1);
	append(s, 2);
	for (int64_t seq = 3; seq < 5; seq++) {
		load_file(was, SIZE);
		append(s, seq);
		load_file(is, SIZE);
		spool_close(s);
		crash_everywhere(even, 3, 1, seq);
		store_file(is, SIZE);
		s = must_open(SIZE);
	}
	spool_close(s);
}

/* Where the oldest is overwritten: one header, the record, the other header. */
static void
overwriting_survives_any_crash(void **state)
{
	size_t parts[3][2] = { { 0, 512 }, { RING_AT, SIZE }, { 512, 1024 } };
	struct spool *s;
	struct buf b;
	struct err e;
	int64_t seq = 0, oldest, dropped;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	do {
		load_file(was, SIZE);
		dropped = spool_dropped(s);
		append(s, ++seq);
	} while (spool_dropped(s) != dropped + 1 || seq < 1500);
	load_file(is, SIZE);
	buf_init(&b, 4096);
	assert_int_equal(spool_peek(s, &oldest, &b, &e), 1);
	buf_free(&b);
	spool_close(s);
	/* which header came first is told by the generation behind the magic */
	if (memcmp(is + 8, is + 512 + 8, 8) > 0) {
		parts[0][0] = 512;
		parts[0][1] = 1024;
		parts[2][0] = 0;
		parts[2][1] = 512;
	}
	crash_everywhere(parts, 3, oldest - 1, seq);
}

/* Any byte changed, any length cut off: never a wrong record, never a fall. */
static void
damage_is_found(void **state)
{
	int64_t first, last;
	struct spool *s;
	size_t used;

	(void)state;
	(void)unlink(path);
	s = must_open(SIZE);
	for (int64_t i = 1; i <= 5; i++)
		append(s, i);
	spool_close(s);
	load_file(is, SIZE);
	for (used = SIZE; is[used - 1] == '\0'; used--)
		continue;
	for (size_t at = 0; at < used; at++) {
		if (at == 1024)
			at = RING_AT;
		memcpy(mix, is, SIZE);
		mix[at] = (char)(mix[at] ^ 0x55);
		store_file(mix, SIZE);
		s = must_open(SIZE);
		assert_true(drain(s, &first, &last) >= 4 || at < RING_AT);
		append(s, 1000);
		spool_close(s);
	}
	for (size_t n = 0; n<used + 8; n += n> 600 && n < RING_AT ? 64 : 1) {
		store_file(is, n);
		s = must_open(SIZE);
		(void)drain(s, &first, &last);
		append(s, 1000);
		assert_int_equal(drain(s, &first, &last), 1);
		spool_close(s);
	}
}

static void
foreign_files_are_no_spool(void **state)
{
	struct spool *s;
	struct err e;

	(void)state;
	store_file("hello, world\n", 13);
	s = must_open(SIZE);
	assert_int_equal(spool_count(s), 0);
	spool_close(s);
	(void)unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	s = spool_open(path, SIZE, &e);
	assert_null(s);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/dev/null", path), 0);
	s = spool_open(path, SIZE, &e);
	assert_null(s);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out),
		cmocka_unit_test(full_ring_drops_the_oldest),
		cmocka_unit_test(one_process_at_a_time),
		cmocka_unit_test(size_changes_when_empty),
		cmocka_unit_test(memory_only),
		cmocka_unit_test(append_survives_any_crash),
		cmocka_unit_test(overwriting_survives_any_crash),
		cmocka_unit_test(damage_is_found),
		cmocka_unit_test(foreign_files_are_no_spool),
	};

	return cmocka_run_group_tests_name(
	    "spool", tests, make_folder, remove_folder);
}
