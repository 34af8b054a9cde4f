#include "queuewatch/canary.h"

#include "lib/buf.h"
#include "queuewatch/check_canary.h"
#include "queuewatch/ledger.h"
#include "queuewatch/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MIN (INT64_C(60000))
#define T INT64_C(1700000000000) /* ms */

static const unsigned char key[CANARY_KEY] = { 1, 2, 3 };
static const unsigned char other_key[CANARY_KEY] = { 3, 2, 1 };

static void
tokens(void **state)
{
	const struct canary_token t = { UINT64_C(0xfedcba9876543210), T };
	struct canary_token back;
	char text[CANARY_TOKEN], bad[CANARY_TOKEN];

	(void)state;
	canary_token_write(key, "in", &t, text);
	assert_int_equal(canary_token_read(key, "in", text, &back), 0);
	assert_true(back.id == t.id && back.sent_ms == T);
	assert_int_equal(canary_token_read(key, "out", text, &back), -1);
	assert_int_equal(canary_token_read(other_key, "in", text, &back), -1);
	for (size_t i = 0; i < strlen(text); i++) {
		memcpy(bad, text, sizeof(bad));
		bad[i] = bad[i] == '0' ? '1' : '0';
		if (canary_token_read(key, "in", bad, &back) == 0)
			fail_msg("byte %zu changed: %s", i, bad);
	}
	bad[0] = '\0';
	assert_int_equal(canary_token_read(key, "in", bad, &back), -1);
	text[strlen(text) - 2] = '\0';
	assert_int_equal(canary_token_read(key, "in", text, &back), -1);
}

static void
letter(void **state)
{
	static const struct canary_letter l = { "in", "probe@a.example",
		"canary@b.example", "1.2.3.4", T };
	static const char *const want[] = { "From: <probe@a.example>\r\n",
		"To: <canary@b.example>\r\n",
		"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n",
		"Message-ID: <canary.1.2.3.4@a.example>\r\n",
		"Auto-Submitted: auto-generated\r\n",
		"X-Mailglance-Canary: 1.2.3.4\r\n" };
	char value[MAILBOX_VALUE];
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	canary_compose(&l, &b);
	for (size_t i = 0; i < COUNT(want); i++)
		assert_non_null(strstr(buf_text(&b), want[i]));
	mailbox_header(buf_text(&b), b.len, value);
	assert_string_equal(value, "1.2.3.4");
	buf_free(&b);
}

static void
headers(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ "A: b\nx-mailglance-canary: v\n\nbody", "v" },
		{ "X-Mailglance-Canary:v1\r\n v2\r\nB: c\r\n\r\n", "v1v2" },
		{ "A: b\n\nX-Mailglance-Canary: v\n", "" },
		{ "A: b\r\n\r\nX-Mailglance-Canary: v\r\n", "" },
		{ "X-Mailglance-Canary-Not: v\n", "" },
		{ "X-Mailglance-Canary:", "" },
		{ "X-Mailglance-Canary: v", "v" },
		{ "X-Mailglance-Cana", "" },
		{ "", "" },
	};
	char value[MAILBOX_VALUE];

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		mailbox_header(t[i].text, strlen(t[i].text), value);
		if (strcmp(value, t[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, value);
	}
}

static void
send(struct canary_leg *l, uint64_t id, int64_t at)
{
	const struct canary_token t = { id, at };

	canary_sent(l, &t);
}

static void
back(struct canary_leg *l, uint64_t id, int64_t sent, int64_t now)
{
	const struct canary_token t = { id, sent };

	canary_back(l, &t, now, now);
}

/* At most two under way, each interval one, outside every 15 minutes. */
static void
when_to_send(void **state)
{
	const struct canary_policy p = { 5 * MIN, 10 * MIN, false };
	const struct canary_policy outside = { 5 * MIN, 10 * MIN, true };
	struct canary_leg l = { 0 };

	(void)state;
	assert_true(canary_due(&l, &p, T));
	send(&l, 1, T);
	assert_false(canary_due(&l, &p, T + 5 * MIN - 1));
	assert_true(canary_due(&l, &p, T + 5 * MIN));
	assert_false(canary_due(&l, &outside, T + 15 * MIN - 1));
	assert_true(canary_due(&l, &outside, T + 15 * MIN));
	assert_true(canary_due(&l, &p, T - 3600 * MIN)); /* clock set back */
	send(&l, 2, T + 5 * MIN);
	assert_false(canary_due(&l, &p, T + 12 * MIN));
	canary_expire(&l, &p, T + 20 * MIN - 1);
	assert_int_equal(l.n, 2);
	canary_expire(&l, &p, T + 20 * MIN);
	assert_int_equal(l.n, 1);
	assert_true(canary_due(&l, &p, T + 20 * MIN));
	canary_refused(&l, T + 20 * MIN, "no");
	assert_false(canary_due(&l, &p, T + 21 * MIN));
	assert_true(canary_due(&l, &p, T + 20 * MIN + 5 * MIN / 4));
}

