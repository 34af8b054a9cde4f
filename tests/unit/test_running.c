/* Whether the kernel lists a lock on master.pid. */
#include "queuewatch/check_running.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_holds(void **state)
{
	static const struct scan_lock lock = {
		.is_there = true,
		.device_major = 0xfe,
		.device_minor = 0x01,
		.inode = 4711,
	};
	static const struct {
		const char *line;
		bool held;
	} t[] = {
		{ "1: FLOCK  ADVISORY  WRITE 123 fe:01:4711 0 EOF\n", true },
		{ "17: POSIX  ADVISORY  WRITE 9 fe:01:4711 0 0\n", true },
		{ "1: OFDLCK ADVISORY  WRITE -1 fe:01:4711 0 EOF\n", true },
		{ "1: FLOCK  ADVISORY  WRITE 123 fe:01:47110 0 EOF\n", false },
		{ "1: FLOCK  ADVISORY  WRITE 123 fe:02:4711 0 EOF\n", false },
		{ "1: FLOCK  ADVISORY  WRITE 123 08:01:4711 0 EOF\n", false },
		/* Somebody waits for it. */
		{ "1: -> FLOCK  ADVISORY  WRITE 5 fe:01:4711 0 EOF\n", false },
		{ "1: FLOCK  ADVISORY  WRITE 123 <none>:0 0 EOF\n", false },
		{ "", false },
		{ "rubbish\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (running_holds(t[i].line, &lock) != t[i].held)
			fail_msg("%s", t[i].line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_holds) };

	return cmocka_run_group_tests_name("running", tests, NULL, NULL);
}
