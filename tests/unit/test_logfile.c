/* A log file followed through its rotation. */
#include "lib/err.h"
#include "queuewatch/logfile.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

struct fix {
	char dir[64], path[128], old[160];
	struct logfile f;
	char seen[65536]; /* each line with a blank behind it */
	size_t lines;
};

static void
see(const char *line, size_t n, void *arg)
{
	struct fix *x = arg;
	size_t at = strlen(x->seen);

	x->lines++;
	if (at + n + 2 < sizeof(x->seen)) {
		memcpy(x->seen + at, line, n);
		memcpy(x->seen + at + n, " ", 2);
	}
}

static void
append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	assert_int_equal(fputs(text, f) >= 0, 1);
	assert_int_equal(fclose(f), 0);
}

/* All that can be read now must be "want". */
static void
expect(struct fix *x, const char *want)
{
	struct err e;
	int rc, rounds = 0;

	x->seen[0] = '\0';
	while ((rc = logfile_read(&x->f, see, x, &e)) == 1)
		assert_true(++rounds < 100);
	if (rc == -1)
		fail_msg("%s", e.text);
	assert_string_equal(x->seen, want);
}

static void
begin(struct fix *x, const struct logfile_place *place)
{
	struct err e;

	assert_int_equal(logfile_init(&x->f, x->path, place, &e), 0);
}

/* As after a restart. */
static void
restart(struct fix *x)
{
	struct logfile_place at = x->f.at;

	logfile_close(&x->f);
	begin(x, &at);
}

static int
setup(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	(void)snprintf(x->dir, sizeof(x->dir), "/tmp/mailglance-log-XXXXXX");
	assert_non_null(mkdtemp(x->dir));
	(void)snprintf(x->path, sizeof(x->path), "%s/mail.log", x->dir);
	(void)snprintf(x->old, sizeof(x->old), "%s.1", x->path);
	append(x->path, "before\n");
	begin(x, NULL);
	expect(x, "");
	*state = x;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *x = *state;
	char command[200];

	logfile_close(&x->f);
	(void)unlink(x->path);
	(void)unlink(x->old);
	(void)snprintf(command, sizeof(command), "%s.2.gz", x->path);
	(void)unlink(command);
	assert_int_equal(rmdir(x->dir), 0);
	free(x);
	return 0;
}

static void
test_grows(void **state)
{
	struct fix *x = *state;

	append(x->path, "a\nb\n");
	expect(x, "a b ");
	append(x->path, "half");
	expect(x, "");
	append(x->path, " a line\nc\n");
	expect(x, "half a line c ");
	append(x->path, "\n\nd\n"); /* empty lines are none */
	expect(x, "d ");
}

static void
test_renamed(void **state)
{
	struct fix *x = *state;

	append(x->path, "a\n");
	expect(x, "a ");
	append(x->path, "b\n");
	assert_int_equal(rename(x->path, x->old), 0);
	append(x->old, "c\n"); /* the writer still has it open */
	append(x->path, "d\n");
	expect(x, "b c d ");
	append(x->path, "e\n");
	expect(x, "e ");
}

static void
copy_and_truncate(struct fix *x)
{
	char text[4096];
	FILE *f = fopen(x->path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	append(x->old, text);
	assert_int_equal(truncate(x->path, 0), 0);
}

static void
test_copied_and_truncated(void **state)
{
	struct fix *x = *state;

	append(x->path, "a\n");
	expect(x, "a ");
	append(x->path, "b\n"); /* not read before the copy */
	copy_and_truncate(x);
	append(x->path, "c\n");
	expect(x, "b c ");
	/* and grown beyond where reading stood */
	(void)unlink(x->old);
	copy_and_truncate(x);
	append(x->path, "a rather long line that reaches further\n");
	expect(x, "a rather long line that reaches further ");
}

static void
pack(const char *from, const char *to)
{
	char text[4096];
	FILE *f = fopen(from, "r");
	gzFile z = gzopen(to, "wb");
	size_t n;

	assert_non_null(f);
	assert_non_null(z);
	n = fread(text, 1, sizeof(text), f);
	assert_int_equal(gzwrite(z, text, (unsigned)n), n);
	(void)fclose(f);
	(void)gzclose(z);
	(void)unlink(from);
}

static void
test_restarts(void **state)
{
	struct fix *x = *state;
	char gz[200];

	append(x->path, "a\nhalf");
	expect(x, "a ");
	restart(x);
	append(x->path, "+\n");
	expect(x, "half+ ");
	/* rotated while nobody looked */
	append(x->path, "b\n");
	assert_int_equal(rename(x->path, x->old), 0);
	append(x->path, "c\n");
	restart(x);
	expect(x, "b c ");
	/* and compressed, with another one behind it */
	append(x->path, "d\n");
	(void)snprintf(gz, sizeof(gz), "%s.2.gz", x->path);
	pack(x->path, gz);
	(void)unlink(x->old);
	append(x->old, "e\n");
	append(x->path, "f\n");
	restart(x);
	expect(x, "d e f ");
	/* gone without a trace: what is there is read */
	(void)unlink(x->path);
	append(x->path, "g\n");
	restart(x);
	expect(x, "g ");
}

static void
test_long_and_binary(void **state)
{
	struct fix *x = *state;
	char *big = malloc(1000001);
	FILE *f;

	assert_non_null(big);
	memset(big, 'x', 1000000);
	big[1000000] = '\0';
	append(x->path, big);
	x->lines = 0;
	expect(x, "");
	append(x->path, big);
	append(x->path, "\nnext\n");
	x->seen[0] = '\0';
	while (logfile_read(&x->f, see, x, &(struct err){ 0 }) == 1)
		;
	assert_int_equal(x->lines, 2);
	assert_int_equal(strlen(x->seen), LOGFILE_LINE + 1 + 5);
	free(big);
	f = fopen(x->path, "a");
	assert_non_null(f);
	(void)fwrite("a\0b\n\xff\xfe\n", 1, 7, f);
	(void)fclose(f);
	x->lines = 0;
	while (logfile_read(&x->f, see, x, &(struct err){ 0 }) == 1)
		;
	assert_int_equal(x->lines, 2);
}

static void
test_missing(void **state)
{
	struct fix *x = *state;
	struct err e;

	logfile_close(&x->f);
	(void)unlink(x->path);
	begin(x, NULL);
	assert_int_equal(logfile_read(&x->f, see, x, &e), -1);
	assert_non_null(strstr(e.text, x->path));
	append(x->path, "a\n"); /* all of it is new */
	expect(x, "a ");
	(void)unlink(x->path);
	expect(x, "");
	append(x->path, "b\n");
	expect(x, "b ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renamed, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_copied_and_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_restarts, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_long_and_binary, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
	};

	return cmocka_run_group_tests_name("logfile", tests, NULL, NULL);
}
