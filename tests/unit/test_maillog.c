#include "greywl/maillog.h"

#include "greywl/heap.h"
#include "greywl/intern.h"
#include "greywl/logbook.h"

#include "lib/clock.h"
#include "lib/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
stamps(void **state)
{
	static const struct {
		const char *line;
		const char *want; /* NULL: none */
		int year; /* 0: the line has one */
	} t[] = {
		{ "Mar 19 16:21:30 mx x", "2026-03-19T16:21:30Z", 2026 },
		{ "Mar  9 16:21:30 mx x", "2026-03-09T16:21:30Z", 2026 },
		{ "Feb 29 00:00:00 mx x", "2024-02-29T00:00:00Z", 2024 },
		{ "Feb 29 00:00:00 mx x", "2026-03-01T00:00:00Z", 2026 },
		{ "Mar  1 00:00:00 mx x", "2026-03-01T00:00:00Z", 2026 },
		{ "Mar  1 00:00:00 mx x", "2024-03-01T00:00:00Z", 2024 },
		{ "Dec 31 23:59:59 mx x", "2024-12-31T23:59:59Z", 2024 },
		{ "Dec 31 23:59:59 mx x", "2026-12-31T23:59:59Z", 2026 },
		{ "Jan  1 00:00:00 mx x", "2000-01-01T00:00:00Z", 2000 },
		{ "Mar 19 2026 16:21:30 mx x", "2026-03-19T16:21:30Z", 0 },
		{ "2026 Mar 19 16:21:30 mx x", "2026-03-19T16:21:30Z", 0 },
		{ "2026-03-19T16:21:30+00:00 mx x", "2026-03-19T16:21:30Z", 0 },
		{ "2026-03-19T16:21:30.123456+01:00 mx x",
		    "2026-03-19T15:21:30Z", 0 },
		{ "2026-03-19T16:21:30-0530 mx x", "2026-03-19T21:51:30Z", 0 },
		{ "2026-03-19 16:21:30 mx x", "2026-03-19T16:21:30Z", 0 },
		{ "2026-03-19T16:21:30Z mx x", "2026-03-19T16:21:30Z", 0 },
		{ "2024-02-29T00:00:00Z mx x", "2024-02-29T00:00:00Z", 0 },
		{ "2026-02-29T00:00:00Z mx x", NULL, 0 },
		{ "2026-13-01T00:00:00Z mx x", NULL, 0 },
		{ "2026-00-01T00:00:00Z mx x", NULL, 0 },
		{ "Mar 32 16:21:30 mx x", NULL, 0 },
		{ "Feb 30 16:21:30 mx x", NULL, 0 },
		{ "Mar 19 24:21:30 mx x", NULL, 0 },
		{ "Mar 19 16:61:30 mx x", NULL, 0 },
		{ "Mrz 19 16:21:30 mx x", NULL, 0 },
		{ "Mar 19 16:21", NULL, 0 },
		{ "2026-03-19T16:21:30+99:00 mx", NULL, 0 },
		{ "2026-03-19", NULL, 0 },
		{ "<22>Mar 19 16:21:30 mx x", NULL, 0 },
		{ "99999999999999", NULL, 0 },
		{ "", NULL, 0 },
	};
	struct maillog_stamp s;
	char text[CLOCK_RFC3339_SIZE];
	const char *rest;
	int64_t at;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		rest = maillog_stamp(t[i].line, strlen(t[i].line), &s);
		if ((rest != NULL) != (t[i].want != NULL))
			fail_msg("%s: %s", t[i].line, rest ? rest : "none");
		if (rest == NULL)
			continue;
		assert_string_equal(rest, "mx x");
		assert_int_equal(s.has_year, t[i].year == 0);
		at = s.has_year ? s.unix_s : maillog_in_year(&s, t[i].year);
		if (strcmp(clock_rfc3339(at, text), t[i].want) != 0)
			fail_msg("%s: %s", t[i].line, text);
		assert_int_equal(maillog_year_of(at), strtol(text, NULL, 10));
	}
}

static bool
same(const struct maillog_text *got, const char *want)
{
	if (want == NULL)
		return got->s == NULL;
	return got->s != NULL && got->n == strlen(want) &&
	    memcmp(got->s, want, got->n) == 0;
}

