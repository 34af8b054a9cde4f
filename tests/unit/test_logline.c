/* Lines of the mail log, and the head that stands before them. */
#include "queuewatch/maillog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define NOW INT64_C(1759500000) /* 3 October 2025, 14:00:00 UTC */

static void
test_stamps(void **state)
{
	static const struct {
		const char *line;
		int64_t at; /* 0: no line */
	} t[] = {
		{ "Oct  2 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "Oct 02 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "Oct  2 2025 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "2025 Oct  2 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "Oct  2 10:00:00 2024 mx postfix/smtp[12]: x", 1727863200 },
		{ "Oct  2 2025 10:00:00 +0200 mx postfix/smtp[12]: x",
		    1759392000 },
		{ "Oct  2 2025 10:00:00 UTC mx postfix/smtp: x", 1759399200 },
		{ "Oct  2 10:00:00.123 mx postfix/smtp[12]: x", 1759399200 },
		{ "2025-10-02T10:00:00+02:00 mx postfix/smtp[12]: x",
		    1759392000 },
		{ "2025-10-02T10:00:00.123456Z mx postfix/smtp[12]: x",
		    1759399200 },
		{ "2025-10-02T10:00:00-0330 mx postfix/smtp[12]: x",
		    1759411800 },
		{ "2025-10-02 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "2025-10-02T10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "<22>Oct  2 10:00:00 mx postfix/smtp[12]: x", 1759399200 },
		{ "<22>1 2025-10-02T10:00:00Z mx postfix/smtp 12 - - x",
		    1759399200 },
		{ "<22>1 2025-10-02T10:00:00Z mx postfix/smtp 12 - [a b=\"c "
		  "d\"] x",
		    1759399200 },
		/* a stamp of the coming months is of last year */
		{ "Dec 31 23:59:59 mx postfix/smtp[12]: x", 1735689599 },
		/* a little ahead: clocks differ */
		{ "Oct  4 00:00:00 mx postfix/smtp[12]: x", 1759536000 },
		{ "Feb 29 2024 00:00:00 +0000 mx postfix/smtp: x", 1709164800 },
		/* none of these is one */
		{ "", 0 },
		{ "Oct", 0 },
		{ "Oct  2 10:00:00", 0 },
		{ "Oct  2 10:00:00 mx", 0 },
		{ "Oct  2 10:00:00 mx postfix/smtp", 0 },
		{ "Oct  2 10:00:00 mx postfix/smtp[12]", 0 },
		{ "Oct  2 10:00:00 mx postfix/smtp[12]:", 0 },
		{ "Oct  2 10:00:00 mx postfix/smtp[12]: ", 0 },
		{ "Oct  2 10:00:00 mx two words: x", 0 },
		{ "Oct 32 10:00:00 mx postfix/smtp[12]: x", 0 },
		{ "Oct  2 25:00:00 mx postfix/smtp[12]: x", 0 },
		{ "Okt  2 10:00:00 mx postfix/smtp[12]: x", 0 },
		{ "2025-13-02T10:00:00Z mx postfix/smtp[12]: x", 0 },
		{ "2025-10-02", 0 },
		{ "2025-10-02T10:00:00Z", 0 },
		{ "\x01\xff\xfe binary", 0 },
		{ "<22>", 0 },
		{ "<", 0 },
	};
	struct logline_dates dates = { .now = NOW };
	struct logline line;
	size_t i;
	char *copy;
	int rc;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		/* Of its own size, so that reading beyond it is seen. */
		size_t n = strlen(t[i].line);

		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, t[i].line, n);
		rc = logline_parse(copy, n, &dates, &line);
		if (rc != (t[i].at != 0) || (rc == 1 && line.at != t[i].at))
			fail_msg("\"%s\": %d, %lld", t[i].line, rc,
			    rc == 1 ? (long long)line.at : 0);
		if (rc == 1) {
			assert_true(slice_is(line.tag, "postfix/smtp"));
			assert_true(slice_is(line.text, "x"));
		}
		free(copy);
	}
}

static void
parse(const char *text, struct maillog_event *ev)
{
	static char line[4096];
	struct logline_dates dates = { .now = NOW };

	(void)snprintf(line, sizeof(line), "Oct  2 10:00:00 mx %s", text);
	maillog_parse(line, strlen(line), &dates, NULL, ev);
}

