#include "queuewatch/pace.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
steps(void **state)
{
	(void)state;
	assert_true(ledger_delay_s(0) == 0);
	assert_true(ledger_delay_s(1) == 0.05);
	assert_true(fabs(ledger_delay_s(3) - 0.1) < 1e-9);
	for (int i = 1; i < LEDGER_DELAYS; i++)
		assert_true(ledger_delay_s(i) > ledger_delay_s(i - 1));
	/* Mail that waited for days has a step of its own. */
	assert_true(ledger_delay_s(LEDGER_DELAYS - 1) > 4 * 86400);
}

/* A log with one delivery, and what is made of it. */
static void
lines(void **state)
{
	static const struct {
		const char *line;
		int64_t sent, rejected, refused;
	} t[] = {
		{ "2026-03-19T16:21:30Z h postfix/smtp[7]: 4AbC1: to=<a@b.example>, "
		  "relay=mx[192.0.2.1]:25, delay=4, delays=1/1/1/1, "
		  "dsn=2.0.0, status=sent (250 ok)",
		    1, 0, 0 },
		{ "2026-03-19T16:21:30Z h postfix/smtp[7]: 4AbC1: to=<a@b.example>, "
		  "relay=none, delay=4, delays=1/1/1/1, dsn=4.4.1, "
		  "status=deferred (connect: timed out)",
		    0, 0, 0 },
		{ "2026-03-19T16:21:30Z h postfix/smtpd[7]: NOQUEUE: reject: RCPT "
		  "from x[192.0.2.1]: 554 5.7.1 <a@b.example>: denied; "
		  "from=<s@x.example> to=<a@b.example> proto=ESMTP helo=<x>",
		    0, 1, 1 },
		{ "2026-03-19T16:21:30Z h postfix/smtpd[7]: NOQUEUE: reject: RCPT "
		  "from x[192.0.2.1]: 451 4.7.1 <a@b.example>: later; "
		  "from=<s@x.example> to=<a@b.example> proto=ESMTP helo=<x>",
		    0, 1, 0 },
	};
	struct logline_dates dates = { .now = 1773938000 };
	static struct ledger l;

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct maillog_event ev;
		int64_t sent = 0;

		assert_int_equal(ledger_init(&l), 0);
		maillog_parse(t[i].line, strlen(t[i].line), &dates, NULL, &ev);
		ledger_feed(&l, &ev);
		for (int k = 0; k < LEDGER_DELAYS; k++)
			sent += l.counts.delays[k];
		if (sent != t[i].sent || l.counts.rejected != t[i].rejected ||
		    l.counts.refused != t[i].refused)
			fail_msg("row %zu: %lld %lld %lld", i, (long long)sent,
			    (long long)l.counts.rejected,
			    (long long)l.counts.refused);
		ledger_free(&l);
	}
}

static void
window(void **state)
{
	struct ledger_counts c = { .lines = 1 };
	static struct pace p;
	double s, refused;

	(void)state;
	pace_take(&p, &c, 1000);
	assert_false(pace_delay(&p, &s));
	assert_false(pace_refused(&p, &refused));
	/* Nine quick ones, one that took an hour: the half were quick. */
	c.lines++;
	c.delays[9] += 9;
	c.delays[33]++;
	c.refused += 10;
	pace_take(&p, &c, 31000);
	assert_true(pace_delay(&p, &s));
	assert_true(s > ledger_delay_s(9) && s < ledger_delay_s(10));
	assert_true(pace_refused(&p, &refused));
	assert_true(fabs(refused - 1200) < 1);
	/* Ten slow ones more: the half were slow. */
	c.delays[33] += 10;
	pace_take(&p, &c, 40000);
	assert_true(pace_delay(&p, &s));
	assert_true(s > ledger_delay_s(33) && s < ledger_delay_s(34));
	/* Five minutes later nothing of it counts. */
	for (int64_t at = 41000; at < 341000; at += 1000)
		pace_take(&p, &c, at);
	assert_int_equal(p.n <= PACE_STEPS, 1);
	pace_take(&p, &c, 371000);
	assert_false(pace_delay(&p, &s));
	assert_true(pace_refused(&p, &refused));
	assert_true(refused == 0);
	/* The totals begin anew: so does this. */
	c = (struct ledger_counts){ .lines = 1, .delays[4] = 1 };
	pace_take(&p, &c, 372000);
	assert_false(pace_delay(&p, &s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
		cmocka_unit_test(lines),
		cmocka_unit_test(window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
