#ifndef TESTS_UNIT_LEDGER_FIX_H
#define TESTS_UNIT_LEDGER_FIX_H

/* A ledger that is fed lines, and what is found in it. */
#include "lib/buf.h"
#include "queuewatch/check_log.h"
#include "queuewatch/ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define START INT64_C(1759399200) /* 2 October 2025, 10:00:00 UTC */

struct fix {
	struct ledger l;
	struct logline_dates dates;
	struct maillog_names names;
	const char *tag; /* whose lines are said */
	struct config config;
	struct findings findings;
	struct logreader_status status;
	int64_t now;
};

static int
setup(void **state)
{
	struct fix *x = calloc(1, sizeof(*x));

	assert_non_null(x);
	assert_int_equal(ledger_init(&x->l), 0);
	x->now = START;
	x->tag = "postfix";
	x->dates.now = START + 86400;
	x->config.interval = 10;
	x->config.queue.warning = 20;
	x->config.queue.critical = 40;
	x->config.queue.oldest_critical = 7200;
	*state = x;
	return 0;
}

static int
teardown(void **state)
{
	struct fix *x = *state;

	findings_free(&x->findings);
	ledger_free(&x->l);
	free(x);
	return 0;
}

static void say(struct fix *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A line at the fixture's time. */
static void
say(struct fix *x, const char *fmt, ...)
{
	char line[2048];
	time_t t = (time_t)x->now;
	struct maillog_event ev;
	struct tm tm;
	size_t n;
	va_list ap;

	(void)gmtime_r(&t, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ mx ", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, "%s/", x->tag);
	va_start(ap, fmt);
	(void)vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	maillog_parse(line, strlen(line), &x->dates, &x->names, &ev);
	ledger_feed(&x->l, &ev);
}

static const struct finding *
look(struct fix *x, const char *check, const char *subject)
{
	static const struct rule_policy at_once = { 1, 1 };
	const struct log_view v = { .config = &x->config,
		.policy = &at_once,
		.status = &x->status,
		.now = x->now,
		.active = 0,
		.waiting = 0 };

	log_check(&x->findings, &v, &x->l);
	return finding_look(&x->findings, check, subject);
}

/* A message from a client, into the queue. */
static void
arrive(struct fix *x, const char *qid, const char *sasl, const char *id)
{
	say(x, "smtpd[1]: %s: client=a[192.0.2.1]%s%s", qid,
	    *sasl != '\0' ? ", sasl_method=PLAIN, sasl_username=" : "", sasl);
	say(x, "cleanup[1]: %s: message-id=<%s>", qid, id);
	say(x,
	    "qmgr[1]: %s: from=<s@home.example>, size=9, nrcpt=1 (queue "
	    "active)",
	    qid);
}

static void
attempt(struct fix *x, const char *program, const char *qid, const char *to,
    const char *end)
{
	say(x,
	    "%s[1]: %s: to=<%s>, relay=mx[192.0.2.9]:25, delay=1, "
	    "delays=0/0/0/1, dsn=4.0.0, status=%s",
	    program, qid, to, end);
}

#define REFUSED                                                              \
	"deferred (host mx[192.0.2.9] said: 450 4.2.0 busy %d (in reply to " \
	"RCPT TO command))"

#endif
