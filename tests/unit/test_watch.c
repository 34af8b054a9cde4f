/* Postfix's facts, what the state keeps, and what the operator is told. */
#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/check_queue.h"
#include "queuewatch/facts.h"
#include "queuewatch/state.h"
#include "queuewatch/tell.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_facts(void **state)
{
	static const char text[] = "queue_directory = /var/spool/postfix\n"
	                           "message_size_limit = 20480000\n"
	                           "queue_minfree = 0\n"
	                           "queue_run_delay = 5m\n"
	                           "maximal_backoff_time = 2h\n"
	                           "minimal_backoff_time = nonsense\n"
	                           "home_mailbox = Maildir/\n"
	                           "enable_long_queue_ids = yes\n"
	                           "mail_spool_directory =\n"
	                           "queue_directory_other = /x\n"
	                           "maillog_file = \n";
	struct facts f;
	struct err e;

	(void)state;
	assert_int_equal(facts_parse(text, &f, &e), 0);
	assert_string_equal(f.queue_directory, "/var/spool/postfix");
	assert_int_equal(f.message_size_limit, 20480000);
	assert_int_equal(f.queue_run_delay, 300);
	assert_int_equal(f.maximal_backoff, 7200);
	assert_int_equal(f.minimal_backoff, 300);
	assert_true(f.homes);
	assert_true(f.long_queue_ids);
	assert_string_equal(f.mail_spool_directory, "");
	assert_string_equal(f.maillog_file, "");
	assert_int_equal(facts_floor(&f), 30720000);
	f.queue_minfree = 40000000;
	assert_int_equal(facts_floor(&f), 40000000);
	f.message_size_limit = 0;
	assert_int_equal(facts_floor(&f), 40000000);
	f.message_size_limit = INT64_MAX;
	assert_true(facts_floor(&f) > INT64_MAX / 3);
	assert_int_equal(facts_parse("", &f, &e), -1);
	assert_int_equal(facts_parse("queue_directory = x\n", &f, &e), -1);
	assert_int_equal(facts_parse("queue_directory = /x\n", &f, &e), 0);
	assert_int_equal(facts_floor(&f), 15360000);
	assert_int_equal(f.queue_run_delay, 300);
	assert_false(f.long_queue_ids);
}

/* The state file: what was whole last is what is read. */
static char path[] = "/tmp/mg-state-XXXXXX";

static void
expect(struct state *s, const char *want)
{
	struct buf b;

	buf_init(&b, STATE_MOST);
	assert_int_equal(state_load(s, &b), want != NULL);
	if (want != NULL)
		assert_string_equal(buf_text(&b), want);
	buf_free(&b);
}

static void
spoil(long at)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, "\xff\xff", 2, at), 2);
	(void)close(fd);
}

static void
test_state_file(void **state)
{
	struct state *s;
	struct buf b;
	struct err e;
	int fd = mkstemp(path);

	(void)state;
	assert_int_not_equal(fd, -1);
	(void)close(fd);
	(void)unlink(path);
	s = state_open(path, &e);
	assert_non_null(s);
	expect(s, NULL);
	assert_null(state_open(path, &e)); /* locked */
	assert_int_equal(state_save(s, "one", 3, &e), 0);
	expect(s, "one");
	assert_int_equal(state_save(s, "two", 3, &e), 0);
	state_close(s);
	s = state_open(path, &e);
	expect(s, "two");
	assert_int_equal(state_save(s, "three", 5, &e), 0);
	buf_init(&b, STATE_MOST);
	assert_int_equal(state_peek(path, &b, &e), 1);
	assert_string_equal(buf_text(&b), "three");
	buf_free(&b);
	/* The third generation is in the slot behind the first; tear it. */
	spoil((long)STATE_MOST + 32 + 32 + 1);
	expect(s, "two");
	assert_int_equal(state_save(s, "four", 4, &e), 0);
	expect(s, "four");
	spoil(0);
	spoil((long)STATE_MOST + 32);
	expect(s, NULL);
	state_close(s);
	assert_int_equal(state_peek("/nonexistent/state", &b, &e), -1);
	(void)unlink(path);
}

/* Which changes wait to be told, and which statusd has taken over. */
static struct finding *
at_level(struct findings *fs, const char *check, const char *subject,
    enum level level)
{
	struct finding *f = finding_get(fs, check, subject);

	f->rule.level = level;
	f->rule.since = 1000;
	finding_say(f, "said");
	return f;
}

