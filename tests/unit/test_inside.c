#include "lib/err.h"
#include "queuewatch/check_service.h"
#include "queuewatch/dnsbl.h"
#include "queuewatch/login.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW INT64_C(1700000000)
#define DAY INT64_C(86400)

static char name[] = "web", url[] = "https://u:secret@web.example/",
            none[] = "";
static char file[] = "/etc/x.pem";

static const struct finding *
only(const struct findings *fs)
{
	assert_int_equal(fs->n, 1);
	return fs->items[0];
}

static void
services(void **state)
{
	const struct config_service s = { .name = name, .url = url };
	const struct rule_policy policy = { 2, 2 };
	static const struct {
		enum probe_state state;
		int failed, outages;
		enum level want;
		const char *says;
	} t[] = {
		{ PROBE_UNKNOWN, 1, 1, LEVEL_UNKNOWN, "cannot be looked at" },
		{ PROBE_UP, 0, 0, LEVEL_OK, "web answers in 0.2 s." },
		{ PROBE_DOWN, 1, 1, LEVEL_OK, "does not work: no" },
		{ PROBE_DOWN, 2, 1, LEVEL_CRITICAL, "2 of the last 10" },
		{ PROBE_UP, 2, 1, LEVEL_CRITICAL, "answers in" },
		{ PROBE_UP, 2, 1, LEVEL_OK, "answers in" },
		{ PROBE_UP, 3, 3, LEVEL_OK, "3 of the last 10" },
		{ PROBE_UP, 3, 3, LEVEL_WARNING, "3 of the last 10" },
	};
	struct findings fs = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		const struct look_result r = { .turn = i + 1,
			.probe = { t[i].state, 0.2, "no", { 0 } },
			.failed = t[i].failed,
			.of = 10,
			.outages = t[i].outages };
		const struct look_view v = { &policy, NOW, &r };
		const struct finding *f;

		service_check(&fs, &s, &v);
		f = only(&fs);
		if (f->rule.level != t[i].want ||
		    strstr(f->summary, t[i].says) == NULL ||
		    (f->evidence != NULL &&
		        strstr(f->evidence, "secret") != NULL))
			fail_msg("row %zu: %s, %s", i,
			    level_word(f->rule.level), f->summary);
	}
	findings_free(&fs);
}

static void
certificates(void **state)
{
	const struct config_certificate c = { .name = name,
		.url = url,
		.file = file,
		.warning = 21 * DAY,
		.critical = 7 * DAY };
	const struct rule_policy policy = { 2, 2 };
	static const struct {
		const char *sha256;
		int64_t left, now;
		enum probe_chain chain;
		bool match;
		enum look_file file;
		enum level want;
		const char *says;
	} t[] = {
		{ "a", 90, 0, PROBE_CHAIN_OK, true, LOOK_FILE_SAME, LEVEL_OK,
		    "expires in 90 days" },
		{ "a", 20, 0, PROBE_CHAIN_OK, true, LOOK_FILE_SAME,
		    LEVEL_WARNING, "expires in 20 days" },
		{ "a", 6, 0, PROBE_CHAIN_OK, true, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "expires in 6 days" },
		{ "a", 1, 0, PROBE_CHAIN_OK, true, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "expires in 24 h" },
		{ "a", -1, 0, PROBE_CHAIN_DATES, true, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "has expired" },
		{ "a", 90, 0, PROBE_CHAIN_OK, false, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "names do not match" },
		{ "a", 90, 0, PROBE_CHAIN_BROKEN, true, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "chain is broken: why" },
		{ "a", 90, 0, PROBE_CHAIN_OK, true, LOOK_FILE_DIFFERS, LEVEL_OK,
		    "expires" },
		{ "a", 90, 0, PROBE_CHAIN_OK, true, LOOK_FILE_DIFFERS,
		    LEVEL_WARNING, "still shows the old one" },
		{ "b", 90, 0, PROBE_CHAIN_OK, true, LOOK_FILE_SAME,
		    LEVEL_NOTICE, "changed today" },
		{ "b", 90, DAY - 1, PROBE_CHAIN_OK, true, LOOK_FILE_SAME,
		    LEVEL_NOTICE, "changed today" },
		{ "b", 90, DAY, PROBE_CHAIN_OK, true, LOOK_FILE_SAME, LEVEL_OK,
		    "expires" },
		{ "b", 90, DAY, PROBE_CHAIN_OK, true, LOOK_FILE_UNREADABLE,
		    LEVEL_NOTICE, "cannot be compared: why" },
		/* What was trusted once must stay so. */
		{ "b", 90, DAY, PROBE_CHAIN_SELF, true, LOOK_FILE_SAME,
		    LEVEL_CRITICAL, "signed by itself" },
	};
	struct cert_memory m = { .sha256 = "" };
	struct findings fs = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		int64_t now = NOW + t[i].now;
		struct look_result r = { .turn = i + 1,
			.file = t[i].file,
			.file_fault = "why",
			.probe.cert = { .given = true,
			    .not_before = NOW - 90 * DAY,
			    .not_after = now + t[i].left * DAY,
			    .chain = t[i].chain,
			    .chain_fault = "why",
			    .names_judged = true,
			    .names_match = t[i].match } };
		const struct look_view v = { &policy, now, &r };
		const struct finding *f;

		(void)snprintf(r.probe.cert.sha256, sizeof(r.probe.cert.sha256),
		    "%s", t[i].sha256);
		certificate_check(&fs, &c, &v, &m);
		f = only(&fs);
		if (f->rule.level != t[i].want ||
		    strstr(f->summary, t[i].says) == NULL)
			fail_msg("row %zu: %s, %s", i,
			    level_word(f->rule.level), f->summary);
	}
	findings_free(&fs);
}

