#include "lib/grey/config.h"

#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char path[] = "/tmp/mailglance-test-XXXXXX";

static void
write_file(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int
read_text(struct grey_config *c, const char *text, struct err *e)
{
	e->text[0] = '\0';
	write_file(text);
	return grey_config_read(c, path, NULL, 0, e);
}

static void
defaults(void **state)
{
	struct grey_config c;
	struct err e;

	(void)state;
	assert_int_equal(grey_config_read(&c, NULL, NULL, 0, &e), 0);
	assert_string_equal(c.socket, "inet:10040@127.0.0.1");
	assert_int_equal(c.socket_mode, 0660);
	assert_int_equal(c.mode, GREY_ENFORCE);
	assert_int_equal(c.delay_s, 180);
	assert_int_equal(c.retry_window_s, 2 * 86400);
	assert_int_equal(c.lifetime_s, 36 * 86400);
	assert_int_equal(c.known_after, 5);
	assert_int_equal(c.network4, 24);
	assert_int_equal(c.network6, 64);
	assert_string_equal(c.reply_code, "451 4.7.1");
	assert_int_equal(c.header, GREY_HEADER_DELAYED);
	assert_int_equal(c.spf.timeout_ms, 1500);
	assert_int_equal(c.pressure.delay_high_s, 900);
	assert_int_equal(c.privacy.keep_s, 7 * 86400);
	assert_int_equal(c.n_trusted, 2);
	grey_config_free(&c);
}

/* Each is refused; the message names the line and has the words. */
static void
refused(void **state)
{
	static const struct {
		const char *text;
		const char *words;
	} t[] = {
		{ "delay = 2d", ":1: delay: is not under retry_window" },
		{ "pressure { brake = true file = \"\" }", ":1: brake: needs" },
		{ "dnswl { zone = \"a..b\" }", ":1: " },
		{ "dnswl { min_level = none }", ":1: " },
		{ "retry_window = 3min\ndelay = 3min", ":2: delay" },
		{ "delay = 3", "delay" },
		{ "delay = 3 min", ":1" },
		{ "delay = -3min", "delay" },
		{ "delay = 0s", "delay" },
		{ "delay = 99999999999999999999d", "delay" },
		{ "retry_window = 40d", ":1: retry_window: is longer" },
		{ "\nlifetime = 1d\nretry_window = 2d", ":3: retry_window" },
		{ "known_after = 0", "known_after" },
		{ "network4 = 7", "network4" },
		{ "network4 = 33", "network4" },
		{ "network6 = 129", "network6" },
		{ "network6 = 15", "network6" },
		{ "network4 = many", "network4" },
		{ "mode = on", "enforce, observe or learn" },
		{ "defer = none", "all or unproven" },
		{ "defer = unproven\nspf {\n enabled = false\n}", ":1: defer" },
		{ "header = sometimes", "always, delayed or never" },
		{ "reply = \"\"", "reply" },
		{ "reply = \"%d\"", "%r" },
		{ "reply = \"100%\"", "%%" },
		{ "reply = \"a\\nb\"", "control" },
		{ "reply_code = \"550 5.7.1\"", "reply_code" },
		{ "reply_code = \"451 5.7.1\"", "reply_code" },
		{ "reply_code = \"451\"", "reply_code" },
		{ "reply_code = \"451 4.7.1 x\"", "reply_code" },
		{ "reply_code = \"461 4.7.1\"", "reply_code" },
		{ "reply_code = \"4511 4.7.1\"", "reply_code" },
		{ "trusted_networks = {\"300.1.2.3/8\"}", "trusted_networks" },
		{ "trusted_networks = {\"10.0.0.1/8\"}", "10.0.0.0/8" },
		{ "socket = \"10040\"", "socket" },
		{ "socket = \"inet:70000@127.0.0.1\"", "socket" },
		{ "socket = \"unix:relative\"", "socket" },
		{ "socket = \"fd:x\"", "socket" },
		{ "socket_mode = 01777", "socket_mode" },
		{ "store = \"mysql:x\"", "store" },
		{ "store = \"sqlite:grey.db\"", "store" },
		{ "postfix_config = \"etc\"", "postfix_config" },
		{ "metrics = \"9391\"", "metrics" },
		{ "metrics = \"localhost:x\"", "metrics" },
		{ "log = file", "syslog or stderr" },
		{ "spf { timeout = 1ms }", "timeout" },
		{ "spf { nameservers = {\"dns.example\"} }", "nameservers" },
		{ "spf { nameservers = {\"192.0.2.1:0\"} }", "nameservers" },
		{ "spf { max_coverage4 = 33 }", "max_coverage4" },
		{ "pressure { delay_high = 3d }", "delay_high" },
		{ "pressure { delay_high = 1min }", "delay_high" },
		{ "pressure {\n\tdelay_critical = 4min\n\tdelay_high = 5min }",
		    ":2: delay_critical" },
		{ "privacy { addresses = all }", "waiting, hashed or kept" },
		{ "recipient \"a@b.example\" { delay = 3d }", "retry_window" },
		{ "recipient \"a@b.example\" {\n greylist = false\n delay = "
		  "1min }",
		    ":3: delay: contradicts" },
		{ "recipient \"@\" { greylist = false }", "recipient" },
		{ "recipient \"a..b\" { greylist = false }", "recipient" },
		{ "recipient \"a@b.example\" { }\nrecipient \"A@b.example\" "
		  "{ }",
		    ":2: recipient" },
		{ "dealy = 3min", "delay" },
		{ "spf { enabled = true", "not closed" },
	};
	struct grey_config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (read_text(&c, t[i].text, &e) == 0)
			fail_msg("taken: %s", t[i].text);
		if (strncmp(e.text, path, strlen(path)) != 0)
			fail_msg("no file: %s: %s", t[i].text, e.text);
		if (strstr(e.text, t[i].words) == NULL)
			fail_msg("\"%s\": no \"%s\" in: %s", t[i].text,
			    t[i].words, e.text);
	}
}

