/* Charts, their numbers and axes; lists on pages that stay as they are. */
#include "lib/buf.h"
#include "statusd/chart.h"
#include "statusd/page.h"

#include <libxml/parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define DAY 86400
#define BEGIN INT64_C(1773878400) /* 2026-03-19 00:00 UTC */

static void
values(void **state)
{
	static const struct {
		enum model_metric metric;
		double value;
		const char *want;
	} t[] = {
		{ MODEL_QUEUE, 0, "0" },
		{ MODEL_QUEUE, 1234567, "1,234,567" },
		{ MODEL_QUEUE, 1200.4, "1,200" },
		{ MODEL_QUEUE, 2.5, "2.5" },
		{ MODEL_QUEUE, -3, "0" },
		{ MODEL_DISK, 0.85, "85 %" },
		{ MODEL_DISK, 0.8549, "85.5 %" },
		{ MODEL_LATENCY, 0.2501, "251 ms" },
		{ MODEL_LATENCY, 0, "0 s" },
		{ MODEL_DELAY, 2, "2 s" },
		{ MODEL_DELAY, 2.5, "2.5 s" },
		{ MODEL_DELAY, 300, "5 min" },
		{ MODEL_DELAY, 5400, "1.5 h" },
	};
	char text[CHART_VALUE_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_string_equal(
		    chart_value(t[i].metric, t[i].value, text), t[i].want);
	assert_string_equal(chart_percent(1, text), "100 %");
	assert_string_equal(chart_percent(0.9999999, text), "99.999 %");
	assert_string_equal(chart_percent(0.5, text), "50.000 %");
	assert_string_equal(chart_percent(-1, text), "–");
}

static void
axes(void **state)
{
	static const struct {
		enum model_metric metric;
		double high, want;
	} t[] = {
		{ MODEL_DISK, 0.2, 1 },
		{ MODEL_QUEUE, 0, 10 },
		{ MODEL_QUEUE, 11, 20 },
		{ MODEL_QUEUE, 35, 40 },
		{ MODEL_QUEUE, 41, 100 },
		{ MODEL_QUEUE, 6200, 10000 },
		{ MODEL_LATENCY, 0.15, 0.2 },
		{ MODEL_DELAY, 61, 120 },
		{ MODEL_DELAY, 1e9, 1e9 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		double got = chart_top(t[i].metric, t[i].high);

		if (got < t[i].want || got > t[i].want)
			fail_msg("row %zu: %g", i, got);
	}
}

static void
is_xml(const struct buf *b)
{
	xmlDoc *doc = xmlReadMemory(
	    buf_text(b), (int)b->len, NULL, "UTF-8", XML_PARSE_NONET);

	if (doc == NULL)
		fail_msg("no XML: %s", buf_text(b));
	xmlFreeDoc(doc);
}

static size_t
count(const struct buf *b, const char *what)
{
	size_t n = 0;

	for (const char *p = buf_text(b); (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

static void
curve(void **state)
{
	static struct model_point points[100];
	static char name[] = "Storage <1>";
	struct model_series s = { .metric = MODEL_DISK,
		.name = name,
		.unit = "ratio",
		.recent = points,
		.n_recent = COUNT(points) };
	struct chart c = { .series = &s, .now = BEGIN + DAY };
	struct html h;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++)
		points[i] = (struct model_point){ BEGIN +
			    (int64_t)(i + (i > 50 ? 20 : 0)) * 900,
			0.5F, 0.6F, 0.7F };
	s.full_likely_at = BEGIN + 5 * DAY;
	buf_init(&b, (size_t)1024 * 1024);
	html_init(&h, &b);
	chart_series(&h, &c);
	assert_int_equal(html_done(&h), 0);
	is_xml(&b);
	assert_int_equal(count(&b, "<figure>"), 1);
	assert_int_equal(count(&b, "Storage &lt;1&gt;"), 3);
	assert_non_null(strstr(buf_text(&b), "between 50 % and 70 %"));
	assert_non_null(strstr(buf_text(&b), ">100 %</text>"));
	assert_non_null(strstr(buf_text(&b), ">12:00</text>"));
	assert_non_null(strstr(buf_text(&b), "full at <time"));
	assert_non_null(strstr(buf_text(&b), ">2026-03-24 00:00 UTC</time>"));
	/* A gap ends the line; the band is of two pieces. */
	assert_int_equal(count(&b, "\"band\""), 1);
	assert_int_equal(count(&b, "\"ahead\""), 0);
	assert_int_equal(count(&b, "\"forecast\""), 1);
	/* With an earliest time there is a band ahead as well. */
	buf_reset(&b);
	s.full_earliest_at = BEGIN + 3 * DAY;
	chart_series(&h, &c);
	assert_int_equal(count(&b, "\"ahead\""), 1);
	assert_non_null(strstr(buf_text(&b), "earliest: <time"));
	buf_reset(&b);
	s.n_recent = 1;
	chart_series(&h, &c);
	assert_int_equal(b.len, 0);
	buf_free(&b);
}

static void
bars(void **state)
{
	struct model_day days[90] = { { 0 } };
	struct html h;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(days); i++)
		days[i].at = BEGIN + (int64_t)i * DAY;
	for (size_t i = 10; i < COUNT(days); i++)
		days[i].t.s[MODEL_OPERATIONAL] = DAY;
	days[20].t.s[MODEL_MAJOR_OUTAGE] = 2580;
	days[30].t.s[MODEL_UNKNOWN] = 600;
	buf_init(&b, (size_t)1024 * 1024);
	html_init(&h, &b);
	html_start(&h, "div", NULL);
	chart_days(&h, days, COUNT(days));
	html_end(&h, "div");
	is_xml(&b);
	assert_int_equal(count(&b, "<rect"), 90);
	assert_int_equal(count(&b, "not watched"), 10);
	assert_int_equal(count(&b, "Major outage, 43 min not usable"), 2);
	assert_int_equal(count(&b, "10 min not known"), 2);
	assert_non_null(strstr(buf_text(&b), "a bar each: 1 with trouble"));
	buf_free(&b);
}

/* Every post is on exactly one page, and full pages stay as they are. */
static void
lists(void **state)
{
	(void)state;
	for (size_t n = 0; n < 200; n++) {
		size_t last = page_list_pages(n), seen = 0;

		for (size_t number = last; number >= 1; number--) {
			size_t from, to;

			if (number + 1 == last)
				continue;
			page_list_range(n, number, &from, &to);
			assert_int_equal(from, seen);
			assert_true(to - from <= 2 * PAGE_LIST_MAX);
			if (number < last)
				assert_int_equal(
				    n - to, (number - 1) * PAGE_LIST_MAX);
			seen = to;
		}
		assert_int_equal(seen, n);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(axes),
		cmocka_unit_test(curve),
		cmocka_unit_test(bars),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests_name("chart", tests, NULL, NULL);
}
