#include "lib/grey/spf_wire.h"

#include "lib/grey/spf_shun.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct spf_ask
sample_ask(void)
{
	struct spf_ask a = { .id = 0x01020304,
		.kind = SPF_LISTED,
		.flags = SPF_FLAG_TRACE,
		.cover4 = 8,
		.cover6 = 20,
		.due_ms = 1500 };

	(void)ip_parse("2001:db8::1", &a.client);
	memset(a.domain, 'd', DOMAIN_MAX);
	memset(a.sender, 's', SPF_SENDER_MAX);
	memset(a.helo, 'h', SPF_HELO_MAX);
	return a;
}

static struct spf_reply
sample_reply(void)
{
	struct spf_reply r = { .id = 7,
		.result = SPF_PASS,
		.proves = true,
		.lookups = 10,
		.voids = 2,
		.queries = 30,
		.covered4 = 1ULL << 32,
		.covered6 = UINT64_MAX };

	memset(r.term, 't', SPF_TERM_MAX);
	return r;
}

static void
there_and_back(void **state)
{
	uint8_t p[SPF_FRAME_MAX];
	struct spf_ask a = sample_ask();
	struct spf_reply r = sample_reply();
	struct spf_frame f;
	size_t n;

	(void)state;
	n = spf_wire_ask(p, &a);
	assert_int_equal(spf_wire_read(p, n, &f), 0);
	assert_int_equal(f.type, SPF_FRAME_QUESTION);
	assert_memory_equal(&f.ask, &a, sizeof(a));
	n = spf_wire_reply(p, &r);
	assert_int_equal(spf_wire_read(p, n, &f), 0);
	assert_int_equal(f.type, SPF_FRAME_ANSWER);
	assert_memory_equal(&f.reply, &r, sizeof(r));
	n = spf_wire_trace(p, 9, "two\nlines", 9);
	assert_int_equal(spf_wire_read(p, n, &f), 0);
	assert_int_equal(f.id, 9);
	assert_int_equal(f.trace.len, 9);
	assert_memory_equal(f.trace.text, "two\nlines", 9);
	n = spf_wire_ready(p);
	assert_int_equal(spf_wire_read(p, n, &f), 0);
	assert_int_equal(f.type, SPF_FRAME_READY);
}

/* Each frame cut anywhere, or with a byte more, is refused. */
static void
every_length(void **state)
{
	uint8_t p[SPF_FRAME_MAX + 1] = { 0 };
	struct spf_ask a = sample_ask();
	struct spf_reply r = sample_reply();
	struct spf_frame f;
	size_t n;

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		n = kind == 0   ? spf_wire_ask(p, &a)
		    : kind == 1 ? spf_wire_reply(p, &r)
		                : spf_wire_ready(p);
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(spf_wire_read(p, cut, &f), -1);
		assert_int_equal(spf_wire_read(p, n + 1, &f), -1);
		assert_int_equal(spf_wire_read(p, n, &f), 0);
	}
}

/* One byte of a good answer changed to what it must not be. */
static void
bad_bytes(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
		const char *what;
	} t[] = {
		{ 4, 1, "type above 255" },
		{ 5, 0, "type 0" },
		{ 5, 9, "unknown type" },
		{ 7, 0, "length too small" },
		{ 8, SPF_RESULTS, "no such result" },
		{ 8, SPF_FAIL, "a fail that proves" },
		{ 9, 2, "proves is no truth value" },
		{ 32, 255, "term too long" },
		{ 33, 200, "term longer than the frame" },
		{ 40, '\n', "control character in the term" },
		{ 40, 0, "NUL in the term" },
		{ 40, 0x80, "eight-bit byte in the term" },
	};
	uint8_t p[SPF_FRAME_MAX];
	struct spf_reply r = sample_reply();
	struct spf_frame f;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = spf_wire_reply(p, &r);

		assert_int_equal(spf_wire_read(p, n, &f), 0);
		p[t[i].at] = t[i].value;
		if (spf_wire_read(p, n, &f) != -1)
			fail_msg("%s was taken", t[i].what);
	}
}

static void
words(void **state)
{
	(void)state;
	assert_string_equal(spf_result_word(SPF_NONE), "none");
	assert_string_equal(spf_result_word(SPF_PASS), "pass");
	assert_string_equal(spf_result_word(SPF_PERMERROR), "permerror");
}

static void
shunned(void **state)
{
	struct spf_shun s = { 0 };
	char name[64];

	(void)state;
	assert_false(spf_shun_has(&s, SPF_STRANGER, "a.example", 0));
	spf_shun_add(&s, SPF_STRANGER, "a.example", 1000);
	assert_true(spf_shun_has(&s, SPF_STRANGER, "a.example", 1000));
	assert_false(spf_shun_has(&s, SPF_LISTED, "a.example", 1000));
	assert_false(spf_shun_has(&s, SPF_STRANGER, "b.example", 1000));
	assert_true(spf_shun_has(&s, SPF_STRANGER, "a.example", 3600999));
	assert_false(spf_shun_has(&s, SPF_STRANGER, "a.example", 3601000));
	/* Again: the hour begins anew, and no second row is used. */
	spf_shun_add(&s, SPF_STRANGER, "a.example", 3601000);
	assert_int_equal(spf_shun_count(&s, 3601000), 1);
	/* Full: the oldest goes. */
	for (int i = 0; i < SPF_SHUN_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%d.example", i);
		spf_shun_add(&s, SPF_STRANGER, name, 3601000);
	}
	assert_false(spf_shun_has(&s, SPF_STRANGER, "a.example", 3601000));
	assert_true(spf_shun_has(&s, SPF_STRANGER, "n0.example", 3601000));
	assert_int_equal(spf_shun_count(&s, 3601000), SPF_SHUN_MAX);
	spf_shun_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_length),
		cmocka_unit_test(bad_bytes),
		cmocka_unit_test(words),
		cmocka_unit_test(shunned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