/* Whose line it is; "" is the host's first, "-" nobody's. */
static void
test_instances(void **state)
{
	static const struct {
		const char *tag, *whose;
	} t[] = { { "postfix/smtpd", "" }, { "postfix/submission/smtpd", "" },
		{ "postfix-out/smtpd", "mx-out" },
		{ "postfix-out/smtps/smtpd", "mx-out" },
		{ "postfix-outer/smtpd", "" }, { "relay/smtpd", "relay" },
		{ "postfix/in/smtpd", "in" }, { "postfix/inner/smtpd", "" },
		{ "relays/smtpd", "-" }, { "relay-2/smtpd", "-" },
		{ "dovecot", "-" } };
	static const struct maillog_names none;
	struct maillog_names names = { .items = { { "postfix", 0 },
		                           { "postfix-out", 0 }, { "relay", 0 },
		                           { "postfix/in", 0 } },
		.n = 4 };
	struct logline_dates dates = { .now = NOW };
	struct maillog_event ev;
	char line[256];
	bool ours;
	size_t i;

	(void)state;
	names.items[1].instance = maillog_instance("mx-out");
	names.items[2].instance = maillog_instance("relay");
	names.items[3].instance = maillog_instance("in");
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(line, sizeof(line),
		    "Oct  2 10:00:00 mx %s[1]: A1: client=a[192.0.2.1]",
		    t[i].tag);
		maillog_parse(line, strlen(line), &dates, &names, &ev);
		ours = strcmp(t[i].whose, "-") != 0;
		if ((ev.kind == MAILLOG_CLIENT) != ours ||
		    (ours && ev.instance != maillog_instance(t[i].whose)))
			fail_msg("%s: %d", t[i].tag, (int)ev.kind);
		/* Where no names are known, "postfix..." is the first's. */
		maillog_parse(line, strlen(line), &dates, &none, &ev);
		if ((ev.kind == MAILLOG_CLIENT) !=
		        (strncmp(t[i].tag, "postfix", 7) == 0) ||
		    ev.instance != 0)
			fail_msg("%s: without names", t[i].tag);
	}
}

static void
test_kinds(void **state)
{
	static const struct {
		const char *text;
		enum maillog_kind kind;
	} t[] = {
		{ "postfix/smtpd[1]: 4jX5yh70cwz1cbjL: client=a[192.0.2.1]",
		    MAILLOG_CLIENT },
		{ "postfix/submission/smtpd[1]: AB12: client=a[192.0.2.1], "
		  "sasl_method=PLAIN, sasl_username=eve@home.example",
		    MAILLOG_CLIENT },
		{ "postfix/smtpd[1]: NOQUEUE: client=a[192.0.2.1]",
		    MAILLOG_CLIENT },
		{ "postfix/pickup[1]: AB12: uid=0 from=<root>",
		    MAILLOG_PICKUP },
		{ "postfix/cleanup[1]: AB12: message-id=<x@y>",
		    MAILLOG_MESSAGE_ID },
		{ "postfix/qmgr[1]: AB12: from=<a@b>, size=3, nrcpt=2 (queue "
		  "active)",
		    MAILLOG_QUEUED },
		{ "postfix/qmgr[1]: AB12: removed", MAILLOG_REMOVED },
		{ "postfix/postsuper[1]: AB12: requeued", MAILLOG_REMOVED },
		{ "postfix/postsuper[1]: AB12: placed on hold", MAILLOG_HELD },
		{ "postfix/postsuper[1]: Placed on hold: 3 messages",
		    MAILLOG_OTHER },
		{ "postfix-out/smtp[1]: AB12: to=<a@b>, relay=none, delay=1, "
		  "delays=1/0/0/0, dsn=4.4.1, status=deferred (x)",
		    MAILLOG_DELIVERY },
		{ "postfix/local[1]: AB12: to=<a@b>, relay=local, delay=1, "
		  "status=sent (forwarded as CD34)",
		    MAILLOG_DELIVERY },
		{ "postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: "
		  "550 5.1.1 no; from=<a@b> to=<c@d>",
		    MAILLOG_REJECT },
		{ "postfix/postscreen[1]: NOQUEUE: reject: RCPT from "
		  "[192.0.2.1]:5: 550 5.7.1 no",
		    MAILLOG_REJECT },
		{ "postfix/cleanup[1]: AB12: reject: header Subject: x from "
		  "a[192.0.2.1]; from=<a@b>",
		    MAILLOG_REJECT },
		{ "postfix/cleanup[1]: AB12: milter-reject: END-OF-MESSAGE "
		  "from a[192.0.2.1]: 5.7.1 no",
		    MAILLOG_REJECT },
		/* pflogsumm counts none of these */
		{ "postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from a: 451",
		    MAILLOG_OTHER },
		{ "postfix/smtpd[1]: NOQUEUE: reject_warning: RCPT from a",
		    MAILLOG_OTHER },
		{ "postfix/cleanup[1]: AB12: warning: header Subject: No "
		  "space left on device",
		    MAILLOG_OTHER },
		{ "postfix/smtpd[1]: connect from a[192.0.2.1]",
		    MAILLOG_OTHER },
		{ "postfix/cleanup[1]: warning: AB12: write queue file: No "
		  "space left on device",
		    MAILLOG_FAULT },
		{ "postfix/master[1]: warning: process /usr/lib/postfix/sbin/"
		  "smtpd pid 3 exit status 1",
		    MAILLOG_OTHER },
		{ "postfix/master[1]: warning: /usr/lib/postfix/sbin/smtpd: "
		  "bad command startup -- throttling",
		    MAILLOG_FAULT },
		{ "postfix/master[1]: warning: service \"smtp\" (25) has "
		  "reached its process limit \"100\": new clients may",
		    MAILLOG_FAULT },
		{ "postfix/smtpd[1]: warning: milter inet:127.0.0.1:1: can't "
		  "read SMFIC_BODYEOB reply packet header: Connection timed "
		  "out",
		    MAILLOG_FAULT },
		{ "postfix/smtpd[1]: fatal: open database x", MAILLOG_FAULT },
		{ "dovecot: lmtp(bob)<1><x>: msgid=<x@y>: saved mail to INBOX",
		    MAILLOG_SAVED },
		{ "dovecot: imap-login: Login: user=<bob>", MAILLOG_OTHER },
		{ "cron[1]: AB12: to=<a@b>, relay=none, delay=1, status=sent "
		  "(x)",
		    MAILLOG_OTHER },
		/* what a stranger wrote is no line of its own */
		{ "postfix/smtpd[1]: warning: Illegal address syntax from "
		  "a[192.0.2.1] in MAIL command: <postfix/smtp[1]: AB12: "
		  "to=<a@b>, relay=none, delay=1, status=sent (x)>",
		    MAILLOG_OTHER },
		{ "postfix/smtp[1]: AB12: to=<a@b>, relay=", MAILLOG_OTHER },
		{ "postfix/smtp[1]: AB12: to=<a", MAILLOG_OTHER },
		{ "postfix/smtp[1]: AB12: to=", MAILLOG_OTHER },
		{ "postfix/qmgr[1]: AB12: from=<a@b>", MAILLOG_OTHER },
	};
	struct maillog_event ev;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		parse(t[i].text, &ev);
		if (ev.kind != t[i].kind)
			fail_msg("\"%s\": kind %d", t[i].text, (int)ev.kind);
	}
}

