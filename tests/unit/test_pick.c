/* Which messages are meant; what is held; a trace; what is explained. */
#include "lib/buf.h"
#include "lib/err.h"
#include "queuewatch/explain.h"
#include "queuewatch/held.h"
#include "queuewatch/pick.h"
#include "queuewatch/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void
test_matches(void **state)
{
	static const struct {
		const char *option, *value;
		bool want;
	} t[] = {
		{ "--sender", "eve@home.example", true },
		{ "--sender", "EVE@Home.Example", true },
		{ "--sender", "ve@home.example", false },
		{ "--sender", "home.example", true },
		{ "--sender", "@home.example", true },
		{ "--sender", "@example", true },
		{ "--sender", "ome.example", false },
		{ "--sender", "<>", false },
		{ "--recipient", "bob@mail.dest.example", true },
		{ "--recipient", "dest.example", true },
		{ "--recipient", "bob@dest.example", false },
		{ "--destination", "dest.example", true },
		{ "--destination", "mail.dest.example", true },
		{ "--destination", "other.example", false },
		{ "--reason", "mailbox BUSY", true },
		{ "--reason", "try again in # seconds", true },
		{ "--reason", "in 17 seconds", true },
		{ "--reason", "in 18 seconds", false },
		{ "--sasl", "eve", true },
		{ "--sasl", "ev", false },
		{ "--client", "a.example[192.0.2.1]", true },
		{ "--client", "a.example", true },
		{ "--client", "192.0.2.1", true },
		{ "--client", "192.0.2", false },
		{ "--client", "example", false },
		{ "--age", "1h", true },
		{ "--age", "1min", true },
		{ "--age", "2h", false },
	};
	static struct showq_entry m = { .queue = "deferred",
		.id = "AB12",
		.arrived = 1000,
		.sender = "eve@home.example",
		.recipient = "bob@mail.dest.example",
		.reason = "450 4.2.0 mailbox busy, try again in 17 seconds" };
	const struct whose_entry who = { .client = "a.example[192.0.2.1]",
		.sasl = "eve" };
	struct err e;
	size_t i;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		struct pick p = { 0 };

		assert_true(pick_is_empty(&p));
		assert_int_equal(
		    pick_option(&p, t[i].option, t[i].value, &e), 1);
		assert_false(pick_is_empty(&p));
		if (pick_matches(&p, &m, &who, 1000 + 3600) != t[i].want)
			fail_msg("%s %s", t[i].option, t[i].value);
		if (pick_needs_log(&p))
			assert_false(pick_matches(&p, &m, NULL, 4600));
	}
	for (i = 0; i < 2; i++) {
		struct pick p = { 0 };

		assert_int_equal(
		    pick_option(&p, "--age", i ? "soon" : "0s", &e), -1);
		assert_int_equal(
		    pick_option(&p, "--sasl", i ? "" : NULL, &e), -1);
		assert_int_equal(pick_option(&p, "--moon", "x", &e), 0);
	}
}

/* All conditions must hold. */
static void
test_matches_all(void **state)
{
	static struct showq_entry m = { .sender = "a@x.example",
		.recipient = "b@y.example" };
	struct pick p = { .sender = "x.example", .destination = "y.example" };

	(void)state;
	assert_true(pick_matches(&p, &m, NULL, 0));
	p.destination = "z.example";
	assert_false(pick_matches(&p, &m, NULL, 0));
}