static void
coming_back(void **state)
{
	struct canary_leg l = { 0 };
	const struct canary_policy p = { MIN, 10 * MIN, false };
	const struct canary_token t = { 3, T };

	(void)state;
	send(&l, 1, T);
	send(&l, 2, T + MIN);
	back(&l, 2, T + MIN, T + MIN + 900);
	assert_int_equal(l.n, 1);
	assert_true(l.under_way[0].id == 1 && l.delay_ms == 900);
	/* Lost, and found after all. */
	canary_expire(&l, &p, T + 20 * MIN);
	assert_true(l.n == 0 && l.lost == 1 && l.lost_ms == T);
	back(&l, 1, T, T + 25 * MIN);
	assert_true(l.lost == 0 && l.lost_ms == 0 && l.delay_ms == 25 * MIN);
	assert_false(l.twice);
	/* Again: the leg rests, and sends once the hour is over. */
	back(&l, 1, T, T + 26 * MIN);
	assert_true(l.twice);
	assert_false(canary_due(&l, &p, T + 86 * MIN - 1));
	canary_expire(&l, &p, T + 86 * MIN);
	assert_false(l.twice);
	assert_true(canary_due(&l, &p, T + 86 * MIN));
	/* It arrives before the server has answered. */
	back(&l, 3, T, T + 5);
	canary_sent(&l, &t);
	assert_int_equal(l.n, 0);
	/* A clock that is wrong makes no delay below nothing. */
	canary_back(&l, &(struct canary_token){ 4, T }, T - 500, T + 70);
	assert_int_equal(l.delay_ms, 0);
	canary_back(&l, &(struct canary_token){ 5, T }, T - MIN, T + 70);
	assert_int_equal(l.delay_ms, 70);
	canary_back(&l, &(struct canary_token){ 6, T }, T + MIN, T + 80);
	assert_int_equal(l.delay_ms, 80);
}

static char in[] = "in", out[] = "out", none[] = "", box[] = "maildir:/x";

