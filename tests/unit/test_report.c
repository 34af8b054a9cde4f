#include "lib/buf.h"
#include "lib/err.h"
#include "lib/report.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define EXAMPLE "tests/data/report.json"

static void
read_text(const char *name, struct buf *b)
{
	FILE *f = fopen(name, "re");
	char chunk[4096];
	size_t n;

	buf_init(b, REPORT_MAX_BYTES);
	assert_non_null(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(b, chunk, n);
	(void)fclose(f);
}

static void
parse_ok(const char *text, size_t len, struct report *r)
{
	struct err e;

	if (report_parse(text, len, r, &e) == -1)
		fail_msg("%s", e.text);
}

/* Every field of the example lands where it belongs. */
static void
example_is_read(void **state)
{
	struct buf b;
	struct report r;

	(void)state;
	read_text(EXAMPLE, &b);
	parse_ok(b.data, b.len, &r);
	assert_string_equal(r.system, "NC036");
	assert_string_equal(r.agent, "queuewatch 0.1.0");
	assert_int_equal(r.seq, 48213);
	assert_int_equal(r.at, 1773937290);
	assert_int_equal(r.interval_s, 10);
	assert_int_equal(r.n_findings, 2);
	assert_string_equal(r.findings[0].subject, "/var/vmail");
	assert_int_equal(r.findings[0].level, LEVEL_CRITICAL);
	assert_int_equal(r.findings[0].since, 1773937270);
	assert_true(r.findings[0].has_value);
	assert_true(fabs(r.findings[0].value - 0.962) < 1e-12);
	assert_true(r.findings[0].forecast.given);
	assert_int_equal(r.findings[0].forecast.likely_at, 1773955200);
	assert_true(fabs(r.findings[0].forecast.p_24h - 0.98) < 1e-12);
	assert_true(r.findings[0].forecast.p_7d < 0);
	assert_string_equal(r.findings[1].check, "queue");
	assert_string_equal(r.findings[1].unit, "messages");
	assert_false(r.findings[1].forecast.given);
	assert_non_null(strstr(r.findings[1].evidence, "\"causes\":[{"));
	assert_int_equal(r.n_samples, 3);
	assert_string_equal(r.samples[2].name, "disk.used:/var/vmail");
	assert_int_equal(r.n_remedies, 1);
	assert_int_equal(r.n_results, 0);
	report_free(&r);
	buf_free(&b);
}

/* docs/report.md shows the very example that is tested here. */
static void
example_is_documented(void **state)
{
	struct buf example, page;

	(void)state;
	read_text(EXAMPLE, &example);
	read_text("docs/report.md", &page);
	assert_non_null(strstr(page.data, example.data));
	buf_free(&example);
	buf_free(&page);
}

/* What is composed from what was read is the same document. */
static void
example_makes_the_round(void **state)
{
	struct buf b, again;
	struct report r;
	struct err e;
	json_t *was, *is;

	(void)state;
	read_text(EXAMPLE, &b);
	parse_ok(b.data, b.len, &r);
	buf_init(&again, REPORT_MAX_BYTES);
	if (report_compose(&r, &again, &e) == -1)
		fail_msg("%s", e.text);
	was = json_loads(b.data, 0, NULL);
	is = json_loads(again.data, 0, NULL);
	assert_true(json_equal(was, is));
	assert_null(strchr(again.data, '\n'));
	json_decref(was);
	json_decref(is);
	report_free(&r);
	buf_free(&b);
	buf_free(&again);
}

#define HEAD                                               \
	"{\"schema\":1,\"system\":\"A\",\"seq\":1,\"at\":" \
	"\"2026-03-19T16:21:30Z\","

static void
faults_are_named(void **state)
{
	static const struct {
		const char *text, *want;
	} t[] = {
		{ "", "is no JSON: line 1" },
		{ "{", "is no JSON: line 1" },
		{ "[]", "is an array, must be an object" },
		{ "{}", "schema: is missing" },
		{ "{\"schema\":2}", "schema: 2 is not understood, only 1" },
		{ "{\"schema\":\"1\"}",
		    "schema: is text, must be a whole number" },
		{ "{\"schema\":1.5}",
		    "schema: is a fraction, must be a whole" },
		{ "{\"schema\":1}", "system: is missing" },
		{ "{\"schema\":1,\"system\":\"\"}", "system: is empty" },
		{ "{\"schema\":1,\"system\":\"A\",\"seq\":-1}",
		    "seq: -1 is not within 0 to" },
		{ "{\"schema\":1,\"system\":\"A\",\"seq\":1,\"at\":\"now\"}",
		    "at: \"now\" is no RFC 3339 time" },
		{ HEAD "\"a\":1}", "findings: is missing" },
		{ HEAD "\"findings\":{}}",
		    "findings: is an object, must be an" },
		{ HEAD "\"findings\":[1]}",
		    "findings[0]: is a number, must be" },
		{ HEAD "\"findings\":[{}]}", "findings[0].check: is missing" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\"},"
		       "{\"check\":\"b\",\"level\":\"bad\"}]}",
		    "findings[1].level: \"bad\" is none of ok, notice, warning, "
		    "critical, unknown" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\","
		       "\"value\":\"1\"}]}",
		    "findings[0].value: is text, must be a number" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\","
		       "\"value\":1e999}]}",
		    "is no JSON" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\","
		       "\"since\":\"2026-02-30T00:00:00Z\"}]}",
		    "findings[0].since: \"2026-02-30T00:00:00Z\" is no" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\","
		       "\"forecast\":{\"p_24h\":2}}]}",
		    "findings[0].forecast.p_24h: is not within 0 to 1" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"level\":\"ok\","
		       "\"evidence\":[]}]}",
		    "findings[0].evidence: is an array, must be an object" },
		{ HEAD "\"findings\":[{\"check\":\"a\",\"check\":\"b\"}]}",
		    "is no JSON" },
		{ HEAD "\"findings\":[],\"samples\":[{\"name\":\"x\"}]}",
		    "samples[0].value: is missing" },
		{ HEAD "\"findings\":[],\"results\":[{\"id\":\"1\","
		       "\"remedy\":\"r\",\"outcome\":\"maybe\"}]}",
		    "results[0].outcome: \"maybe\" is none of done, failed" },
		{ HEAD "\"findings\":[{\"check\":\"\xff\",\"level\":\"ok\"}]}",
		    "is no JSON" },
		{ HEAD "\"findings\":[{\"check\":\"\\u0000\"}]}",
		    "is no JSON" },
	};
	struct report r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e.text[0] = '\0';
		if (report_parse(t[i].text, strlen(t[i].text), &r, &e) == 0)
			fail_msg("row %zu was taken: %s", i, t[i].text);
		if (strncmp(e.text, t[i].want, strlen(t[i].want)) != 0)
			fail_msg("row %zu: %s\nwant: %s", i, e.text, t[i].want);
	}
}