#define AT "Mar 19 16:21:30 mx "
#define REFUSED "postfix/smtpd[1]: NOQUEUE: reject: RCPT from "

static void
lines(void **state)
{
	static const struct {
		const char *line;
		enum maillog_what what;
		const char *id, *name, *client, *from, *to, *helo;
		bool own, whole, greylisted;
	} t[] = {
		{ AT "postfix/smtpd[1]: 4BxQ9z1wJpz2xK: client=mx.a.example"
		     "[192.0.2.1]",
		    MAILLOG_CLIENT, "4BxQ9z1wJpz2xK", "mx.a.example",
		    "192.0.2.1", NULL, NULL, NULL, false, false, false },
		{ AT "postfix/smtpd[1]: 3F2A01C9: client=unknown[2001:db8::1]",
		    MAILLOG_CLIENT, "3F2A01C9", "", "2001:db8::1", NULL, NULL,
		    NULL, false, false, false },
		{ AT "postfix/smtpd[1]: 3F2A01C9: client=h.example[192.0.2.1], "
		     "sasl_method=PLAIN, sasl_username=alice",
		    MAILLOG_CLIENT, "3F2A01C9", "h.example", "192.0.2.1", NULL,
		    NULL, NULL, true, false, false },
		{ AT "postfix/submission/smtpd[1]: 3F2A01C9: "
		     "client=h.example[192.0.2.1]",
		    MAILLOG_CLIENT, "3F2A01C9", "h.example", "192.0.2.1", NULL,
		    NULL, NULL, true, false, false },
		{ AT "postfix-in/smtpd[1]: 3F2A01C9: client=h[192.0.2.1]:2525",
		    MAILLOG_CLIENT, "3F2A01C9", "h", "192.0.2.1", NULL, NULL,
		    NULL, false, false, false },
		{ AT "postfix/qmgr[1]: 3F2A01C9: from=<a@b.example>, size=1, "
		     "nrcpt=1 (queue active)",
		    MAILLOG_FROM, "3F2A01C9", NULL, NULL, "a@b.example", NULL,
		    NULL, false, false, false },
		{ AT "postfix/qmgr[1]: 3F2A01C9: from=<>, size=1, nrcpt=1 "
		     "(queue active)",
		    MAILLOG_FROM, "3F2A01C9", NULL, NULL, "", NULL, NULL, false,
		    false, false },
		{ AT "postfix/qmgr[1]: 3F2A01C9: from=<\"a>b, to=<\"@c.example"
		     ">, size=1, nrcpt=1 (queue active)",
		    MAILLOG_FROM, "3F2A01C9", NULL, NULL,
		    "\"a>b, to=<\"@c.example", NULL, NULL, false, false,
		    false },
		{ AT "postfix/qmgr[1]: 3F2A01C9: removed", MAILLOG_REMOVED,
		    "3F2A01C9", NULL, NULL, NULL, NULL, NULL, false, false,
		    false },
		{ AT "postfix/lmtp[1]: 3F2A01C9: to=<c@d.example>, relay=x, "
		     "delay=1, status=sent (250 ok)",
		    MAILLOG_TO, "3F2A01C9", NULL, NULL, NULL, "c@d.example",
		    NULL, false, false, false },
		{ AT "postfix/local[1]: 3F2A01C9: to=<c@mx.example>, "
		     "orig_to=<info@d.example>, relay=local, status=sent (x)",
		    MAILLOG_TO, "3F2A01C9", NULL, NULL, NULL, "info@d.example",
		    NULL, false, false, false },
		{ AT REFUSED
		    "mx.a.example[192.0.2.1]: 450 4.2.0 <c@d.example>: "
		    "Recipient address rejected: Greylisted, see x; "
		    "from=<a@b.example> to=<c@d.example> proto=ESMTP "
		    "helo=<mx.a.example>",
		    MAILLOG_REFUSED, NULL, "mx.a.example", "192.0.2.1",
		    "a@b.example", "c@d.example", "mx.a.example", false, false,
		    true },
		{ AT "postfix/smtpd[1]: NOQUEUE: milter-reject: RCPT from "
		     "unknown[192.0.2.1]: 451 4.7.1 <c@d.example>: Recipient "
		     "address rejected: greylisted, please try again in 180 "
		     "seconds; from=<> to=<c@d.example> proto=SMTP helo=<h>",
		    MAILLOG_REFUSED, NULL, "", "192.0.2.1", "", "c@d.example",
		    "h", false, false, true },
		{ AT REFUSED
		    "unknown[192.0.2.1]: 554 5.7.1 Service unavailable; "
		    "Client host blocked; Greylisted; from=<a@b.example> "
		    "to=<c@d.example> proto=ESMTP helo=<h>",
		    MAILLOG_REFUSED, NULL, "", "192.0.2.1", "a@b.example",
		    "c@d.example", "h", false, false, false },
		{ AT REFUSED
		    "unknown[192.0.2.1]: 450 4.7.25 Client host rejected: "
		    "cannot find your hostname; from=<a@b.example> "
		    "to=<c@d.example> proto=ESMTP helo=<h>",
		    MAILLOG_REFUSED, NULL, "", "192.0.2.1", "a@b.example",
		    "c@d.example", "h", false, false, false },
		{ AT "postfix/postscreen[1]: NOQUEUE: reject: RCPT from "
		     "[192.0.2.1]:1234: 450 4.3.2 Service currently "
		     "unavailable; from=<a@b.example>, to=<c@d.example>, "
		     "proto=ESMTP, helo=<h>",
		    MAILLOG_REFUSED, NULL, "", "192.0.2.1", "a@b.example",
		    "c@d.example", "h", false, false, true },
		{ AT "postfix/cleanup[1]: 3F2A01C9: milter-reject: "
		     "END-OF-MESSAGE from mx.a.example[192.0.2.1]: 5.7.1 spam; "
		     "from=<a@b.example> to=<c@d.example> proto=ESMTP helo=<h>",
		    MAILLOG_REFUSED, "3F2A01C9", "mx.a.example", "192.0.2.1",
		    "a@b.example", "c@d.example", "h", false, true, false },
		{ AT "policyd-spf[9]: prepend Received-SPF: Pass (mailfrom) "
		     "identity=mailfrom; client-ip=192.0.2.1; helo=h; "
		     "envelope-from=a@b.example; receiver=<UNKNOWN>",
		    MAILLOG_SPF, NULL, NULL, "192.0.2.1", "a@b.example", NULL,
		    NULL, false, false, false },
	};
	struct maillog_line l;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (!maillog_read(t[i].line, strlen(t[i].line), &l) ||
		    l.what != t[i].what || !same(&l.id, t[i].id) ||
		    !same(&l.client_name, t[i].name) ||
		    !same(&l.client, t[i].client) ||
		    !same(&l.from, t[i].from) || !same(&l.to, t[i].to) ||
		    !same(&l.helo, t[i].helo) || l.own != t[i].own ||
		    l.whole != t[i].whole || l.greylisted != t[i].greylisted)
			fail_msg(
			    "row %zu: %s (what %d)", i, t[i].line, (int)l.what);
	}
}

