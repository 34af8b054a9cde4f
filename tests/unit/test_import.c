#include "statusd/import.h"
#include "statusd/import_html.h"
#include "tests/unit/status_fix.h"

static void
markup(void **state)
{
	static const struct {
		const char *html, *want;
	} t[] = {
		{ "<p>One <b>two</b> <em>three</em>.</p><p>Four</p>",
		    "One **two** *three*.\n\nFour" },
		{ "One\n\nTwo\nthree", "One\n\nTwo\\\nthree" },
		{ "a<br>b<br/></p>c", "a\\\nb\n\nc" },
		{ "<a href=\"https://x.example/?a=1&amp;b=2\">here</a>",
		    "[here](https://x.example/?a=1&b=2)" },
		{ "<a href=\"javascript:alert(1)\">here</a>", "here" },
		{ "<a href=\"https://x.example/)evil\">here</a>", "here" },
		{ "<ul><li>a</li><li>b</li></ul>", "- a\n- b" },
		{ "<ol><li>a</li><li>b</li></ol>", "1. a\n2. b" },
		{ "<blockquote>said<br>more</blockquote>", "> said\\\n> more" },
		{ "<h2>Head</h2>text", "### Head\n\ntext" },
		{ "x<script>alert(1)</script><style>p{}</style>y", "xy" },
		{ "<iframe src=x>in</iframe><img src=x onerror=y>z", "z" },
		{ "2 * 3 < 4 & _x_ [y](z) `c` #1",
		    "2 \\* 3 \\< 4 \\& \\_x\\_ \\[y\\](z) \\`c\\` \\#1" },
		{ "&lt;script&gt;alert(1)&lt;/script&gt;",
		    "\\<script\\>alert(1)\\</script\\>" },
		{ "- no list", "\\- no list" },
		{ "1. no list", "1\\. no list" },
		{ "<pre>a  b\n```x</pre>", "```\na  b\n'''x\n```" },
		{ "<b></b>x", "x" },
		{ "caf&eacute;&nbsp;x \xe2\x82\xac",
		    "caf\xc3\xa9\xc2\xa0x "
		    "\xe2\x82\xac" },
		{ "", "" },
		{ "<p>&nbsp;", "\xc2\xa0" },
		{ "<img src=\"https://x.example/a.png\" alt=\"A [b]\">",
		    "[A \\[b\\]](https://x.example/a.png)" },
		{ "<a href=\"https://x.example/\"><img alt=\"big\" "
		  "src=\"https://x.example/a.png\"></a>",
		    "[big](https://x.example/)" },
		{ "<img src=\"https://x.example/a.png\">",
		    "[Picture](https://x.example/a.png)" },
		{ "<table><tr><td>a<td>b</table>", "a – b" },
		{ "[caption id=\"x\" width=\"3\"]Inner[/caption]", "Inner" },
		{ "a[gallery ids=\"1,2\"]b [[gallery]] [other] [galleryx]",
		    "ab \\[gallery\\] \\[other\\] \\[galleryx\\]" },
		{ "[gallery", "\\[gallery" },
		{ "[caption [b]", "\\[caption \\[b\\]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct buf b;

		buf_init(&b, 10000);
		import_html(&b, t[i].html);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
}

static void
dates(void **state)
{
	static const struct {
		const char *s;
		int64_t want; /* -1: refused */
	} t[] = {
		{ "Fri, 13 Jun 2025 10:00:00 +0000", 1749808800 },
		{ "13 Jun 2025 12:00:00 +0200", 1749808800 },
		{ "Fri, 13 Jun 2025 10:00:00 GMT", 1749808800 },
		{ "Fri, 13 Jux 2025 10:00:00 GMT", -1 },
		{ "Fri, 33 Jun 2025 10:00:00 GMT", -1 },
		{ "Mon, 30 Nov -0001 00:00:00 +0000", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		int64_t at = -1;

		if (import_rfc822(t[i].s, &at) == -1)
			at = -1;
		assert_int_equal(at, t[i].want);
	}
}

#define RSS                                                           \
	"<?xml version=\"1.0\"?><rss version=\"2.0\" "                \
	"xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" " \
	"xmlns:dc=\"http://purl.org/dc/elements/1.1/\" "              \
	"xmlns:excerpt=\"http://wordpress.org/export/1.2/excerpt/\" " \
	"xmlns:wp=\"http://wordpress.org/export/1.2/\"><channel>"     \
	"<title>Old</title><wp:tag><wp:tag_name>x</wp:tag_name></wp:tag>"
#define END "</channel></rss>"
#define ITEM(id, more)                                                      \
	"<item><title>NC036: Disk &amp; mail</title>"                       \
	"<link>https://old.example/2025/06/13/disk-and-mail/</link>"        \
	"<guid isPermaLink=\"false\">https://old.example/?p=" id "</guid>"  \
	"<content:encoded><![CDATA[<p>It is <b>full</b>.</p>\n\nMore]]>"    \
	"</content:encoded><excerpt:encoded><![CDATA[no]]>"                 \
	"</excerpt:encoded><wp:post_id>" id "</wp:post_id>"                 \
	"<wp:post_date>2025-06-13 12:00:00</wp:post_date>"                  \
	"<wp:post_date_gmt>2025-06-13 10:00:00</wp:post_date_gmt>"          \
	"<wp:post_name>disk-and-mail</wp:post_name>" more                   \
	"<category domain=\"category\" nicename=\"nc036\">NC036</category>" \
	"<category domain=\"post_tag\" nicename=\"disk\">disk</category>"   \
	"</item>"
#define POST                             \
	"<wp:status>publish</wp:status>" \
	"<wp:post_type>post</wp:post_type>"

static int
import(struct fix *x, const char *text, struct import *im, struct err *e)
{
	*im = (struct import){
		.store = x->store, .config = x->config, .now = x->now
	};
	return import_xml_text(text, strlen(text), import_item, im, e);
}

static void
wordpress(void **state)
{
	struct fix *x = *state;
	static const char file[] = RSS ITEM("7", POST) ITEM("8", POST)
	    ITEM("9", "<wp:status>draft</wp:status>")
	        ITEM("10", "<wp:post_type>page</wp:post_type>") ITEM("11",
	            POST "<wp:post_password>secret</wp:post_password>") END;
	struct import im;
	struct model_site *site;
	const struct model_thread *t;
	struct err e;

	assert_int_equal(import(x, file, &im, &e), 0);
	assert_int_equal(im.taken, 2);
	assert_int_equal(im.skipped, 3);
	assert_int_equal(import(x, file, &im, &e), 0);
	assert_int_equal(im.taken, 0);
	assert_int_equal(im.known, 2);
	site = load(x, STORE_PUBLIC);
	assert_int_equal(site->n_threads, 2);
	/* Newest first; of one moment the later one. */
	t = &site->threads[1];
	assert_string_equal(t->title, "NC036: Disk & mail");
	assert_string_equal(t->path, "2025/06/13/disk-and-mail");
	assert_string_equal(
	    site->threads[0].path, "2025/06/13/disk-and-mail-2");
	assert_int_equal(t->opened_at, 1749808800);
	assert_int_equal(t->old_id, 7);
	assert_int_equal(t->kind, MODEL_POST);
	assert_string_equal(t->systems[0], "NC036");
	assert_string_equal(t->categories[0], "NC036");
	assert_string_equal(t->tags[0], "disk");
	assert_string_equal(t->entries[0].body, "It is **full**.\n\nMore");
	model_free(site);
}

static void
atom(void **state)
{
	struct fix *x = *state;
	static const char file[] =
	    "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>F</title>"
	    "<entry><title>Hello</title><id>tag:x,1</id>"
	    "<link rel=\"self\" href=\"https://o.example/no\"/>"
	    "<link href=\"https://o.example/blog/2024/02/01/hello/\"/>"
	    "<published>2024-02-01T10:00:00+01:00</published>"
	    "<updated>2025-01-01T00:00:00Z</updated>"
	    "<category term=\"News\"/>"
	    "<content type=\"html\">&lt;p&gt;Hi&lt;/p&gt;</content></entry>"
	    "</feed>";
	struct import im;
	struct model_site *site;
	struct err e;

	assert_int_equal(import(x, file, &im, &e), 0);
	assert_int_equal(im.taken, 1);
	site = load(x, STORE_PUBLIC);
	/* It is about no system, and shown all the same. */
	assert_int_equal(site->n_threads, 1);
	assert_string_equal(site->threads[0].path, "2024/02/01/hello");
	assert_int_equal(site->threads[0].opened_at, 1706778000);
	assert_string_equal(site->threads[0].entries[0].body, "Hi");
	assert_string_equal(site->threads[0].categories[0], "News");
	model_free(site);
}

static void
refused(void **state)
{
	struct fix *x = *state;
	static const struct {
		const char *text, *why;
	} t[] = {
		{ "", "" },
		{ "<html></html>", "no WordPress export" },
		{ "<rss><channel><item>", "line 1" },
		{ "<!DOCTYPE rss [<!ENTITY a \"b\">]><rss>&a;</rss>",
		    "document type" },
		{ "<!DOCTYPE rss SYSTEM \"file:///etc/passwd\"><rss/>",
		    "document type" },
		{ "<rss>\n\n<channel>&nosuch;</channel></rss>", "line 3" },
		{ RSS ITEM("7", POST) "<item>", "line" },
	};
	struct import im;
	struct err e;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e.text[0] = '\0';
		if (import(x, t[i].text, &im, &e) != -1)
			fail_msg("row %zu is taken", i);
		if (strstr(e.text, t[i].why) == NULL)
			fail_msg("row %zu: %s", i, e.text);
	}
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(markup),
		cmocka_unit_test(dates),
		T(wordpress),
		T(atom),
		T(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