static void
limits_are_kept(void **state)
{
	struct buf b;
	struct report r;
	struct err e;

	(void)state;
	buf_init(&b, (size_t)4 * REPORT_MAX_BYTES);
	buf_str(&b, HEAD "\"findings\":[");
	for (int i = 0; i <= REPORT_MAX_FINDINGS; i++)
		buf_printf(&b,
		    "%s{\"check\":\"c\",\"subject\":\"%d\","
		    "\"level\":\"ok\"}",
		    i > 0 ? "," : "", i);
	buf_str(&b, "]}");
	assert_int_equal(report_parse(b.data, b.len, &r, &e), -1);
	assert_string_equal(e.text, "findings: has 513 items, more than 512");

	buf_reset(&b);
	buf_str(&b, HEAD "\"findings\":[],\"agent\":\"");
	for (int i = 0; i <= REPORT_MAX_NAME; i++)
		buf_char(&b, 'x');
	buf_str(&b, "\"}");
	assert_int_equal(report_parse(b.data, b.len, &r, &e), -1);
	assert_string_equal(e.text, "agent: has 129 bytes, more than 128");

	while (b.len <= REPORT_MAX_BYTES)
		buf_char(&b, ' ');
	assert_int_equal(report_parse(b.data, b.len, &r, &e), -1);
	assert_string_equal(e.text, "has 262145 bytes, more than 262144");

	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_char(&b, '[');
	assert_int_equal(report_parse(b.data, b.len, &r, &e), -1);
	buf_free(&b);
}

/* Only what must be there; unknown keys; null; a finding said twice. */
static void
little_is_enough(void **state)
{
	static const char text[] = HEAD
	    "\"later\":{\"x\":[1]},\"agent\":null,\"findings\":["
	    "{\"check\":\"queue\",\"level\":\"warning\"},"
	    "{\"check\":\"queue\",\"level\":\"ok\",\"value\":null}]}";
	struct report r;

	(void)state;
	parse_ok(text, strlen(text), &r);
	assert_int_equal(r.interval_s, 10);
	assert_string_equal(r.agent, "");
	assert_int_equal(r.n_findings, 1);
	assert_int_equal(r.findings[0].level, LEVEL_OK);
	assert_int_equal(r.findings[0].since, r.at);
	assert_false(r.findings[0].has_value);
	assert_string_equal(r.findings[0].subject, "");
	report_free(&r);
}

static void
composing_mends_and_refuses(void **state)
{
	struct report_finding f = { .check = "log",
		.summary = "a\xff\x01\"b",
		.since = 1,
		.has_value = true,
		.value = 1840,
		.evidence = "{\"n\":0.1}" };
	struct report r = { .system = "A",
		.seq = 7,
		.at = 1773937290,
		.interval_s = 10,
		.findings = &f,
		.n_findings = 1 };
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, REPORT_MAX_BYTES);
	assert_int_equal(report_compose(&r, &b, &e), 0);
	assert_non_null(strstr(b.data, "\"a\xef\xbf\xbd\\u0001\\\"b\""));
	assert_non_null(strstr(b.data, "\"value\":1840,"));
	assert_non_null(strstr(b.data, "\"evidence\":{\"n\":0.1}"));
	buf_reset(&b);
	f.value = NAN;
	assert_int_equal(report_compose(&r, &b, &e), -1);
	assert_string_equal(e.text, "value: the number is not finite");
	f.has_value = false;
	f.evidence = "[]";
	assert_int_equal(report_compose(&r, &b, &e), -1);
	assert_non_null(strstr(e.text, "evidence: is no JSON object"));
	f.evidence = "{}";
	r.n_findings = REPORT_MAX_FINDINGS + 1;
	assert_int_equal(report_compose(&r, &b, &e), -1);
	assert_string_equal(e.text, "findings: 513 are more than 512");
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