static void
test_delivery(void **state)
{
	struct maillog_event ev;

	(void)state;
	parse("postfix/smtp[1]: 4jX: to=<\"a>, status=sent\"@x.example>, "
	      "orig_to=<b@y.example>, relay=mx[192.0.2.1]:25, conn_use=3, "
	      "delay=12.5, delays=1.25/0.01/10/1.1, dsn=4.2.0, "
	      "status=deferred (host mx[192.0.2.1] said: 450 (a) (in reply "
	      "to end of DATA command))",
	    &ev);
	assert_int_equal(ev.kind, MAILLOG_DELIVERY);
	assert_int_equal(ev.status, MAILLOG_DEFERRED);
	assert_true(slice_is(ev.to, "\"a>, status=sent\"@x.example"));
	assert_true(slice_is(maillog_domain(ev.to), "x.example"));
	assert_true(slice_is(ev.orig_to, "b@y.example"));
	assert_true(slice_is(ev.relay, "mx[192.0.2.1]:25"));
	assert_true(slice_is(ev.dsn, "4.2.0"));
	assert_int_equal(ev.delay_ms, 12500);
	assert_int_equal(ev.delays_ms[0], 1250);
	assert_int_equal(ev.delays_ms[1], 10);
	assert_int_equal(ev.delays_ms[2], 10000);
	assert_int_equal(ev.delays_ms[3], 1100);
	assert_true(slice_is(ev.text,
	    "host mx[192.0.2.1] said: 450 (a) (in reply to end of DATA "
	    "command)"));
	assert_int_equal(maillog_end_of_data(&ev), MAILLOG_END_REFUSED);
	assert_int_equal(ev.at, 1759399200);

	parse("postfix/lmtp[1]: 4jX: to=<a@b>, relay=x, delay=1, delays=0/0/0/"
	      "1, dsn=4.4.2, status=deferred (conversation with x timed out "
	      "while sending end of data -- message may be sent more than "
	      "once)",
	    &ev);
	assert_int_equal(maillog_end_of_data(&ev), MAILLOG_END_LOST);
	parse("postfix/lmtp[1]: 4jX: to=<a@b>, relay=x, delay=1, dsn=2.0.0, "
	      "status=sent (250 ok)",
	    &ev);
	assert_int_equal(maillog_end_of_data(&ev), MAILLOG_END_NO);
	assert_int_equal(ev.status, MAILLOG_SENT);
	assert_int_equal(ev.delays_ms[0], -1);
}

static void
test_client(void **state)
{
	struct maillog_event ev;

	(void)state;
	parse("postfix/smtpd[1]: AB12: client=mail.example[2001:db8::1], "
	      "sasl_method=PLAIN, sasl_username=eve@home.example, "
	      "sasl_sender=x",
	    &ev);
	assert_true(slice_is(ev.client, "mail.example[2001:db8::1]"));
	assert_true(slice_is(ev.sasl, "eve@home.example"));
	assert_true(slice_is(ev.qid, "AB12"));
	assert_true(slice_is(ev.program, "smtpd"));
	parse("postfix/qmgr[1]: AB12: from=<>, size=1234, nrcpt=7 (queue "
	      "active)",
	    &ev);
	assert_int_equal(ev.size, 1234);
	assert_int_equal(ev.nrcpt, 7);
	assert_int_equal(ev.from.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stamps),
		cmocka_unit_test(test_instances),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_client),
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("logline", tests, NULL, NULL);
}