static void
other_lines(void **state)
{
	static const char *const t[] = {
		"",
		AT,
		AT "x",
		AT "postfix/smtpd[1]",
		AT "postfix/smtpd[1]: ",
		AT "postfix/smtpd[1]: connect from unknown[192.0.2.1]",
		AT "postfix/smtpd[1]: 3F2A01C9: client=",
		AT "postfix/smtpd[1]: 3F2A01C9: client=x[192.0.2.1",
		AT "postfix/smtpd[1]: : client=x[192.0.2.1]",
		AT "postfix/smtpd[1]: NOQUEUE: client=x[192.0.2.1]",
		AT "postfix/qmgr[1]: 3F2A01C9: from=<a@b.example",
		AT "postfix/qmgr[1]: 3F2A01C9: from=<\"a@b.example",
		AT "postfix/qmgr[1]: 3F2A01C9: removed?",
		AT "postfix/lmtp[1]: 3F2A01C9: to=<c@d.example>, relay=x",
		AT REFUSED "x[192.0.2.1]: 450 4.2.0 Greylisted",
		AT REFUSED "x[192.0.2.1]",
		AT REFUSED,
		AT "postfix/smtpd[1]: NOQUEUE: reject: CONNECT from x[1.2.3.4]:"
		   " 554 x; proto=SMTP",
		AT "policyd-spf[9]: prepend Received-SPF: Fail (mailfrom) "
		   "identity=mailfrom; client-ip=192.0.2.1; "
		   "envelope-from=a@b.example;",
		AT "dovecot: imap-login: Login: user=<x>, rip=192.0.2.1",
	};
	struct maillog_line l;
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(t); i++) {
		if (maillog_read(t[i], strlen(t[i]), &l))
			fail_msg("row %zu: %s", i, t[i]);
		/* every beginning of it, with nothing readable behind */
		for (n = 0; n < strlen(t[i]); n++) {
			char *copy = malloc(n + 1);

			memcpy(copy, t[i], n);
			(void)maillog_read(copy, n, &l);
			free(copy);
		}
	}
}

