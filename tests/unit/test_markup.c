/* Writing HTML and XML, Markdown, flags. */
#include "lib/buf.h"
#include "statusd/flags.h"
#include "statusd/html.h"
#include "statusd/markdown.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
everything_is_escaped(void **state)
{
	struct html h;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	html_init(&h, &b);
	html_start(&h, "a", "href", "/?a=1&b=\"2\"", "class", NULL, "title",
	    "<'>", NULL);
	html_text(&h, "<script>alert(1)</script>");
	html_textf(&h, " %s %d", "&amp;", 7);
	html_text_n(&h, "a\xff<", 3);
	html_end(&h, "a");
	html_start(&h, "br", NULL);
	html_element(&h, "b", "\"", NULL);
	assert_int_equal(html_done(&h), 0);
	assert_string_equal(buf_text(&b),
	    "<a href=\"/?a=1&amp;b=&quot;2&quot;\" title=\"&lt;&#39;&gt;\">"
	    "&lt;script&gt;alert(1)&lt;/script&gt; &amp;amp; 7a\xef\xbf\xbd&lt;"
	    "</a><br><b>&quot;</b>");
	buf_free(&b);
}

static void
what_is_open_is_noticed(void **state)
{
	struct html h;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	html_init(&h, &b);
	html_start(&h, "p", NULL);
	assert_int_equal(html_done(&h), -1);
	html_end(&h, "p");
	assert_int_equal(html_done(&h), 0);
	buf_free(&b);
	buf_init(&b, 8);
	html_init(&h, &b);
	html_element(&h, "p", "too long for it", NULL);
	assert_int_equal(html_done(&h), -1);
	buf_free(&b);
}

static void
xml_has_no_empty_elements(void **state)
{
	struct html h;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	xml_init(&h, &b);
	html_element(&h, "link", "https://x.example/?a&b", NULL);
	assert_string_equal(
	    buf_text(&b), "<link>https://x.example/?a&amp;b</link>");
	assert_int_equal(html_done(&h), 0);
	buf_free(&b);
}

static void
markdown_is_safe(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* stands in it */
		const char *never; /* does not */
	} t[] = {
		{ "a **b** c", "<p>a <strong>b</strong> c</p>", "*" },
		{ "<script>alert(1)</script>", "&lt;script&gt;", "<script" },
		{ "x <img src=x onerror=alert(1)> y", "&lt;img src=x", "<img" },
		{ "x <!-- y --> z", "&lt;!-- y --&gt;", "<!--" },
		{ "[a](javascript:alert(1))", "<p>a</p>", "javascript" },
		{ "[a](JAVASCRIPT:alert(1))", "<p>a</p>", "href" },
		{ "[a](java\nscript:alert(1))", "a", "href" },
		{ "[a](data:text/html;base64,xx)", "<p>a</p>", "data:" },
		{ "[a](vbscript:x)", "<p>a</p>", "vbscript" },
		{ "[a](//evil.example/)", "<p>a</p>", "href" },
		{ "[a](relative/x)", "<p>a</p>", "href" },
		{ "[a **b**](file:///etc/passwd)",
		    "<p>a <strong>b</strong></p>", "file:" },
		{ "<javascript:alert(1)>", "javascript", "<a" },
		{ "[a](https://x.example/?q=\"><script>)", "a", "<script" },
		{ "[a](https://x.example/?a&b)",
		    "<a href=\"https://x.example/?a&amp;b\">a</a>", "q=\"" },
		{ "<https://x.example/>",
		    "<a href=\"https://x.example/\">https://x.example/</a>",
		    "nofollow" },
		{ "[m](mailto:a@x.example)", "href=\"mailto:a@x.example\"",
		    "javascript" },
		{ "![words](https://x.example/i.png)", "<p>words</p>", "<img" },
		{ "![](https://x.example/i.png)", "", "x.example" },
		{ "[![w](http://a.example/)](javascript:b)", "<p>w</p>",
		    "a.example" },
		{ "<div>\n[a](javascript:x)\n</div>", "&lt;div&gt;", "<div" },
		{ "1. <script>x", "&lt;script&gt;x", "<script" },
		{ "a & b < c \"d\"", "a &amp; b &lt; c &quot;d&quot;", "& b" },
		{ "\xff\xfe", "\xef\xbf\xbd", "\xff" },
		{ "", "", "<" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct html h;
		struct buf b;

		buf_init(&b, 65536);
		html_init(&h, &b);
		assert_int_equal(markdown_html(&h, t[i].text, 3), 0);
		if (strstr(buf_text(&b), t[i].want) == NULL ||
		    strstr(buf_text(&b), t[i].never) != NULL)
			fail_msg("%s: %s", t[i].text, buf_text(&b));
		buf_free(&b);
	}
}