static void
test_tell(void **state)
{
	static struct findings fs;
	static struct tell t, again;
	json_t *saved;

	(void)state;
	(void)at_level(&fs, "queue", "", LEVEL_OK);
	(void)at_level(&fs, "disk", "/var/vmail", LEVEL_OK);
	tell_note(&t, &fs, 1, 1000, 1020);
	assert_int_equal(t.n, 0);
	(void)at_level(&fs, "queue", "", LEVEL_WARNING);
	(void)at_level(&fs, "queue", "deferred", LEVEL_WARNING);
	tell_note(&t, &fs, 2, 1010, 1030);
	assert_int_equal(t.n, 1); /* the sum speaks for its parts */
	assert_string_equal(t.items[0]->check, "queue");
	assert_int_equal(t.items[0]->was, LEVEL_OK);
	assert_int_equal(t.items[0]->number, 1);
	tell_note(&t, &fs, 3, 1020, 1040);
	assert_int_equal(t.n, 1); /* nothing new */
	(void)at_level(&fs, "disk", "/var/vmail", LEVEL_UNKNOWN);
	tell_note(&t, &fs, 4, 1030, 1050);
	assert_int_equal(t.n, 1); /* unknown is no change of level */
	(void)at_level(&fs, "disk", "/var/vmail", LEVEL_CRITICAL);
	tell_note(&t, &fs, 5, 1040, 1060);
	assert_int_equal(t.n, 2);
	assert_int_equal(tell_next(&t), 1030);
	tell_accepted(&t, 1);
	assert_int_equal(t.n, 2);
	tell_accepted(&t, 4);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.items[0]->subject, "/var/vmail");
	saved = tell_save(&t);
	tell_load(&again, saved);
	json_decref(saved);
	assert_int_equal(again.n, 1);
	assert_int_equal(again.items[0]->level, LEVEL_CRITICAL);
	assert_int_equal(again.items[0]->was, LEVEL_OK);
	assert_int_equal(again.items[0]->seq, 5);
	assert_int_equal(again.items[0]->due, 1060);
	assert_string_equal(again.items[0]->summary, "said");
	tell_free(&t);
	tell_free(&again);
	findings_free(&fs);
}

/* What the rules remember survives; what was never looked at is not shown. */
static void
test_findings(void **state)
{
	static struct findings fs, again;
	struct report r = { 0 };
	struct finding *f;
	json_t *saved;

	(void)state;
	f = at_level(&fs, "queue", "", LEVEL_WARNING);
	f->rule.above[LEVEL_WARNING] = 7;
	f->arrival[0] = (struct rule_arrival){ .set = true, .base = 600 };
	f->told = LEVEL_WARNING;
	f->told_times = 3;
	(void)at_level(&fs, "disk", "/gone", LEVEL_OK);
	saved = findings_save(&fs);
	findings_load(&again, saved);
	json_decref(saved);
	assert_int_equal(again.n, 2);
	f = finding_look(&again, "queue", "");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_int_equal(f->rule.since, 1000);
	assert_int_equal(f->rule.above[LEVEL_WARNING], 7);
	assert_true(f->arrival[0].set);
	assert_false(f->arrival[1].set);
	assert_true(f->arrival[0].base == 600);
	assert_int_equal(f->told, LEVEL_WARNING);
	assert_int_equal(f->told_times, 3);
	assert_false(findings_urgent(&again));
	assert_int_equal(findings_view(&again, &r), 0);
	assert_int_equal(r.n_findings, 0);
	free(r.findings);
	r = (struct report){ 0 };
	findings_mark(&again);
	(void)at_level(&again, "queue", "", LEVEL_CRITICAL);
	assert_true(findings_urgent(&again));
	findings_reported(&again);
	assert_false(findings_urgent(&again));
	assert_int_equal(findings_view(&again, &r), 0);
	assert_int_equal(r.n_findings, 1);
	free(r.findings);
	findings_sweep(&again);
	assert_int_equal(again.n, 1);
	findings_free(&again);
	findings_free(&fs);
}

/* From passes to findings: what a person reads. */
static void
test_queue_words(void **state)
{
	static struct findings fs;
	static struct trend trends[QUEUE_SUBJECTS];
	static const struct rule_policy policy = { 1, 1 };
	struct config c = { .queue = { 100, 1000, 1800, 7200 } };
	struct queue_view v = {
		.config = &c, .policy = &policy, .trends = trends
	};
	struct scan_result r;
	const struct finding *f;
	int64_t i, k;

	(void)state;
	for (i = 0; i < QUEUE_SUBJECTS; i++)
		trend_init(&trends[i]);
	memset(&r, 0, sizeof(r));
	for (i = 0; i <= 6; i++) {
		v.now = 100000 + i * 10;
		v.now_ms = v.now * 1000;
		r.queue[SCAN_DEFERRED].messages = 600 - i * 50;
		r.queue[SCAN_DEFERRED].oldest = 100000 - 3600;
		r.queue[SCAN_HOLD].messages = 1;
		queue_check(&fs, &v, &r);
	}
	f = finding_look(&fs, "queue", "");
	assert_int_equal(f->rule.level, LEVEL_NOTICE);
	assert_string_equal(f->summary,
	    "300 messages wait, the oldest for 1 h 1 min; falling, empty in "
	    "1 min; found on arrival.");
	f = finding_look(&fs, "queue", "hold");
	assert_string_equal(f->summary, "1 message on hold.");
	assert_int_equal(f->rule.level, LEVEL_OK);
	for (k = 1; k <= 40; k++) {
		v.now += 10;
		v.now_ms = v.now * 1000;
		r.queue[SCAN_DEFERRED].messages = 300 + k * 10;
		queue_check(&fs, &v, &r);
	}
	f = finding_look(&fs, "queue", "deferred");
	assert_int_equal(f->rule.level, LEVEL_WARNING);
	assert_non_null(strstr(f->summary, "growing by 60 a minute"));
	r.queue[SCAN_ACTIVE].fault = EACCES;
	queue_check(&fs, &v, &r);
	f = finding_look(&fs, "queue", "");
	assert_int_equal(f->rule.level, LEVEL_UNKNOWN);
	assert_false(f->has_value);
	assert_string_equal(
	    f->summary, "There is no right to look at the queue active.");
	assert_int_equal(queue_sum(&r), -1);
	findings_free(&fs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_state_file),
		cmocka_unit_test(test_tell),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_queue_words),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
