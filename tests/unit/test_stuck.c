#include "queuewatch/check_stuck.h"

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

static void
test_reasons(void **state)
{
	static const struct {
		const char *what;
		int64_t future, overdue, active, limit, back, dead_at;
		const char *stale;
		enum level level;
		bool helps;
		const char *says, *not ;
	} t[] = {
		{ "nothing", 0, 0, 5, 20000, 0, 0, "", LEVEL_OK, false,
		    "No message is stuck.", "flush" },
		{ "future", 2, 0, 5, 20000, 0, 0, "", LEVEL_WARNING, true,
		    "until then; a flush helps.", "clock" },
		{ "clock set back", 2, 0, 5, 20000, 7200, 0, "", LEVEL_WARNING,
		    true, "The clock was set back by 2 h.", "overdue" },
		{ "overdue", 0, 3, 5, 20000, 0, 0, "", LEVEL_WARNING, true,
		    "3 messages are overdue: their next attempt was due long "
		    "ago; a flush helps",
		    "does not" },
		{ "active queue full", 0, 3, 20000, 20000, 0, 0, "",
		    LEVEL_WARNING, false, "a flush does not help",
		    "a flush helps" },
		{ "full, and nothing overdue", 0, 0, 20001, 20000, 0, 0, "",
		    LEVEL_WARNING, false, "at its limit, with 20001 messages",
		    "a flush helps" },
		{ "limit not known", 0, 0, 20001, 0, 0, 0, "", LEVEL_OK, false,
		    "No message is stuck.", "limit" },
		{ "dead", 0, 0, 5, 20000, 0, 9500, "", LEVEL_OK, true,
		    "far.example is passed over as dead", "not help" },
		{ "dead long ago", 0, 0, 5, 20000, 0, 9000, "", LEVEL_OK, false,
		    "No message is stuck.", "dead" },
		{ "stale", 0, 0, 5, 20000, 0, 0, "/etc/hosts", LEVEL_NOTICE,
		    false, "copy of /etc/hosts is not as the system's",
		    "a flush helps" },
	};
	static const struct rule_policy at_once = { 1, 1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct findings fs = { .n = 0 };
		struct scan_result scan;
		struct stuck_view v = { .policy = &at_once,
			.now = 10000,
			.active_limit = t[i].limit,
			.stepped_back_s = t[i].back,
			.dead = "far.example",
			.dead_at = t[i].dead_at,
			.stale = t[i].stale };
		const struct finding *f;

		memset(&scan, 0, sizeof(scan));
		stuck_check(&fs, &v, &scan); /* what is there on arrival */
		scan.queue[SCAN_DEFERRED].messages = 9;
		scan.queue[SCAN_DEFERRED].future = t[i].future;
		scan.queue[SCAN_DEFERRED].overdue = t[i].overdue;
		scan.queue[SCAN_ACTIVE].messages = t[i].active;
		stuck_check(&fs, &v, &scan);
		f = finding_look(&fs, "stuck", "");
		if (f->rule.level != t[i].level ||
		    strstr(f->summary, t[i].says) == NULL ||
		    strstr(f->summary, t[i].not ) != NULL ||
		    (strstr(f->evidence, "\"flush_helps\":true") != NULL) !=
		        t[i].helps)
			fail_msg("%s: %d %s %s", t[i].what, (int)f->rule.level,
			    f->summary, f->evidence);
		findings_free(&fs);
	}
}

static void
put(const char *dir, const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
test_stale(void **state)
{
	static const char *const made[] = { "jail/etc/hosts", "sys/etc/hosts",
		"sys/etc/services", "jail/etc", "sys/etc", "jail", "sys", "." };
	char dir[] = "/tmp/mg-stuck-XXXXXX", jail[64], sys[64], out[256];
	char path[128];
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(jail, sizeof(jail), "%s/jail", dir);
	(void)snprintf(sys, sizeof(sys), "%s/sys", dir);
	stuck_stale(jail, sys, out, sizeof(out));
	assert_string_equal(out, "");
	for (i = 6; i >= 3; i--) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	put(sys, "etc/hosts", "127.0.0.1 localhost\n");
	put(sys, "etc/services", "smtp 25/tcp\n"); /* the jail has none */
	put(jail, "etc/hosts", "127.0.0.1 localhost\n");
	stuck_stale(jail, sys, out, sizeof(out));
	assert_string_equal(out, "");
	put(jail, "etc/hosts", "127.0.0.2 localhost\n");
	stuck_stale(jail, sys, out, sizeof(out));
	(void)snprintf(path, sizeof(path), "%s/etc/hosts", sys);
	assert_string_equal(out, path);
	for (i = 0; i < 8; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, made[i]);
		(void)remove(i == 7 ? dir : path);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