/* Too much evidence is left out rather than the report lost. */
static void
evidence_gives_way(void **state)
{
	struct report_finding f[16];
	struct report r = { .system = "A", .findings = f, .n_findings = 16 };
	struct buf ev, b;
	struct err e;

	(void)state;
	buf_init(&ev, REPORT_MAX_EVIDENCE);
	buf_str(&ev, "{\"x\":\"");
	while (ev.len < 30000)
		buf_char(&ev, 'x');
	buf_str(&ev, "\"}");
	for (size_t i = 0; i < 16; i++)
		f[i] = (struct report_finding){ .check = "c",
			.evidence = buf_text(&ev) };
	buf_init(&b, REPORT_MAX_BYTES);
	assert_int_equal(report_compose(&r, &b, &e), 0);
	assert_null(strstr(b.data, "evidence"));
	buf_free(&b);
	buf_free(&ev);
}

static void
results_and_answers_make_the_round(void **state)
{
	struct report_result res = { "id1", "grow", REPORT_TIMEOUT, 5, -1,
		"t" };
	struct report out = { .system = "A", .results = &res, .n_results = 1 };
	struct report_order order = { "id2", "grow", "123456" };
	struct report_answer a = { .next_s = 7,
		.orders = &order,
		.n_orders = 1 },
	                     a2;
	struct report in;
	struct buf b;
	struct err e;

	(void)state;
	buf_init(&b, REPORT_MAX_BYTES);
	assert_int_equal(report_compose(&out, &b, &e), 0);
	parse_ok(b.data, b.len, &in);
	assert_int_equal(in.n_results, 1);
	assert_int_equal(in.results[0].outcome, REPORT_TIMEOUT);
	assert_int_equal(in.results[0].exit_status, -1);
	assert_int_equal(in.results[0].at, 5);
	report_free(&in);

	buf_reset(&b);
	assert_int_equal(report_answer_compose(&a, &b, &e), 0);
	assert_string_equal(b.data,
	    "{\"next_s\":7,\"orders\":[{\"id\":\"id2\",\"remedy\":\"grow\","
	    "\"code\":\"123456\"}]}");
	assert_int_equal(report_answer_parse(b.data, b.len, &a2, &e), 0);
	assert_int_equal(a2.next_s, 7);
	assert_string_equal(a2.orders[0].code, "123456");
	report_answer_free(&a2);
	buf_free(&b);
}

static void
answers_are_held(void **state)
{
	static const struct {
		const char *text;
		int next_s; /* -1: refused */
	} t[] = {
		{ "{}", 10 },
		{ "{\"next_s\":0,\"orders\":[]}", 1 },
		{ "{\"next_s\":301}", 300 },
		{ "{\"next_s\":-5}", -1 },
		{ "{\"next_s\":\"5\"}", -1 },
		{ "{\"orders\":[{\"id\":\"\"}]}", -1 },
		{ "{\"orders\":[{\"id\":\"a\",\"remedy\":\"b\"}]}", -1 },
		{ "<html>", -1 },
	};
	struct report_answer a;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int r = report_answer_parse(
		    t[i].text, strlen(t[i].text), &a, &e);

		if ((r == 0 ? a.next_s : -1) != t[i].next_s)
			fail_msg("row %zu: %s", i, t[i].text);
		report_answer_free(&a);
	}
}

static void
levels_have_words(void **state)
{
	enum level l;

	(void)state;
	for (int i = 0; i <= LEVEL_UNKNOWN; i++) {
		assert_int_equal(level_parse(level_word((enum level)i), &l), 0);
		assert_int_equal(l, i);
	}
	assert_int_equal(level_parse("OK", &l), -1);
	assert_true(level_rank(LEVEL_UNKNOWN) > level_rank(LEVEL_NOTICE));
	assert_true(level_rank(LEVEL_UNKNOWN) < level_rank(LEVEL_WARNING));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_is_read),
		cmocka_unit_test(example_makes_the_round),
		cmocka_unit_test(example_is_documented),
		cmocka_unit_test(faults_are_named),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(little_is_enough),
		cmocka_unit_test(composing_mends_and_refuses),
		cmocka_unit_test(evidence_gives_way),
		cmocka_unit_test(results_and_answers_make_the_round),
		cmocka_unit_test(answers_are_held),
		cmocka_unit_test(levels_have_words),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