static void
headings_skip_no_level(void **state)
{
	static const struct {
		const char *text;
		int from;
		const char *want;
	} t[] = {
		{ "# a", 3, "<h3>a</h3>\n" },
		{ "### a\n\n# b", 3, "<h3>a</h3>\n<h3>b</h3>\n" },
		{ "# a\n\n### b\n\n## c", 2,
		    "<h2>a</h2>\n<h3>b</h3>\n<h3>c</h3>\n" },
		{ "# a\n\n## b\n\n### c", 5,
		    "<h5>a</h5>\n<h6>b</h6>\n<h6>c</h6>\n" },
		{ "###### a", 5, "<h5>a</h5>\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct html h;
		struct buf b;

		buf_init(&b, 65536);
		html_init(&h, &b);
		assert_int_equal(markdown_html(&h, t[i].text, t[i].from), 0);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
}

static void
plain_words(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} t[] = {
		{ "a **b**\nc", "a b c" },
		{ "a\n\nb `c`", "a\n\nb c" },
		{ "# a\n\n* b\n* [c](https://x.example/)", "a\n\nb\n\nc" },
		{ "<b>x</b>", "<b>x</b>" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct buf b;

		buf_init(&b, 65536);
		assert_int_equal(markdown_plain(&b, t[i].text), 0);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
}

static void
flags_are_drawn(void **state)
{
	static const char *const drawn[] = { "NL", "US", "DE", "GB", "FR", "BE",
		"CH", "AT", "IT", "ES", "SE", "NO", "DK", "FI", "PL", "CZ",
		"IE", "PT", "JP", "UA", "CA", "SG" };

	(void)state;
	for (size_t i = 0; i < COUNT(drawn); i++) {
		struct html h;
		struct buf b;

		buf_init(&b, 65536);
		html_init(&h, &b);
		flags_symbol(&h, drawn[i]);
		if (!flags_known(drawn[i]) || b.len < 60 ||
		    html_done(&h) != 0 || flags_country(drawn[i]) == NULL)
			fail_msg("%s: %s", drawn[i], buf_text(&b));
		buf_free(&b);
	}
}

static void
flags_tell_their_country(void **state)
{
	static const struct {
		const char *code;
		const char *want;
	} t[] = {
		{ "NL",
		    "<svg class=\"flag\" role=\"img\" aria-label=\"Netherla"
		    "nds\"><use href=\"#flag-NL\"></use></svg>" },
		{ "KE", "<span class=\"flag\">KE</span>" },
		{ "<>", "<span class=\"flag\">&lt;&gt;</span>" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(t); i++) {
		struct html h;
		struct buf b;

		buf_init(&b, 4096);
		html_init(&h, &b);
		flags_use(&h, t[i].code);
		assert_string_equal(buf_text(&b), t[i].want);
		buf_free(&b);
	}
	assert_string_equal(flags_country("AD"), "Andorra");
	assert_string_equal(flags_country("ZW"), "Zimbabwe");
	assert_null(flags_country("XX"));
	assert_null(flags_country("nl"));
	assert_null(flags_country(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_escaped),
		cmocka_unit_test(what_is_open_is_noticed),
		cmocka_unit_test(xml_has_no_empty_elements),
		cmocka_unit_test(markdown_is_safe),
		cmocka_unit_test(headings_skip_no_level),
		cmocka_unit_test(plain_words),
		cmocka_unit_test(flags_are_drawn),
		cmocka_unit_test(flags_tell_their_country),
	};

	return cmocka_run_group_tests_name("markup", tests, NULL, NULL);
}
