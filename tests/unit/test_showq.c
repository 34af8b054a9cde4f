/* showq's list, and reasons folded into templates. */
#include "queuewatch/cause.h"
#include "queuewatch/showq.h"
#include "queuewatch/template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static void
test_templates(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ "", "" },
		{ "connect to mx.example.org[192.0.2.1]:25: Connection timed "
		  "out",
		    "connect: Connection timed out" },
		{ "connect to mx.example.org[2001:db8::1]:25: Connection "
		  "refused",
		    "connect: Connection refused" },
		{ "host mx.example.org[192.0.2.1] said: 450 4.2.0 "
		  "<a@example.org>: busy, id 4f3a91bc (in reply to RCPT TO "
		  "command)",
		    "450 4.2.0 *: busy, id # (in reply to RCPT TO command)" },
		{ "host mx[192.0.2.1] refused to talk to me: 421 4.7.0 try "
		  "again later",
		    "refused to talk to me: 421 4.7.0 try again later" },
		{ "lost connection with mx[192.0.2.1] while receiving the "
		  "initial server greeting",
		    "lost connection while receiving the initial server "
		    "greeting" },
		{ "conversation with mx[192.0.2.1] timed out while sending "
		  "RCPT TO",
		    "conversation timed out while sending RCPT TO" },
		{ "Host or domain name not found. Name service error for "
		  "name=example.org type=MX: Host not found, try again",
		    "Host or domain name not found. Name service error for "
		    "name=* type=MX: Host not found, try again" },
		{ "451 4.7.1 Greylisted, try again in 287 seconds",
		    "451 4.7.1 Greylisted, try again in # seconds" },
		{ "451 4.7.1 Greylisted, try again in 12 seconds",
		    "451 4.7.1 Greylisted, try again in # seconds" },
		{ "552 5.2.2 over quota, see https://example.org/q?u=1 please",
		    "552 5.2.2 over quota, see * please" },
		{ "from 192.0.2.1 or 2001:db8::5", "from * or *" },
		{ "4f3a91bc 12345 1.2", "# # *" },
		{ "disk full", "disk full" },
		{ "a\033[31mred\n\x7f\xff\xc3\xa9", "* ??\xc3\xa9" },
		{ "  two   blanks  ", "two blanks" },
		{ "status=sent (250 2.0.0 Ok: queued as 4jX5C75v5Gz1bw7C)",
		    "status=sent (250 2.0.0 Ok: queued as #)" },
	};
	char out[TEMPLATE_SIZE], longer[1000];
	size_t i;

	(void)state;
	for (i = 0; i < LEN(t); i++) {
		(void)template_fold(t[i].text, out);
		if (strcmp(out, t[i].want) != 0)
			fail_msg("\"%s\": \"%s\"", t[i].text, out);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(strlen(template_fold(longer, out)), TEMPLATE_SIZE - 1);
	/* cut between characters, never in one */
	for (i = 0; i < sizeof(longer) - 2; i += 2)
		memcpy(longer + i, "\xc3\xa9", 2);
	longer[sizeof(longer) - 2] = '\0';
	assert_int_equal(strlen(template_fold(longer, out)) % 2, 0);
}

/* As Postfix 3.7 sends it; 3.4 without the first record. */
static const char list[] =
    "protocol\0mail_queue_list_protocol\0\0"
    "queue_name\0deferred\0queue_id\0004jX5sN4xkjz1cQ1c\0time\0001795298824\0"
    "size\000355\0forced_expire\0000\0sender\0office@home.example\0"
    "recipient\0a@jam.example\0reason\0host 127.0.0.1 said: 450\0\0"
    "queue_name\0active\0queue_id\0ABC\0time\00012\0size\0001\0sender\0\0"
    "new_thing\0x\0recipient\0b@x.example\0recipient\0c@x.example\0"
    "reason\0why\0orig_address\0d@x.example\0\0\0";

struct seen {
	char text[1000];
};

static void
see(const struct showq_entry *m, void *arg)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n,
	    "%s %s %lld %lld <%s> <%s> %s\n", m->queue, m->id,
	    (long long)m->arrived, (long long)m->size, m->sender, m->recipient,
	    m->reason);
}

static void
test_list(void **state)
{
	static const char want[] =
	    "deferred 4jX5sN4xkjz1cQ1c 1795298824 355 <office@home.example> "
	    "<a@jam.example> host 127.0.0.1 said: 450\n"
	    "active ABC 12 1 <> <b@x.example> \n"
	    "active ABC 12 1 <> <c@x.example> why\n";
	static const size_t old = sizeof("protocol") +
	    sizeof("mail_queue_list_protocol") + 1;
	struct showq_parser p;
	struct seen seen;
	size_t step, i, from;

	(void)state;
	for (from = 0; from <= old; from += old) {
		for (step = 1; step < sizeof(list); step += 7) {
			seen.text[0] = '\0';
			showq_begin(&p, see, &seen);
			for (i = from; i < sizeof(list) - 1; i += step) {
				assert_false(p.ended);
				showq_feed(&p, list + i,
				    i + step < sizeof(list) - 1
				        ? step
				        : sizeof(list) - 1 - i);
			}
			assert_true(p.ended);
			assert_string_equal(seen.text, want);
		}
	}
	/* cut off: not ended */
	seen.text[0] = '\0';
	showq_begin(&p, see, &seen);
	showq_feed(&p, list, sizeof(list) - 2);
	assert_false(p.ended);
	/* an empty queue of old and of new */
	showq_begin(&p, see, &seen);
	showq_feed(&p, "\0", 1);
	assert_true(p.ended);
	showq_begin(&p, see, &seen);
	showq_feed(&p, list, old);
	assert_false(p.ended);
	showq_feed(&p, "\0", 1);
	assert_true(p.ended);
}

