/* What the log tells, kept and judged. */
#include "tests/unit/ledger_fix.h"

#include "queuewatch/ledger.h"

static void
test_counts(void **state)
{
	struct fix *x = *state;

	arrive(x, "A1", "", "m1");
	attempt(x, "smtp", "A1", "b@x.example", "deferred (450 no)");
	attempt(x, "smtp", "A1", "b@x.example", "deferred (450 no)");
	attempt(x, "smtp", "A1", "b@x.example", "sent (250 ok)");
	attempt(x, "local", "A1", "b@x.example", "sent (forwarded as B2)");
	attempt(x, "smtp", "A1", "c@x.example", "bounced (550 no)");
	attempt(x, "qmgr", "A1", "c@x.example", "expired (x)");
	say(x, "qmgr[1]: A1: removed");
	say(x, "pickup[1]: A2: uid=0 from=<root>");
	say(x, "smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 550 no");
	assert_int_equal(x->l.counts.received, 2);
	assert_int_equal(x->l.counts.delivered, 1);
	assert_int_equal(x->l.counts.deferred, 2);
	assert_int_equal(x->l.counts.bounced, 1);
	assert_int_equal(x->l.counts.rejected, 1);
	assert_string_equal(ledger_client_of(&x->l, 0, "A2"), "local");
	assert_null(ledger_client_of(&x->l, 0, "A1")); /* removed */
	assert_int_equal(look(x, "log", "")->rule.level, LEVEL_OK);
}

static void
test_who(void **state)
{
	struct fix *x = *state;

	arrive(x, "A1", "eve@home.example", "m1");
	assert_string_equal(
	    ledger_account_of(&x->l, 0, "A1"), "eve@home.example");
	assert_string_equal(ledger_client_of(&x->l, 0, "A1"), "a[192.0.2.1]");
	assert_null(ledger_account_of(&x->l, 0, "A2"));
	/* A queue id that is used again is another message. */
	arrive(x, "A1", "", "m2");
	assert_null(ledger_account_of(&x->l, 0, "A1"));
}

/* Each instance has queue ids of its own, and mail that goes through both. */
static void
test_instances(void **state)
{
	struct fix *x = *state;
	uint64_t out = maillog_instance("mx-out");

	x->names = (struct maillog_names){
		.items = { { "postfix", 0 }, { "out", 0 } }, .n = 2
	};
	x->names.items[1].instance = out;
	arrive(x, "A1", "eve@home.example", "m1");
	x->tag = "out";
	arrive(x, "A1", "kim@home.example", "m1");
	assert_string_equal(
	    ledger_account_of(&x->l, 0, "A1"), "eve@home.example");
	assert_string_equal(
	    ledger_account_of(&x->l, out, "A1"), "kim@home.example");
	x->tag = "postfix";
	attempt(x, "smtp", "A1", "b@x.example", "sent (250 queued as A1)");
	say(x, "qmgr[1]: A1: removed");
	x->tag = "out";
	assert_non_null(ledger_account_of(&x->l, out, "A1"));
	attempt(x, "smtp", "A1", "b@x.example", "sent (250 ok)");
	assert_int_equal(look(x, "duplicates", "")->rule.level, LEVEL_OK);
	/* Twice by one of them is twice. */
	arrive(x, "A2", "", "m1");
	attempt(x, "smtp", "A2", "b@x.example", "sent (250 ok)");
	assert_int_equal(look(x, "duplicates", "")->rule.level, LEVEL_WARNING);
	assert_int_equal(x->l.dead_at, 0);
	attempt(x, "error", "A2", "b@x.example",
	    "deferred (delivery temporarily suspended: no)");
	assert_true(x->l.dead_at != 0 && x->l.dead_instance == out);
}

