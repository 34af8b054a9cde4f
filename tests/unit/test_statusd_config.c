#include "lib/err.h"
#include "statusd/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct config *
read_text(const char *text, const char *over, struct err *e)
{
	char path[] = "/tmp/test_statusd_config.XXXXXX";
	const char *overrides[] = { over };
	int fd = mkstemp(path);
	struct config *c;

	assert_true(fd != -1);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
	c = config_read(path, overrides, over != NULL, e);
	(void)unlink(path);
	return c;
}

/* Each is refused, with the line and with what would be right. */
static void
refused(void **state)
{
	static const struct {
		const char *text, *line, *why;
	} t[] = {
		{ "titel = \"x\"\n", ":1:", "titel" },
		{ "\n\nlate_after = 3 parsecs\n", ":3:", "" },
		{ "late_after = 10x\n", ":1:", "late_after" },
		{ "late_after = 0s\n", ":1:", "late_after" },
		{ "late_after = 2min\nsilent_after = 1min\n",
		    ":2:", "silent_after must not be shorter" },
		{ "url = \"status.example.net\"\n", ":1:", "http" },
		{ "url = \"https://x y/\"\n", ":1:", "http" },
		{ "url = \"https://x:99999/\"\n", ":1:", "http" },
		{ "listen = \"somewhere\"\n", ":1:", "listen" },
		{ "store = \"mysql:x\"\n", ":1:", "sqlite:" },
		{ "default_publish = never\n", ":1:", "after 5min" },
		{ "default_publish = \"after 5\"\n", ":1:", "after 5min" },
		{ "default_publish = \"after 1500ms\"\n", ":1:", "after 5min" },
		{ "public_metrics = {\"queue\", \"money\"}\n",
		    ":1:", "availability" },
		{ "operator_timezone = \"Mars/Olympus\"\n",
		    ":1:", "Europe/Amsterdam" },
		{ "operator_timezone = \"../../etc/passwd\"\n",
		    ":1:", "Europe/Amsterdam" },
		{ "log = paper\n", ":1:", "stderr" },
		{ "metrics = \"x\"\n", ":1:", "metrics" },
		{ "\nsystem \"a b\" { }\n", ":2:", "code" },
		{ "system \"\" { }\n", ":1:", "code" },
		{ "system \"A\" {\n  country = \"nl\"\n}\n", ":2:", "NL" },
		{ "system \"A\" { visibility = secret }\n", ":1:", "internal" },
		{ "system \"A\" {\n\n check \"queue\" { publish = soon } }\n",
		    ":3:", "draft" },
		{ "system \"A\" { probe \"p\" { } }\n", ":1:", "url" },
		{ "system \"A\" { probe \"p\" { url = \"gopher://x\" } }\n",
		    ":1:", "smtp" },
		{ "system \"A\" { probe \"p\" { url = \"ping://x\" starttls "
		  "= true } }\n",
		    ":1:", "starttls" },
		{ "system \"A\" { probe \"p\" { url = \"ping://x\" interval = "
		  "0s } }\n",
		    ":1:", "interval" },
		{ "alert \"a\" { url = \"gopher://x\" }\n", ":1:", "alert" },
		{ "alert \"a\" { }\n", ":1:", "alert" },
		{ "alert \"a\" { url = \"https://x/\" level = loud }\n",
		    ":1:", "critical" },
		{ "alert \"a\" { url = \"https://x/\" remind = 2h escalate = "
		  "1h }\n",
		    ":1:", "escalate" },
		{ "link \"l\" { }\n", ":1:", "url" },
		{ "link \"l\" { url = \"javascript:alert(1)\" }\n",
		    ":1:", "https" },
		{ "title = \"a\tb\001\"\n", ":1:", "title" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = { "" };
		struct config *c = read_text(t[i].text, NULL, &e);

		if (c != NULL || strstr(e.text, t[i].line) == NULL ||
		    strstr(e.text, t[i].why) == NULL)
			fail_msg("row %zu: %s: %s", i, t[i].text,
			    c != NULL ? "accepted" : e.text);
	}
}

static void
taken(void **state)
{
	static const char text[] =
	    "title = \"T\"  url = \"https://s.example\"\n"
	    "public_metrics = {\"queue\", \"disk\"}\n"
	    "system \"NC036\" { role = \"Mail\" city = \"A\" country = \"NL\"\n"
	    "  visibility = internal check \"queue\" { publish = \"after 2s\" "
	    "}\n  probe \"ping\" { url = \"ping://mx.example.net\" } }\n"
	    "system \"NC042\" { }\n"
	    "link \"Support\" { url = \"mailto:a@example.net\" }\n";
	const struct config_system *s;
	const struct config_probe *p;
	struct err e;
	struct config *c = read_text(text, "late_after=2s", &e);

	(void)state;
	if (c == NULL)
		fail_msg("%s", e.text);
	assert_string_equal(c->site_url, "https://s.example/");
	assert_int_equal(c->late_after_s, 2);
	assert_int_equal(c->silent_after_s, 600);
	assert_int_equal(c->public, CONFIG_PUBLIC_QUEUE | CONFIG_PUBLIC_DISK);
	assert_string_equal(c->user, "nobody");
	assert_int_equal(c->systems.n, 2);
	s = config_find_system(c, "NC036");
	assert_non_null(s);
	assert_int_equal(s->visibility, 1);
	p = s->probes.items;
	assert_int_equal(p->interval_s, 60);
	assert_null(config_find_system(c, "NC03"));
	config_free(c);
}

/* The policy of a check, by what is nearest to it. */
static void
policy(void **state)
{
	static const struct {
		const char *file, *check;
		enum config_publish_how how;
		int64_t after_s;
	} t[] = {
		{ "", "queue", CONFIG_PUBLISH_AFTER, 300 },
		{ "", "canary", CONFIG_PUBLISH_AFTER, 300 },
		{ "", "silence", CONFIG_PUBLISH_AFTER, 300 },
		{ "", "disk", CONFIG_PUBLISH_DRAFT, 0 },
		{ "", "certificate", CONFIG_PUBLISH_DRAFT, 0 },
		{ "", "of-tomorrow", CONFIG_PUBLISH_DRAFT, 0 },
		{ "default_publish = auto\n", "disk", CONFIG_PUBLISH_AUTO, 0 },
		{ "default_publish = draft\n", "queue", CONFIG_PUBLISH_DRAFT,
		    0 },
		{ "default_publish = \"after 2h\"\n", "queue",
		    CONFIG_PUBLISH_AFTER, 7200 },
		{ "default_publish = auto\n", "log", CONFIG_PUBLISH_DRAFT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[256];
		struct config_publish p;
		struct config *c;
		struct err e;

		(void)snprintf(text, sizeof(text),
		    "%ssystem \"A\" { check \"log\" { publish = draft } }\n",
		    t[i].file);
		c = read_text(text, NULL, &e);
		if (c == NULL)
			fail_msg("%s", e.text);
		p = config_publish_of(
		    c, config_find_system(c, "A"), t[i].check);
		if (p.how != t[i].how || p.after_s != t[i].after_s)
			fail_msg("row %zu", i);
		config_free(c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(taken),
		cmocka_unit_test(policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