/* The year of lines without one, over the turn of a year. */
static void
turn_of_the_year(void **state)
{
	static const char *const text[] = {
		"Dec 31 23:59:50 mx postfix/smtpd[1]: AAAAAA: client=x[1.2.3.4]",
		"Dec 31 23:59:50 mx postfix/qmgr[1]: AAAAAA: from=<a@b.example>",
		"Jan  1 00:00:05 mx postfix/lmtp[1]: AAAAAA: to=<c@d.example>, "
		"status=sent",
		"Jan  1 00:00:10 mx postfix/smtpd[1]: BBBBBB: client=x[1.2.3.4]",
		"Jan  1 00:00:10 mx postfix/qmgr[1]: BBBBBB: from=<a@b.example>",
		"Jan  1 00:00:15 mx postfix/lmtp[1]: BBBBBB: to=<c@d.example>, "
		"status=sent",
		"Jan  1 00:00:16 mx postfix/lmtp[1]: BBBBBB: to=<c@d.example>, "
		"status=sent",
		"\xff\xfe\x01 hostile",
	};
	const struct logbook_event *v;
	char at[CLOCK_RFC3339_SIZE];
	struct logbook *b;
	int64_t mtime;
	struct err e;
	size_t i, n;

	(void)state;
	b = logbook_new(&e);
	for (i = 0; i < COUNT(text); i++)
		logbook_line(b, text[i], strlen(text[i]));
	assert_int_equal(
	    clock_parse_rfc3339("2026-01-01T00:00:20Z", &mtime), 0);
	logbook_end_file(b, mtime);
	assert_int_equal(logbook_events(b, &v, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(clock_rfc3339(v[0].at, at), "2025-12-31T23:59:50Z");
	assert_string_equal(clock_rfc3339(v[1].at, at), "2026-01-01T00:00:10Z");
	assert_int_equal(logbook_count(b)->strange, 1);
	logbook_free(b);
}

static void
heap_order(void **state)
{
	struct heap h = { .items = NULL };
	int64_t at, last = -1;
	size_t i, what;

	(void)state;
	for (i = 0; i < 1000; i++)
		assert_int_equal(
		    heap_add(&h, (int64_t)(i * 7919 % 1009), i), 0);
	for (i = 0; i < 1000; i++) {
		assert_true(heap_first(&h, &at, &what));
		assert_true(at >= last);
		assert_int_equal(at, what * 7919 % 1009);
		last = at;
		heap_drop(&h);
	}
	assert_false(heap_first(&h, &at, &what));
	heap_free(&h);
}

static void
interned(void **state)
{
	struct intern in;
	char text[32];
	bool is_new;
	uint32_t i;
	int n;

	(void)state;
	intern_init(&in);
	assert_int_equal(intern_find(&in, "x", 1), UINT32_MAX);
	for (i = 0; i < 5000; i++) {
		n = snprintf(text, sizeof(text), "text %u", i);
		assert_int_equal(intern_add(&in, text, (size_t)n, &is_new), i);
		assert_true(is_new);
	}
	assert_int_equal(intern_add(&in, "text 77 and", 7, &is_new), 77);
	assert_false(is_new);
	assert_int_equal(intern_add(&in, "text 78\0more", 12, NULL), 78);
	assert_int_equal(intern_find(&in, "text 4999", 9), 4999);
	assert_int_equal(intern_find(&in, "text", 4), UINT32_MAX);
	assert_string_equal(intern_text(&in, 4999), "text 4999");
	intern_free(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stamps),
		cmocka_unit_test(lines),
		cmocka_unit_test(other_lines),
		cmocka_unit_test(turn_of_the_year),
		cmocka_unit_test(heap_order),
		cmocka_unit_test(interned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