/* I4: what was stored in spite of an error, and is sent again. */
static void
test_doubles(void **state)
{
	static const char lost[] =
	    "deferred (conversation with store[private/lmtp] timed out while "
	    "sending end of data -- message may be sent more than once)";
	static const char full[] =
	    "deferred (host store[private/lmtp] said: 451 4.3.0 internal (in "
	    "reply to end of DATA command))";
	struct fix *x = *state;
	const struct finding *f;

	arrive(x, "A1", "", "m1");
	attempt(x, "lmtp", "A1", "b@home.example", lost);
	assert_int_equal(look(x, "duplicates", "")->rule.level, LEVEL_OK);
	attempt(x, "lmtp", "A1", "b@home.example", lost);
	f = look(x, "duplicates", "");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_true(f->value == 1);
	assert_non_null(strstr(f->summary, "A1"));
	attempt(x, "lmtp", "A1", "b@home.example", lost); /* still the same */
	assert_true(look(x, "duplicates", "")->value == 1);
	arrive(x, "A2", "", "m2");
	attempt(x, "lmtp", "A2", "b@home.example", full);
	attempt(x, "lmtp", "A2", "b@home.example", "sent (250 ok)");
	assert_true(look(x, "duplicates", "")->value == 2);
	/* the same Message-ID again for the same recipient */
	arrive(x, "A3", "", "m2");
	attempt(x, "lmtp", "A3", "b@home.example", "sent (250 ok)");
	f = look(x, "duplicates", "");
	assert_true(f->value == 3);
	assert_int_equal(x->l.doubles.certain, 1);
	/* for another one it is none; nor is a greylister's answer */
	arrive(x, "A4", "", "m2");
	attempt(x, "lmtp", "A4", "c@home.example", "sent (250 ok)");
	arrive(x, "A5", "", "m5");
	attempt(x, "smtp", "A5", "d@x.example",
	    "deferred (host mx[192.0.2.9] said: 451 4.7.1 greylisted (in reply "
	    "to end of DATA command))");
	attempt(x, "smtp", "A5", "d@x.example", "sent (250 ok)");
	assert_true(look(x, "duplicates", "")->value == 3);
	x->now += 3600;
	assert_int_equal(look(x, "duplicates", "")->rule.level, LEVEL_NOTICE);
	x->now += 86400;
	f = look(x, "duplicates", "");
	assert_int_equal(f->rule.level, LEVEL_OK);
	assert_true(f->value == 0);
}

static void
test_saved_twice(void **state)
{
	struct fix *x = *state;
	struct maillog_event ev;
	static const char *const lines[] = {
		"Oct  2 10:00:00 mx dovecot: lmtp(bob)<1><a>: msgid=<m@x>: "
		"saved mail to INBOX",
		"Oct  2 10:01:00 mx dovecot: lmtp(bob)<2><b>: msgid=<m@x>: "
		"saved mail to INBOX",
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		maillog_parse(lines[i], strlen(lines[i]), &x->dates, NULL, &ev);
		ledger_feed(&x->l, &ev);
		assert_int_equal(x->l.doubles.certain, i);
	}
	assert_string_equal(x->l.doubles.example, "m@x");
}

/* I8: a reply that nobody has seen before. */
static void
test_new_reply(void **state)
{
	struct fix *x = *state;
	const struct finding *f;
	char qid[16], end[256];
	int i;

	for (i = 0; i < 12; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		(void)snprintf(end, sizeof(end), REFUSED, i);
		arrive(x, qid, "", qid);
		attempt(x, "smtp", qid, "b@bank.example", end);
		attempt(x, "smtp", qid, "b@bank.example", end);
		f = look(x, "log", "reply");
		assert_int_equal(
		    f->rule.level, i >= 9 ? LEVEL_WARNING : LEVEL_OK);
	}
	f = look(x, "log", "reply");
	assert_true(f->value == 12);
	assert_non_null(strstr(f->summary, "bank.example"));
	assert_non_null(strstr(f->summary, "450 4.2.0 busy #"));
	assert_non_null(strstr(f->evidence, "bank.example"));
	assert_int_equal(
	    look(x, "log", "destination")->rule.level, LEVEL_WARNING);
	/* once they are through it is over */
	for (i = 0; i < 12; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		attempt(x, "smtp", qid, "b@bank.example", "sent (250 ok)");
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_OK);
	assert_int_equal(look(x, "log", "destination")->rule.level, LEVEL_OK);
}

/* I6: what the operator puts aside is no longer held up by a reply. */
static void
test_held(void **state)
{
	struct fix *x = *state;
	char qid[16], end[256], line[64];
	int i;

	for (i = 0; i < 12; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		(void)snprintf(end, sizeof(end), REFUSED, i);
		arrive(x, qid, "", qid);
		attempt(x, "smtp", qid, "b@bank.example", end);
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_WARNING);
	for (i = 0; i < 12; i++) {
		(void)snprintf(line, sizeof(line),
		    i % 2 == 0 ? "postsuper[1]: A%d: placed on hold"
		               : "postsuper[1]: A%d: requeued",
		    i);
		say(x, "%s", line);
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_OK);
}