/* One that was never trusted is told of, and alarms nobody. */
static void
found_on_arrival(void **state)
{
	const struct config_certificate c = {
		.name = name, .url = url, .file = none, .warning = 21 * DAY
	};
	const struct rule_policy policy = { 1, 1 };
	struct look_result r = { .turn = 1,
		.probe.cert = { .given = true,
		    .sha256 = "a",
		    .not_after = NOW + 90 * DAY,
		    .chain = PROBE_CHAIN_SELF } };
	const struct look_view v = { &policy, NOW, &r };
	struct cert_memory m = { .sha256 = "" };
	struct findings fs = { .n = 0 };

	(void)state;
	certificate_check(&fs, &c, &v, &m);
	assert_int_equal(only(&fs)->rule.level, LEVEL_NOTICE);
	r.probe.cert.given = false;
	certificate_check(&fs, &c, &v, &m);
	assert_int_equal(only(&fs)->rule.level, LEVEL_UNKNOWN);
	findings_free(&fs);
}

static void
list_names(void **state)
{
	static const struct {
		const char *what, *want;
	} t[] = {
		{ "192.0.2.25", "25.2.0.192.bl.example" },
		{ "2001:db8::1",
		    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1"
		    ".0.0.2.bl.example" },
		{ "::ffff:192.0.2.1", "1.2.0.192.bl.example" },
		{ "mail.example.net", "mail.example.net.bl.example" },
	};
	char out[DNS_NAME_SIZE], longest[260];

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		assert_int_equal(dnsbl_name(t[i].what, "bl.example", out), 0);
		assert_string_equal(out, t[i].want);
	}
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 50; i < sizeof(longest); i += 50)
		longest[i] = '.';
	longest[248] = '\0';
	assert_int_equal(dnsbl_name(longest, "bl.example", out), -1);
}