static void
levels(void **state)
{
	const struct config_canary c = {
		.name = in, .read = box, .warning = 600, .interval = 300
	};
	static const struct {
		struct canary_leg leg;
		bool begun;
		enum level want;
		const char *says;
	} t[] = {
		{ { .n = 0 }, false, LEVEL_UNKNOWN, "has not run" },
		{ { .n = 1, .under_way = { { 1, T } } }, true, LEVEL_UNKNOWN,
		    "is under way" },
		{ { .n = 1, .under_way = { { 1, T } }, .read_fault = "no" },
		    true, LEVEL_UNKNOWN, "maildir:/x cannot be read: no" },
		{ { .back_ms = T, .delay_ms = 800 }, true, LEVEL_OK,
		    "came back after 0.8 s" },
		{ { .back_ms = T, .delay_ms = 10 * MIN }, true, LEVEL_WARNING,
		    "came back after 10 min" },
		{ { .n = 1, .under_way = { { 1, T - 9 * MIN } }, .back_ms = T },
		    true, LEVEL_OK, "came back" },
		{ { .n = 1, .under_way = { { 1, T - 10 * MIN } } }, true,
		    LEVEL_WARNING, "none" },
		{ { .n = 1, .under_way = { { 1, T - 30 * MIN } } }, true,
		    LEVEL_CRITICAL, "has come back for 30 min" },
		{ { .lost = 1, .lost_ms = T - 29 * MIN }, true, LEVEL_WARNING,
		    "some were given up" },
		{ { .refused = 1, .refused_ms = T, .back_ms = T }, true,
		    LEVEL_OK, "came back" },
		{ { .refused = 2, .refused_ms = T, .send_fault = "550 no" },
		    true, LEVEL_WARNING, "are not taken: 550 no" },
		{ { .refused = 9, .refused_ms = T - 30 * MIN }, true,
		    LEVEL_CRITICAL, "are not taken" },
		{ { .twice = true, .back_ms = T }, true, LEVEL_WARNING,
		    "came twice" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct findings fs = { .n = 0 };
		const struct canary_view v = { &t[i].leg, t[i].begun, T };
		const struct finding *f;

		canary_check(&fs, &c, &v);
		f = finding_look(&fs, "canary", "in");
		if (f == NULL || f->rule.level != t[i].want ||
		    (strcmp(t[i].says, "none") != 0 &&
		        strstr(f->summary, t[i].says) == NULL))
			fail_msg("row %zu: %s, %s", i,
			    f != NULL ? level_word(f->rule.level) : "none",
			    f != NULL ? f->summary : "");
		findings_free(&fs);
	}
}

static void
legs_are_compared(void **state)
{
	struct config_canary legs[] = {
		{ .name = in, .read = none, .warning = 600 },
		{ .name = out, .read = none, .warning = 600 },
	};
	struct config c = { .canaries = { legs, 2 } };
	const struct canary_leg well = { .back_ms = T, .delay_ms = 5 };
	const struct canary_leg ill = { .lost_ms = T - 60 * MIN };
	const struct canary_view good = { &well, true, T };
	const struct canary_view bad = { &ill, true, T };
	struct findings fs = { .n = 0 };

	(void)state;
	canary_check(&fs, &legs[0], &good);
	canary_check(&fs, &legs[1], &bad);
	canary_compare(&fs, &c);
	assert_null(
	    strstr(finding_look(&fs, "canary", "in")->summary, "Works"));
	assert_non_null(strstr(finding_look(&fs, "canary", "out")->summary,
	    "Works: in. Does not: out."));
	findings_free(&fs);
}

static void
looks(void **state)
{
	struct canary_leg l = { 0 };

	(void)state;
	assert_int_equal(canary_look_pause(&l, T, 250), 60000);
	send(&l, 1, T);
	assert_int_equal(canary_look_pause(&l, T, 250), 250);
	assert_int_equal(canary_look_pause(&l, T + 4000, 250), 2000);
	assert_int_equal(canary_look_pause(&l, T + 4000, 3000), 3000);
	assert_int_equal(canary_look_pause(&l, T + 600000, 250), 15000);
}

/* Canaries are counted nowhere, and a count never falls. */
static void
not_counted(void **state)
{
	static const struct {
		const char *line;
		int64_t received, delivered, deferred;
	} t[] = {
		{ "smtpd[1]: A1: client=a[192.0.2.1]", 1, 0, 0 },
		{ "cleanup[1]: A1: "
		  "message-id=<canary.1.00000000000000aa.18bcfe56800."
		  "0123456789abcdef0123456789abcdef@a.example>",
		    1, 0, 0 },
		{ "smtp[1]: A1: to=<b@x.example>, relay=none, delay=1, "
		  "delays=1/0/0/0, dsn=4.0.0, status=deferred (no)",
		    1, 0, 0 },
		{ "smtp[1]: A1: to=<b@x.example>, relay=none, delay=1, "
		  "delays=1/0/0/0, dsn=2.0.0, status=sent (ok)",
		    1, 0, 0 },
		{ "smtpd[1]: A2: client=a[192.0.2.1]", 1, 0, 0 },
		{ "cleanup[1]: A2: message-id=<canary.1.aa@a.example>", 1, 0,
		    0 },
		{ "smtp[1]: A2: to=<b@x.example>, relay=none, delay=1, "
		  "delays=1/0/0/0, dsn=2.0.0, status=sent (ok)",
		    1, 1, 0 },
		{ "smtpd[1]: A3: client=a[192.0.2.1]", 2, 1, 0 },
	};
	struct logline_dates dates = { .now = T / 1000 };
	struct maillog_event ev;
	struct ledger l;
	char line[512];

	(void)state;
	assert_int_equal(ledger_init(&l), 0);
	for (size_t i = 0; i < COUNT(t); i++) {
		(void)snprintf(line, sizeof(line),
		    "2023-11-14T22:13:20Z mx postfix/%s", t[i].line);
		maillog_parse(line, strlen(line), &dates, NULL, &ev);
		ledger_feed(&l, &ev);
		if (l.counts.received != t[i].received ||
		    l.counts.delivered != t[i].delivered ||
		    l.counts.deferred != t[i].deferred)
			fail_msg("row %zu: %d, %d, %d", i,
			    (int)l.counts.received, (int)l.counts.delivered,
			    (int)l.counts.deferred);
	}
	ledger_free(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens),
		cmocka_unit_test(letter),
		cmocka_unit_test(headers),
		cmocka_unit_test(when_to_send),
		cmocka_unit_test(coming_back),
		cmocka_unit_test(levels),
		cmocka_unit_test(legs_are_compared),
		cmocka_unit_test(looks),
		cmocka_unit_test(not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