static void
test_bounces(void **state)
{
	struct fix *x = *state;
	char qid[16];
	int i;

	/* What was there on arrival is no news. */
	for (i = 0; i < 20; i++) {
		(void)snprintf(qid, sizeof(qid), "C%d", i);
		attempt(x, "smtp", qid, "b@old.example", "bounced (554 old)");
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_OK);
	for (i = 0; i < 5; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		arrive(x, qid, "", qid);
		attempt(x, "smtp", qid, "b@bank.example",
		    "bounced (host mx[192.0.2.9] said: 550 5.7.1 we do not "
		    "relay for you)");
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_WARNING);
	/* a reply that was known yesterday is no news either */
	x->now += 90000;
	for (i = 0; i < 9; i++) {
		(void)snprintf(qid, sizeof(qid), "B%d", i);
		arrive(x, qid, "", qid);
		attempt(x, "smtp", qid, "b@bank.example",
		    "bounced (host mx[192.0.2.9] said: 550 5.7.1 we do not "
		    "relay for you)");
	}
	assert_int_equal(look(x, "log", "reply")->rule.level, LEVEL_OK);
}

/* I9: inside works, outside does not. */
static void
test_outside(void **state)
{
	struct fix *x = *state;
	char qid[16], to[32];
	const struct finding *f;
	int i;

	for (i = 0; i < 30; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		(void)snprintf(to, sizeof(to), "b@x%d.example", i % 5);
		arrive(x, qid, "", qid);
		attempt(x, "smtp", qid, to,
		    "deferred (connect to mx[192.0.2.9]:25: Connection timed "
		    "out)");
	}
	assert_int_equal(look(x, "log", "outside")->rule.level, LEVEL_OK);
	arrive(x, "B1", "", "B1");
	attempt(x, "virtual", "B1", "u@home.example", "sent (maildir)");
	f = look(x, "log", "outside");
	assert_int_equal(f->rule.level, LEVEL_CRITICAL);
	assert_true(f->value == 5);
	attempt(x, "smtp", "A0", "b@y.example", "sent (250 ok)");
	assert_int_equal(look(x, "log", "outside")->rule.level, LEVEL_OK);
}

static void
test_account(void **state)
{
	struct fix *x = *state;
	const struct finding *f;
	char qid[16], to[40];
	int i, day;

	/* ten messages a day */
	for (day = 0; day < 5; day++) {
		for (i = 0; i < 10; i++) {
			(void)snprintf(qid, sizeof(qid), "D%d", i);
			arrive(x, qid, "eve@home.example", qid);
			attempt(x, "smtp", qid, "b@x.example", "sent (ok)");
			x->now += 3600;
		}
		x->now += 14 * 3600;
	}
	assert_int_equal(look(x, "log", "account")->rule.level, LEVEL_OK);
	for (i = 0; i < 100; i++) {
		(void)snprintf(qid, sizeof(qid), "S%d", i);
		(void)snprintf(to, sizeof(to), "b@victim%d.example", i);
		arrive(x, qid, "eve@home.example", qid);
		attempt(x, "smtp", qid, to,
		    i % 2 ? "bounced (550 no such user)" : "sent (ok)");
	}
	f = look(x, "log", "account");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_non_null(strstr(f->summary, "home.example"));
	assert_null(strstr(f->summary, "eve@")); /* by default domains alone */
	x->config.evidence = EVIDENCE_ADDRESSES;
	assert_non_null(strstr(look(x, "log", "account")->summary, "eve@"));
	x->now += 7200;
	assert_int_equal(look(x, "log", "account")->rule.level, LEVEL_OK);
}

static void
test_filter(void **state)
{
	static const struct {
		const char *filter, *relay, *end;
		bool is;
	} t[] = {
		{ "smtp:[127.0.0.1]:10025", "127.0.0.1[127.0.0.1]:10025",
		    "sent (ok)", true },
		{ "smtp:[127.0.0.1]:10025", "127.0.0.1[127.0.0.1]:10026",
		    "sent (ok)", false },
		{ "smtp:[127.0.0.1]:10025", "none",
		    "deferred (connect to 127.0.0.1[127.0.0.1]:10025: "
		    "Connection refused)",
		    true },
		{ "smtp:[127.0.0.1]:1002", "none",
		    "deferred (connect to 127.0.0.1[127.0.0.1]:10025: "
		    "Connection refused)",
		    false },
		{ "scan:localhost:10025", "localhost[::1]:10025", "sent (ok)",
		    true },
		{ "scan:localhost:10025", "xlocalhost[::1]:10025", "sent (ok)",
		    false },
		{ "spamd:dummy", "spamd", "sent (ok)", true },
		{ "spamd:", "other", "sent (ok)", false },
		{ "", "none", "sent (ok)", false },
	};
	struct fix *x = *state;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		double before = x->l.filter.tried;

		ledger_set_filter(&x->l, t[i].filter);
		say(x,
		    "smtp[1]: A%zu: to=<b@x.example>, relay=%s, delay=1, "
		    "delays=0/0/0/1, dsn=2.0.0, status=%s",
		    i, t[i].relay, t[i].end);
		if ((x->l.filter.tried > before) != t[i].is)
			fail_msg("row %zu", i);
	}
}