static void
list_codes(void **state)
{
	static const struct {
		const char *zone;
		uint8_t code[4];
		enum dnsbl_verdict want;
	} t[] = {
		{ "bl.example", { 127, 0, 0, 2 }, DNSBL_LISTED },
		{ "bl.example", { 127, 0, 0, 1 }, DNSBL_REFUSED },
		{ "bl.example", { 127, 0, 5, 9 }, DNSBL_LISTED },
		{ "bl.example", { 127, 255, 255, 254 }, DNSBL_REFUSED },
		{ "bl.example", { 192, 0, 2, 1 }, DNSBL_REFUSED },
		{ "zen.spamhaus.org", { 127, 0, 0, 2 }, DNSBL_LISTED },
		{ "ZEN.spamhaus.org", { 127, 0, 0, 10 }, DNSBL_LISTED },
		{ "zen.spamhaus.org", { 127, 0, 0, 12 }, DNSBL_REFUSED },
		{ "zen.spamhaus.org", { 127, 0, 1, 2 }, DNSBL_REFUSED },
		{ "zen.spamhaus.org", { 127, 255, 255, 252 }, DNSBL_REFUSED },
		{ "zen.spamhaus.org", { 127, 255, 255, 255 }, DNSBL_REFUSED },
		{ "dbl.spamhaus.org", { 127, 0, 1, 2 }, DNSBL_LISTED },
		{ "dbl.spamhaus.org", { 127, 0, 1, 255 }, DNSBL_REFUSED },
		{ "list.dnswl.org", { 127, 0, 5, 2 }, DNSBL_CLEAN },
		{ "list.dnswl.org", { 127, 0, 0, 255 }, DNSBL_REFUSED },
		{ "multi.uribl.com", { 127, 0, 0, 1 }, DNSBL_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct dns_value value = { .text = NULL };
		const struct dns_answer a = { DNS_FOUND, &value, 1, "", 0 };
		struct dnsbl_answer answer;

		memcpy(value.addr, t[i].code, 4);
		dnsbl_judge(t[i].zone, &a, &answer);
		if (answer.verdict != t[i].want)
			fail_msg("row %zu: %d", i, answer.verdict);
	}
}

static void
list_answers(void **state)
{
	struct dns_value two[2] = { { .addr = { 127, 255, 255, 254 } },
		{ .addr = { 127, 0, 0, 2 } } };
	const struct dns_answer both = { DNS_FOUND, two, 2, "", 0 };
	const struct dns_answer nobody = { .status = DNS_NXDOMAIN };
	const struct dns_answer failed = { .status = DNS_FAILED };
	char words[] = "see \x1b[1m http://x";
	struct dns_value text = { .text = words, .len = strlen(words) };
	const struct dns_answer reason = { DNS_FOUND, &text, 1, "", 0 };
	struct dnsbl_answer a;

	(void)state;
	dnsbl_judge("bl.example", &both, &a);
	assert_int_equal(a.verdict, DNSBL_LISTED);
	assert_string_equal(a.code, "127.0.0.2");
	dnsbl_reason(&reason, &a);
	assert_string_equal(a.text, "see \\x1b[1m http://x");
	dnsbl_judge("bl.example", &nobody, &a);
	assert_int_equal(a.verdict, DNSBL_CLEAN);
	dnsbl_judge("bl.example", &failed, &a);
	assert_int_equal(a.verdict, DNSBL_SILENT);
}

/* Listed counts before unknown, unknown before clean. */
static void
lists(void **state)
{
	char one[] = "192.0.2.1", two[] = "192.0.2.2";
	char *own[] = { one, two };
	const struct config_blocklist b = {
		.zone = name, .address = { own, 2 }, .level = LEVEL_WARNING
	};
	static const struct {
		enum dnsbl_verdict one, two;
		enum level want;
	} t[] = {
		{ DNSBL_CLEAN, DNSBL_CLEAN, LEVEL_OK },
		{ DNSBL_CLEAN, DNSBL_SILENT, LEVEL_UNKNOWN },
		{ DNSBL_REFUSED, DNSBL_CLEAN, LEVEL_UNKNOWN },
		{ DNSBL_LISTED, DNSBL_SILENT, LEVEL_WARNING },
		{ DNSBL_LISTED, DNSBL_LISTED, LEVEL_WARNING },
		{ DNSBL_CLEAN, DNSBL_CLEAN, LEVEL_OK },
	};
	struct findings fs = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct dnsbl_answer answers[2] = { { .verdict = t[i].one },
			{ .verdict = t[i].two } };
		const struct dnsbl_result r = { 1, NOW, answers, 2 };

		blocklist_check(&fs, &b, &r, NOW);
		if (only(&fs)->rule.level != t[i].want)
			fail_msg("row %zu: %s", i, only(&fs)->summary);
	}
	findings_free(&fs);
}

static void
logins(void **state)
{
	static const struct {
		const char *text;
		unsigned mode;
		const char *fault; /* NULL: none */
	} t[] = {
		{ "me\npass word\n", 0600, NULL },
		{ "me\r\npass word\r\nmore", 0400, NULL },
		{ "me\npass word", 0600, NULL },
		{ "me\npass word\n", 0640, "others may read" },
		{ "me\npass word\n", 0604, "mode 0604" },
		{ "me\n", 0600, "must hold a line" },
		{ "\npass word\n", 0600, "must hold a line" },
		{ "", 0600, "must hold a line" },
	};
	char path[] = "/tmp/mg-login-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd != -1);
	for (size_t i = 0; i < COUNT(t); i++) {
		struct login l;
		struct err e = { "" };
		int rc;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, t[i].text, strlen(t[i].text), 0),
		    strlen(t[i].text));
		assert_int_equal(fchmod(fd, t[i].mode), 0);
		rc = login_read(path, &l, &e);
		if ((rc == 0) != (t[i].fault == NULL) ||
		    (rc == -1 && strstr(e.text, t[i].fault) == NULL) ||
		    (rc == 0 &&
		        (strcmp(l.user, "me") != 0 ||
		            strcmp(l.password, "pass word") != 0)))
			fail_msg("row %zu: %d, %s", i, rc, e.text);
	}
	(void)close(fd);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services),
		cmocka_unit_test(certificates),
		cmocka_unit_test(found_on_arrival),
		cmocka_unit_test(list_names),
		cmocka_unit_test(list_codes),
		cmocka_unit_test(list_answers),
		cmocka_unit_test(lists),
		cmocka_unit_test(logins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