static void
test_long_values(void **state)
{
	static char big[3 * SHOWQ_VALUE];
	struct showq_parser p;
	struct seen seen = { "" };

	(void)state;
	memset(big, 'x', sizeof(big));
	showq_begin(&p, see, &seen);
	showq_feed(&p, "sender", 7);
	showq_feed(&p, big, sizeof(big));
	showq_feed(&p, "", 1);
	assert_int_equal(strlen(p.entry.sender), SHOWQ_VALUE - 1);
	showq_feed(&p, big, sizeof(big)); /* a name */
	showq_feed(&p, "\0v\0\0\0", 5);
	assert_true(p.ended);
}

static void
test_tally(void **state)
{
	struct tally *t = tally_new(8192);
	struct tally_row rows[4];
	char name[32];
	int i;

	(void)state;
	assert_int_equal(tally_top(t, rows, 4), 0);
	for (i = 0; i < 10; i++)
		tally_add(t, i % 2 ? "b" : "a", i < 7 ? "x" : "y");
	tally_add(t, "a", "");
	assert_int_equal(tally_total(t), 11);
	assert_int_equal(tally_top(t, rows, 4), 2);
	assert_string_equal(rows[0].name, "a");
	assert_int_equal(rows[0].count, 6);
	assert_true(rows[0].share > 0.54 && rows[0].share < 0.55);
	assert_string_equal(rows[0].reason, "x");
	assert_int_equal(rows[1].count, 5);
	assert_int_equal(tally_top(t, rows, 1), 1);
	/* many rare names push no frequent one out, and the table is bounded */
	for (i = 0; i < 100000; i++) {
		(void)snprintf(name, sizeof(name), "rare%d", i);
		tally_add(t, name, "");
		if (i % 10 == 0)
			tally_add(t, "often", "r");
	}
	assert_int_equal(tally_top(t, rows, 4), 4);
	assert_string_equal(rows[0].name, "often");
	assert_in_range(rows[0].count, 10000, 10000 + 20);
	tally_reset(t);
	assert_int_equal(tally_total(t), 0);
	assert_int_equal(tally_top(t, rows, 4), 0);
	tally_free(t);
}

static void
test_causes(void **state)
{
	struct tally *t[CAUSE_KINDS] = { tally_new(8192), tally_new(8192), NULL,
		tally_new(8192) };
	struct showq_entry m = { .sender = "" };
	char name[TALLY_NAME];
	struct causes c;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		tally_add(t[CAUSE_DESTINATION],
		    i < 71       ? "example.org"
		        : i < 97 ? "other.example"
		                 : "little.example",
		    i < 71 ? "connect: Connection timed out" : "");
		tally_add(
		    t[CAUSE_SENDER], i < 90 ? "a.example" : "b.example", "");
		tally_add(t[CAUSE_REASON],
		    i < 71 ? "connect: Connection timed out" : "(none)", "");
	}
	causes_of(t, &c);
	assert_int_equal(c.n, 5);
	assert_string_equal(c.items[0].row.name, "a.example");
	assert_int_equal(c.items[1].by, CAUSE_DESTINATION);
	assert_string_equal(c.items[1].row.name, "example.org");
	assert_string_equal(
	    c.items[1].row.reason, "connect: Connection timed out");
	assert_int_equal(c.items[2].by, CAUSE_REASON);
	assert_string_equal(c.items[3].row.name, "other.example");
	assert_string_equal(c.items[3].row.reason, "");
	for (i = 0; i < CAUSE_KINDS; i++)
		tally_free(t[i]);
	(void)snprintf(m.recipient, sizeof(m.recipient), "A@Example.ORG");
	cause_name(&m, CAUSE_DESTINATION, name);
	assert_string_equal(name, "example.org");
	cause_name(&m, CAUSE_SENDER, name);
	assert_string_equal(name, "<>");
	cause_name(&m, CAUSE_REASON, name);
	assert_string_equal(name, "(none)");
	(void)snprintf(m.recipient, sizeof(m.recipient), "root");
	cause_name(&m, CAUSE_DESTINATION, name);
	assert_string_equal(name, "(local)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_long_values),
		cmocka_unit_test(test_tally),
		cmocka_unit_test(test_causes),
	};

	return cmocka_run_group_tests_name("showq", tests, NULL, NULL);
}