static void
test_faults(void **state)
{
	struct fix *x = *state;
	const struct finding *f;

	say(x,
	    "cleanup[1]: warning: AB12: write queue file: No space left on "
	    "device");
	f = look(x, "log", "");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_non_null(strstr(f->summary, "no space left"));
	x->now += 300; /* nothing says that it is over */
	assert_int_equal(look(x, "log", "")->rule.level, LEVEL_WARNING);
	arrive(x, "A1", "", "m");
	attempt(x, "virtual", "A1", "u@home.example", "sent (maildir)");
	assert_int_equal(look(x, "log", "")->rule.level, LEVEL_OK);
	(void)snprintf(x->status.why, sizeof(x->status.why), "No log.");
	assert_int_equal(look(x, "log", "")->rule.level, LEVEL_UNKNOWN);
	assert_int_equal(look(x, "duplicates", "")->rule.level, LEVEL_UNKNOWN);
}

static void
test_kept(void **state)
{
	struct fix *x = *state;
	struct ledger other;
	char qid[16];
	json_t *kept;
	int i;

	for (i = 0; i < 20; i++) {
		(void)snprintf(qid, sizeof(qid), "A%d", i);
		arrive(x, qid, "eve", qid);
		attempt(x, "smtp", qid, "b@x.example", "bounced (554 \xff no)");
	}
	kept = ledger_save(&x->l);
	assert_int_equal(ledger_init(&other), 0);
	ledger_load(&other, kept);
	assert_non_null(slots_find(&other.accounts, slots_hash("eve", 3)));
	assert_int_equal(json_array_size(json_object_get(kept, "replies")), 1);
	json_decref(kept);
	ledger_load(&other, NULL);
	ledger_free(&other);
}

static const char *
whole(const char *name)
{
	return name;
}

static const char *
of_domain(const char *name)
{
	return strchr(name, '@') + 1;
}

/* What mailboxes got, of what stayed here; a day later a third counts. */
static void
test_growers(void **state)
{
	static const struct {
		const char *program, *to, *end;
		int size;
	} t[] = { { "virtual", "a@home.example", "sent (ok)", 3000 },
		{ "lmtp", "A@home.example", "sent (ok)", 2000 },
		{ "local", "b@home.example", "sent (ok)", 1000 },
		{ "virtual", "c@far.example", "sent (ok)", 4000 },
		{ "smtp", "d@home.example", "sent (ok)", 90000 },
		{ "virtual", "a@home.example", "deferred (full)", 90000 },
		{ "local", "e@home.example", "sent (forwarded as X)", 90000 } };
	struct fix *x = *state;
	struct ledger_growers g;
	char qid[8];
	size_t i;

	ledger_growers(&x->l, x->now, whole, &g);
	assert_int_equal(g.n, 0);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(qid, sizeof(qid), "A%zu", i);
		say(x,
		    "qmgr[1]: %s: from=<s@x.example>, size=%d, nrcpt=1 "
		    "(queue active)",
		    qid, t[i].size);
		attempt(x, t[i].program, qid, t[i].to, t[i].end);
	}
	ledger_growers(&x->l, x->now, whole, &g);
	assert_int_equal(g.n, 3);
	assert_true(g.bytes == 10000);
	assert_string_equal(g.items[0].name, "a@home.example");
	assert_true(g.items[0].bytes == 5000 && g.items[1].bytes == 4000);
	ledger_growers(&x->l, x->now, of_domain, &g);
	assert_int_equal(g.n, 2);
	assert_string_equal(g.items[0].name, "home.example");
	assert_true(g.items[0].bytes == 6000);
	ledger_growers(&x->l, x->now + 86400, whole, &g);
	assert_true(g.bytes > 3600 && g.bytes < 3700);
}

/* However much comes, no more is kept; the tables stay whole. */
static void
test_bounded(void **state)
{
	struct fix *x = *state;
	char qid[16], to[40], end[80];
	int i;

	for (i = 0; i < 100000; i++) {
		(void)snprintf(qid, sizeof(qid), "Q%d", i);
		(void)snprintf(to, sizeof(to), "b@x%d.example", i);
		(void)snprintf(end, sizeof(end), "deferred (%c%c%c)",
		    'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
		arrive(x, qid, qid, qid);
		attempt(x, "smtp", qid, to, end);
	}
	assert_int_equal(x->l.counts.received, 100000);
	assert_non_null(ledger_account_of(&x->l, 0, "Q99999"));
	assert_null(ledger_account_of(&x->l, 0, "Q1"));
	(void)look(x, "log", "reply");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_who, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_instances, setup, teardown),
		cmocka_unit_test_setup_teardown(test_doubles, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_saved_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    test_new_reply, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounces, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_account, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_growers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
	};

	(void)setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
