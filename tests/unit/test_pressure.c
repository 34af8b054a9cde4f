#include "lib/err.h"
#include "lib/pressure.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t now;
		enum pressure_level want;
	} t[] = {
		{ "high 1100\n", 1000, PRESSURE_HIGH },
		{ "critical 1100", 1000, PRESSURE_CRITICAL },
		{ "full 1001\n", 1000, PRESSURE_FULL },
		{ "ok 1100\n", 1000, PRESSURE_OK },
		{ "high 1000\n", 1000, PRESSURE_OK }, /* over */
		{ "high 4600\n", 1000, PRESSURE_HIGH },
		{ "high 4601\n", 1000, PRESSURE_OK }, /* never so far ahead */
		{ "high\n", 1000, PRESSURE_OK },
		{ "high x\n", 1000, PRESSURE_OK },
		{ "high 1100 more\n", 1000, PRESSURE_OK },
		{ "higher 1100\n", 1000, PRESSURE_OK },
		{ "full 99999999999999999999\n", 1000, PRESSURE_OK },
		{ "", 1000, PRESSURE_OK },
		{ "0123456789012345678901234567890123456789"
		  "0123456789012345678901234567890123456789",
		    1000, PRESSURE_OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (pressure_parse(t[i].text, strlen(t[i].text), t[i].now) !=
		    t[i].want)
			fail_msg("row %zu: \"%s\"", i, t[i].text);
	}
	assert_int_equal(pressure_parse("high\0 1100", 10, 1000), PRESSURE_OK);
}

static void
test_file(void **state)
{
	char dir[] = "/tmp/mailglance-pressure-XXXXXX", path[PATH_MAX];
	struct err e;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/pressure", dir);
	assert_int_equal(pressure_read(path, 1000), PRESSURE_OK);
	assert_int_equal(pressure_write(path, PRESSURE_HIGH, 1020, &e), 0);
	assert_int_equal(pressure_read(path, 1019), PRESSURE_HIGH);
	assert_int_equal(pressure_read(path, 1020), PRESSURE_OK);
	assert_int_equal(pressure_write(path, PRESSURE_FULL, 1040, &e), 0);
	assert_int_equal(pressure_read(path, 1020), PRESSURE_FULL);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0); /* nothing else was left */
	assert_int_equal(pressure_write(path, PRESSURE_HIGH, 1060, &e), -1);
	assert_non_null(strstr(e.text, dir));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
