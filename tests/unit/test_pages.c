/* What the pages and feeds say about a model. */
#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/feed.h"
#include "statusd/page.h"
#include "statusd/site_search.h"
#include "statusd/store_search.h"
#include "statusd/view.h"
#include "tests/unit/sample_site.h"

#include <libxml/parser.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PAGE_MAX ((size_t)1024 * 1024)

static void
has(const struct buf *b, const char *want)
{
	if (strstr(buf_text(b), want) == NULL)
		fail_msg("\"%s\" is not in:\n%s", want, buf_text(b));
}

static void
has_not(const struct buf *b, const char *never)
{
	if (strstr(buf_text(b), never) != NULL)
		fail_msg("\"%s\" is in:\n%s", never, buf_text(b));
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
overall(void **state)
{
	static const struct {
		enum model_state a, b;
		bool incident;
		enum model_state want;
		const char *headline;
	} t[] = {
		{ MODEL_OPERATIONAL, MODEL_OPERATIONAL, false,
		    MODEL_OPERATIONAL, "All systems operational" },
		{ MODEL_OPERATIONAL, MODEL_OPERATIONAL, true, MODEL_DEGRADED,
		    "An incident is being worked on" },
		{ MODEL_OPERATIONAL, MODEL_UNKNOWN, false, MODEL_UNKNOWN,
		    "Not everything could be verified" },
		{ MODEL_UNKNOWN, MODEL_MAINTENANCE, false, MODEL_UNKNOWN,
		    "Not everything could be verified" },
		{ MODEL_MAINTENANCE, MODEL_OPERATIONAL, false,
		    MODEL_MAINTENANCE, "Planned maintenance" },
		{ MODEL_DEGRADED, MODEL_UNKNOWN, true, MODEL_DEGRADED,
		    "Degraded service" },
		{ MODEL_DEGRADED, MODEL_PARTIAL_OUTAGE, false,
		    MODEL_PARTIAL_OUTAGE, "Partial outage" },
		{ MODEL_MAJOR_OUTAGE, MODEL_DEGRADED, true, MODEL_MAJOR_OUTAGE,
		    "Major outage" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct model_system systems[3] = { sample_systems[0],
			sample_systems[1], sample_systems[3] };
		struct model_site site = sample_site();

		systems[0].state = t[i].a;
		systems[1].state = t[i].b;
		site.systems = systems;
		site.n_systems = 3;
		site.n_threads = t[i].incident ? 3 : 0;
		if (view_overall(&site) != t[i].want ||
		    strcmp(view_headline(&site), t[i].headline) != 0)
			fail_msg("row %zu: %s", i, view_headline(&site));
	}
}

static void
detail(void **state)
{
	struct model_site site = sample_site();
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	view_detail(&site, &b);
	assert_string_equal(buf_text(&b),
	    "NC036 is degraded. NC038 has not reported lately. 1 system is "
	    "operational.");
	buf_reset(&b);
	site.n_systems = 0;
	view_detail(&site, &b);
	assert_string_equal(buf_text(&b), "No system is watched yet.");
	buf_free(&b);
}

static void
times(void **state)
{
	char out[VIEW_TIME_SIZE];

	(void)state;
	assert_string_equal(view_minute(NOW, out), "2026-03-19 16:21 UTC");
	assert_string_equal(view_second(NOW, out), "2026-03-19 16:21:30 UTC");
	assert_string_equal(view_verified(NOW - 8, NOW, out), "16:21:22 UTC");
	assert_string_equal(
	    view_verified(NOW - DAY, NOW, out), "2026-03-18 16:21 UTC");
	assert_string_equal(view_minute(-5, out), "1970-01-01 00:00 UTC");
}

static void
entry_labels(void **state)
{
	static const char *const want[] = { "Investigating", "Update 1",
		"Update 2" };
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	for (size_t i = 0; i < 3; i++) {
		buf_reset(&b);
		view_entry_label(&sample_threads[0], &sample_open[i], &b);
		assert_string_equal(buf_text(&b), want[i]);
	}
	buf_reset(&b);
	view_span(&sample_threads[1], &b);
	assert_string_equal(
	    buf_text(&b), "lasted 1 h, until 2026-02-17 17:21 UTC");
	buf_free(&b);
}

static void
front_page(void **state)
{
	static const char *const want[] = {
		"<!doctype html>",
		"<html lang=\"en\">",
		"<title>Example: &lt;Status&gt;</title>",
		"<h1 id=\"overall\">Degraded service</h1>",
		"Systems at a Glance",
		"<a href=\"/system/NC036/\">NC036</a>",
		"<a href=\"/system/NC038/\">NC038</a>",
		"Amsterdam, Netherlands",
		">Singapore</td>",
		"Web &lt;server&gt;",
		">internal</span>",
		">Degraded</span>",
		">Unknown</span>",
		">–</td>",
		">never</td>",
		"<time datetime=\"2026-03-19T16:21:22Z\">16:21:22 UTC</time>",
		"Update 2, <time datetime=\"2026-03-19T16:11:30Z\">2026-03-19 "
		"16:11 UTC</time>",
		"Note, <time datetime=\"2026-02-18T16:21:30Z\">",
		"<strong>delayed</strong> &amp; none",
		"<a href=\"/2026/03/\">March 2026</a>",
		"<a href=\"/2026/01/\">January 2026</a>",
		"<a href=\"/search/\">",
		"<a href=\"/maintenance/\">",
		"<a href=\"/feed/\">",
		"href=\"/2026/02/17/nc036-webmail-is-down/\"",
		"<a href=\"https://example.net/support?a=1&amp;b=2\">Support "
		"&amp; help</a>",
		"This page was written at <time "
		"datetime=\"2026-03-19T16:21:30Z\">",
		"name=\"viewport\"",
		"&lt;script&gt;alert(1)&lt;/script&gt;",
	};
	static const char *const never[] = { "<script>",
		"style=", "/system/NC043", "secret", "onclick", "http://",
		"Major" };
	struct model_site site = sample_site();
	struct buf b;

	(void)state;
	buf_init(&b, PAGE_MAX);
	assert_int_equal(page_front(&site, NOW, &b), 0);
	for (size_t i = 0; i < COUNT(want); i++)
		has(&b, want[i]);
	for (size_t i = 0; i < COUNT(never); i++)
		has_not(&b, never[i]);
	assert_int_equal(count(&b, "<h1"), 1);
	assert_int_equal(count(&b, "NC043"), 1);
	assert_true(b.len < (size_t)40 * 1024);
	buf_free(&b);
}

/* 50 systems and 500 long posts: still one small page. */
static void
front_page_stays_small(void **state)
{
	static char body[6000];
	static struct model_system systems[50];
	static struct model_entry entries[500];
	static struct model_thread threads[500];
	struct model_site site = sample_site();
	struct buf b;

	(void)state;
	memset(body, 'a', sizeof(body) - 1);
	for (size_t i = 0; i < sizeof(body) - 1; i += 7)
		body[i] = ' ';
	for (size_t i = 0; i < COUNT(systems); i++)
		systems[i] = sample_systems[i % 3];
	for (size_t i = 0; i < COUNT(threads); i++) {
		entries[i] = sample_plain[0];
		entries[i].body = body;
		threads[i] = sample_threads[2];
		threads[i].opened_at -= (int64_t)i * 7 * DAY;
		threads[i].entries = &entries[i];
	}
	site.systems = systems;
	site.n_systems = COUNT(systems);
	site.threads = threads;
	site.n_threads = COUNT(threads);
	buf_init(&b, PAGE_MAX);
	assert_int_equal(page_front(&site, NOW, &b), 0);
	if (b.len >= (size_t)40 * 1024)
		fail_msg("%zu bytes", b.len);
	has(&b, "Read all of it");
	buf_free(&b);
}

static void
other_pages(void **state)
{
	struct model_site site = sample_site();
	static const size_t places[] = { 0, 1 };
	const struct page_threads list = { places, 2, "Posts about NC036",
		"system/NC036/", "posts/" };
	struct buf b;

	(void)state;
	buf_init(&b, PAGE_MAX);
	assert_int_equal(page_thread(&site, &site.threads[1], &b), 0);
	has(&b, "<h1>NC036: Webmail is down</h1>");
	has(&b, "lasted 1 h, until 2026-02-17 17:21 UTC");
	has(&b, "NC036: Webmail is back to normal");
	has(&b, "id=\"eeeeeeeeeeeeeeeeeeee\"");
	has(&b, "href=\"/2026/02/\"");
	has_not(&b, "NC043");
	buf_reset(&b);
	assert_int_equal(
	    page_month(&site, (struct view_month){ 2026, 2 }, &b), 0);
	has(&b, "<h1>February 2026</h1>");
	has(&b, "href=\"/2026/02/17/nc036-webmail-is-down/\"");
	has_not(&b, "opening-hours");
	has(&b, "href=\"/2026/01/\"");
	has(&b, "href=\"/2026/03/\"");
	buf_reset(&b);
	assert_int_equal(
	    page_system(&site, &site.systems[0], &list, NOW, &b), 0);
	has(&b, "NC036: Mail server");
	has(&b, "Mail is delayed.");
	has(&b, "nc036-webmail-is-down");
	has_not(&b, "opening-hours");
	buf_reset(&b);
	assert_int_equal(page_maintenance(&site, NOW, &b), 0);
	has(&b, "No maintenance is planned.");
	buf_reset(&b);
	assert_int_equal(page_not_found(&site, &b), 0);
	has(&b, "There is no such page");
	has(&b, "href=\"/search/\"");
	has(&b, "href=\"/2026/03/\"");
	buf_free(&b);
}

/* A page that shows no state stays the same until its content changes. */
static void
posts_do_not_change(void **state)
{
	struct model_site site = sample_site();
	struct buf a, b;

	(void)state;
	buf_init(&a, PAGE_MAX);
	buf_init(&b, PAGE_MAX);
	assert_int_equal(page_thread(&site, &site.threads[1], &a), 0);
	site.loaded_at += 1000;
	assert_int_equal(page_thread(&site, &site.threads[1], &b), 0);
	assert_string_equal(buf_text(&a), buf_text(&b));
	buf_free(&a);
	buf_free(&b);
}

static void
base_path(void **state)
{
	static char url[] = "https://example.net/status/";
	struct model_site site = sample_site();
	struct buf b;

	(void)state;
	site.url = url;
	buf_init(&b, PAGE_MAX);
	assert_int_equal(page_front(&site, NOW, &b), 0);
	has(&b, "href=\"/status/system/NC036/\"");
	has(&b, "href=\"/status/style-");
	has_not(&b, "href=\"/system");
	buf_free(&b);
}

static void
is_xml(const struct buf *b)
{
	xmlDocPtr doc = xmlReadMemory(buf_text(b), (int)b->len, "feed", NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

	if (doc == NULL)
		fail_msg("no XML: %s", buf_text(b));
	xmlFreeDoc(doc);
}

static void
feed(void **state)
{
	struct model_site site = sample_site();
	struct feed f = { .site = &site, .name = "", .path = "feed/" };
	struct buf a, b;
	const char *update, *opening;

	(void)state;
	buf_init(&a, PAGE_MAX);
	buf_init(&b, PAGE_MAX);
	assert_int_equal(feed_rss(&f, &a), 0);
	is_xml(&a);
	assert_int_equal(count(&a, "<item>"), 7);
	assert_int_equal(count(&a, "isPermaLink=\"false\""), 7);
	has(&a, "urn:mailglance:entry:cccccccccccccccccccc");
	has(&a, "<pubDate>Thu, 19 Mar 2026 16:11:30 GMT</pubDate>");
	has(&a, "<lastBuildDate>Thu, 19 Mar 2026 16:11:30 GMT");
	has(&a,
	    "<link>https://status.example.net/2026/03/19/"
	    "nc036-mail-is-delayed/#cccccccccccccccccccc</link>");
	has(&a, "&lt;strong&gt;delayed&lt;/strong&gt; &amp;amp; none");
	has_not(&a, "<script>");
	has_not(&a, "NC043");
	update = strstr(buf_text(&a), "entry:cccc");
	opening = strstr(buf_text(&a), "entry:aaaa");
	assert_true(update < opening);
	site.loaded_at += 12345;
	assert_int_equal(feed_rss(&f, &b), 0);
	assert_string_equal(buf_text(&a), buf_text(&b));
	buf_free(&a);
	buf_free(&b);
}

static void
history(void **state)
{
	struct model_site site = sample_site();
	struct buf b;

	(void)state;
	buf_init(&b, PAGE_MAX);
	assert_int_equal(feed_history_rss(&site, &b), 0);
	is_xml(&b);
	assert_int_equal(count(&b, "<item>"), 2);
	has(&b, "urn:mailglance:incident:hhhhhhhhhhhhhhhhhhhh");
	has_not(&b, "Opening hours");
	buf_reset(&b);
	assert_int_equal(feed_history_atom(&site, &b), 0);
	is_xml(&b);
	assert_int_equal(count(&b, "<entry>"), 2);
	has(&b, "<updated>2026-03-19T16:11:30Z</updated>");
	site.n_threads = 0;
	buf_reset(&b);
	assert_int_equal(feed_history_atom(&site, &b), 0);
	is_xml(&b);
	buf_free(&b);
}

static void
search(void **state)
{
	static const struct {
		const char *query;
		const char *want;
	} t[] = {
		{ "", "Words to look for" },
		{ "CABLE", "<mark>cable</mark> was loose" },
		{ "loose cable", "1 post found" },
		{ "nc036", "2 posts found" },
		{ "loose delayed", "No post has all of these words." },
		{ "<script>", "&lt;script&gt;" },
		{ "\"'%_*", "No post" },
		{ "   ", "Words to look for" },
		{ "\xff\xfe", "No post" },
	};
	struct model_site site = sample_site();
	struct search *s = search_new(&site);
	struct search_query q = { .now = NOW };
	struct search_wanted wanted;
	char path[] = "/tmp/mailglance-search-XXXXXX";
	int fd = mkstemp(path);
	struct err e;
	struct store_search *index = store_search_open(path, &e);
	struct buf b;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	if (index == NULL)
		fail_msg("%s", e.text);
	assert_int_equal(search_sync(index, &site, &wanted, &e), 0);
	assert_non_null(s);
	for (size_t i = 0; i < COUNT(t); i++) {
		buf_init(&b, PAGE_MAX);
		q.text = t[i].query;
		assert_int_equal(search_page(s, index, &q, &b), 0);
		has(&b, t[i].want);
		has_not(&b, "<script>");
		buf_free(&b);
	}
	search_unref(s);
	store_search_close(index);
	(void)unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overall),
		cmocka_unit_test(detail),
		cmocka_unit_test(times),
		cmocka_unit_test(entry_labels),
		cmocka_unit_test(front_page),
		cmocka_unit_test(front_page_stays_small),
		cmocka_unit_test(other_pages),
		cmocka_unit_test(posts_do_not_change),
		cmocka_unit_test(base_path),
		cmocka_unit_test(feed),
		cmocka_unit_test(history),
		cmocka_unit_test(search),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