/* A default gives way to what was given. */
static void
bent_defaults(void **state)
{
	static const struct {
		const char *text;
		int64_t window, high, critical;
	} t[] = {
		{ "delay = 2s retry_window = 20s", 20, 19, 19 },
		{ "lifetime = 1h", 3600, 900, 3599 },
		{ "delay = 2h", 2 * 86400, 7200, 7200 },
		{ "pressure { delay_critical = 10min }", 2 * 86400, 600, 600 },
	};
	struct grey_config c;
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (read_text(&c, t[i].text, &e) == -1)
			fail_msg("%s: %s", t[i].text, e.text);
		assert_int_equal(c.retry_window_s, t[i].window);
		assert_int_equal(c.pressure.delay_high_s, t[i].high);
		assert_int_equal(c.pressure.delay_critical_s, t[i].critical);
		grey_config_free(&c);
	}
}

static void
sections(void **state)
{
	static const struct {
		const char *recipient;
		const char *pattern; /* NULL: none */
	} t[] = {
		{ "postmaster@slow.example", "postmaster@*" },
		{ "PostMaster@Any.example", "postmaster@*" },
		{ "bob@slow.example", "slow.example" },
		{ "bob@sub.slow.example", "slow.example" },
		{ "bob@notslow.example", NULL },
		{ "vip@slow.example", "vip@slow.example" },
		{ "", NULL },
	};
	const struct grey_recipient *r;
	struct grey_config c;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(
	    read_text(&c,
	        "recipient \"postmaster@*\" { greylist = false }\n"
	        "recipient \"slow.example\" { delay = 10min }\n"
	        "recipient \"vip@slow.example\" { greylist = false }\n",
	        &e),
	    0);
	for (i = 0; i < COUNT(t); i++) {
		r = grey_config_recipient(&c, t[i].recipient);
		if (t[i].pattern == NULL
		        ? r != NULL
		        : r == NULL || strcmp(r->pattern, t[i].pattern) != 0)
			fail_msg("%s: %s", t[i].recipient,
			    r != NULL ? r->pattern : "none");
	}
	grey_config_free(&c);
}

static void
trusts(void **state)
{
	static const struct {
		const char *ip;
		bool trusted;
	} t[] = {
		{ "127.0.0.1", true },
		{ "::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "192.0.2.9", true },
		{ "198.51.100.1", false },
		{ "2001:db8::1", false },
	};
	struct grey_config c;
	struct err e;
	struct ip ip;
	size_t i;

	(void)state;
	assert_int_equal(read_text(&c,
	                     "trusted_networks = {\"127.0.0.0/8\", \"::1\", "
	                     "\"192.0.2.0/24\"}",
	                     &e),
	    0);
	for (i = 0; i < COUNT(t); i++) {
		assert_int_equal(ip_parse(t[i].ip, &ip), 0);
		if ((grey_config_trusts(&c, &ip) != NULL) != t[i].trusted)
			fail_msg("%s", t[i].ip);
	}
	grey_config_free(&c);
}

static int
make_path(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd == -1 ? -1 : close(fd);
}

static int
remove_path(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(refused),
		cmocka_unit_test(bent_defaults),
		cmocka_unit_test(sections),
		cmocka_unit_test(trusts),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