static void
test_held(void **state)
{
	char dir[] = "/tmp/mailglance-held-XXXXXX", path[64];
	struct buf ids;
	struct err e;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/held", dir);
	buf_init(&ids, 100000);
	assert_int_equal(held_add(path, "A1\nA2\n", 1000, 0, &e), 0);
	assert_int_equal(held_add(path, "B1\nB2\nB3\n", 2000, 3000, &e), 0);
	/* what is not a line of ours is passed over */
	f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs("junk\n9 9 9 ../../etc\n9 9 x C1\n", f) >= 0);
	(void)fclose(f);
	assert_int_equal(held_due(path, 2999, 10, &ids, &e), 0);
	assert_int_equal(held_due(path, 3000, 2, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "B1\nB2\n");
	buf_reset(&ids);
	assert_int_equal(held_undo(path, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "B3\n");
	assert_int_equal(held_forget(path, "A2\nX9\n", &e), 0);
	buf_reset(&ids);
	assert_int_equal(held_undo(path, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "A1\n");
	buf_reset(&ids);
	assert_int_equal(held_undo(path, &ids, &e), 0);
	/* an instance's messages are its own */
	assert_int_equal(
	    held_add(path, "E1\nE1 mx-out\nE2 mx-out\n", 1000, 0, &e), 0);
	f = fopen(path, "a");
	assert_non_null(f);
	assert_true(fputs("9 9 0 E9 \n9 9 0 E9 a b\n9 9 0  E9\n", f) >= 0);
	(void)fclose(f);
	assert_int_equal(held_forget(path, "E1 mx-out\nE2\n", &e), 0);
	assert_int_equal(held_undo(path, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "E1\nE2 mx-out\n");
	buf_reset(&ids);
	/* the undo list ends after a month, what is due does not */
	assert_int_equal(held_add(path, "D1\n", 1000, 0, &e), 0);
	assert_int_equal(held_add(path, "D2\n", 1000, 9000000, &e), 0);
	assert_int_equal(held_add(path, "D3\n", 5000000, 0, &e), 0);
	assert_int_equal(held_undo(path, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "D3\n");
	buf_reset(&ids);
	assert_int_equal(held_undo(path, &ids, &e), 1);
	assert_string_equal(buf_text(&ids), "D2\n");
	buf_reset(&ids);
	assert_int_equal(held_undo(path, &ids, &e), 0);
	buf_free(&ids);
	(void)unlink(path);
	/* a link is not followed */
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(held_add(path, "A1\n", 1, 0, &e), -1);
	(void)unlink(path);
	assert_int_equal(rmdir(dir), 0);
}

static void
test_trace(void **state)
{
	static const struct slice tag = { "postfix/smtp", 12 };
	static const struct slice text = { "A1: \xff\0 \xc3\xa4", 9 };
	static struct trace_point p;
	static struct trace_item q;
	json_t *learned = json_pack("{s:i}", "x", 5);
	struct buf b;
	struct err e;

	(void)state;
	p.at_ms = 1795299100123;
	p.floor_bytes = 15360000;
	p.n_queues = 2;
	p.queues[0].known = p.queues[1].known = true;
	p.queues[0].scan.queue[SCAN_DEFERRED].messages = 42;
	p.queues[0].scan.queue[SCAN_DEFERRED].oldest = 1795290000;
	p.queues[0].scan.queue[SCAN_DEFERRED].ages[9] = 42;
	(void)snprintf(p.queues[1].name, sizeof(p.queues[1].name), "mx-out");
	p.queues[1].scan.queue[SCAN_HOLD].messages = 7;
	causes_add(
	    &p.queues[1].causes, CAUSE_SENDER, "b.example", 0.25, "later");
	p.names.n = 2;
	(void)snprintf(
	    p.names.items[0].tag, sizeof(p.names.items[0].tag), "postfix");
	(void)snprintf(
	    p.names.items[1].tag, sizeof(p.names.items[1].tag), "out");
	p.names.items[1].instance = maillog_instance("mx-out");
	p.n_disks = 1;
	(void)snprintf(
	    p.disks[0].disk.path, sizeof(p.disks[0].disk.path), "/var/\"x\"");
	p.disks[0].sample.used = 0.75;
	p.disks[0].sample.free_bytes = 123;
	p.has_log = true;
	p.queues[0].active_limit = 20000;
	(void)snprintf(p.source, sizeof(p.source), "journal");
	(void)snprintf(p.filter, sizeof(p.filter), "smtp:[127.0.0.1]:10025");
	causes_add(
	    &p.queues[0].causes, CAUSE_DESTINATION, "jam.example", 0.5, "busy");
	causes_add(&p.queues[0].causes, CAUSE_SASL, "a@b.example", 0.25, "");
	buf_init(&b, 65536);
	trace_compose(&p, &b);
	assert_int_equal(trace_parse(buf_text(&b), b.len, &q, &e), 0);
	assert_int_equal(q.kind, TRACE_POINT);
	assert_memory_equal(&p, &q.point, sizeof(p));
	trace_free(&q);
	buf_reset(&b);
	trace_compose_line(tag, text, 77, 78000, &b);
	assert_int_equal(trace_parse(buf_text(&b), b.len, &q, &e), 0);
	assert_int_equal(q.kind, TRACE_LINE);
	assert_int_equal(q.line.at, 77);
	assert_true(slice_is(q.line.tag, "postfix/smtp"));
	assert_true(
	    slice_is(q.line.text, "A1: \xef\xbf\xbd\xef\xbf\xbd \xc3\xa4"));
	trace_free(&q);
	buf_reset(&b);
	trace_compose_learned(learned, 78000, &b);
	assert_int_equal(trace_parse(buf_text(&b), b.len, &q, &e), 0);
	assert_int_equal(q.kind, TRACE_LEARNED);
	assert_int_equal(
	    json_integer_value(json_object_get(q.learned, "x")), 5);
	trace_free(&q);
	json_decref(learned);
	buf_free(&b);
	assert_int_equal(
	    trace_parse("{\"at_ms\":5,\"line\":{}}", 22, &q, &e), -1);
	assert_int_equal(trace_parse("{}", 2, &q, &e), -1);
	assert_int_equal(trace_parse("x", 1, &q, &e), -1);
	assert_int_equal(trace_parse("{\"at_ms\":5}", 11, &q, &e), 0);
	assert_int_equal(q.point.n_queues, 1);
	assert_false(q.point.queues[0].known);
	trace_free(&q);
}

static void
test_explained(void **state)
{
	static const char *const checks[] = { "queue", "stuck", "duplicates",
		"disk", "log", "service", "certificate", "canary", "blocklist",
		"lost", "remedy", "self" };
	size_t i;

	(void)state;
	/* Each says what to look at, not only what it is. */
	for (i = 0; i < LEN(checks); i++) {
		assert_non_null(explain_text(checks[i], "x"));
		assert_true(strlen(explain_text(checks[i], "x")) > 120);
	}
	assert_ptr_not_equal(
	    explain_text("log", ""), explain_text("log", "filter"));
	assert_null(explain_text("moon", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_matches_all),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_trace),
		cmocka_unit_test(test_explained),
	};

	return cmocka_run_group_tests_name("pick", tests, NULL, NULL);
}
