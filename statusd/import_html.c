#include "statusd/import_html.h"

#include "lib/buf.h"
#include "statusd/import_shortcode.h"
#include "statusd/say.h"

#include <ctype.h>
#include <libxml/HTMLparser.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100

/* What is written so far, and how its lines begin. */
struct writer {
	struct buf *out;
	char prefix[64]; /* before every line: "> ", "  " */
	bool line_start; /* nothing stands in this line yet */
	bool pre; /* within <pre>: blanks count */
	bool link; /* within a link: there is none in it */
	int list[16]; /* of the lists around: 0 bullets, else the next number */
	int depth; /* of lists */
	int deep; /* of elements */
};

/* Prefix and indentation, before the first text of a line. */
static void
open_line(struct writer *w)
{
	if (!w->line_start)
		return;
	buf_str(w->out, w->prefix);
	w->line_start = false;
}

static void
end_line(struct writer *w)
{
	if (w->line_start)
		return;
	buf_char(w->out, '\n');
	w->line_start = true;
}

static void
line_break(struct writer *w)
{
	buf_str(w->out, "\\\n");
	w->line_start = true;
}

/* An empty line, unless one is there. */
static void
paragraph(struct writer *w)
{
	size_t n;
	char *d;

	end_line(w);
	/* A line break that nothing follows is none. */
	while (w->out->len >= 2 &&
	    memcmp(w->out->data + w->out->len - 2, "\\\n", 2) == 0) {
		w->out->len--;
		w->out->data[w->out->len - 1] = '\n';
	}
	n = w->out->len;
	d = w->out->data;
	if (n == 0 || (n >= 2 && d[n - 1] == '\n' && d[n - 2] == '\n'))
		return;
	buf_char(w->out, '\n');
}

/* Whether "c" could begin or end something in Markdown. */
static bool
is_special(const struct writer *w, const char *s)
{
	if (strchr("\\`*_[]<>&#~|", *s) != NULL)
		return true;
	return w->line_start && strchr("-+=", *s) != NULL;
}

/* "1." at the start of a line is no list. */
static size_t
number_at(const struct writer *w, const char *s)
{
	size_t n = strspn(s, "0123456789");

	return w->line_start && n > 0 && (s[n] == '.' || s[n] == ')') ? n : 0;
}

static void
text(struct writer *w, const char *s)
{
	while (*s != '\0') {
		size_t blanks = strspn(s, " \t\r\n"), lines = 0, n;

		for (size_t i = 0; i < blanks; i++)
			lines += s[i] == '\n';
		s += blanks;
		if (lines >= 2)
			paragraph(w);
		else if (lines == 1 && !w->line_start && *s != '\0')
			line_break(w);
		else if (blanks > 0 && !w->line_start)
			buf_char(w->out, ' ');
		if (*s == '\0')
			break;
		n = number_at(w, s);
		if (n > 0) {
			open_line(w);
			buf_add(w->out, s, n);
			buf_char(w->out, '\\');
			s += n;
		} else if (is_special(w, s)) {
			open_line(w);
			buf_char(w->out, '\\');
		}
		open_line(w);
		buf_char(w->out, *s++);
	}
}

static void
code(struct writer *w, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\n') {
			open_line(w);
			end_line(w);
			continue;
		}
		open_line(w);
		buf_char(w->out, *s == '`' ? '\'' : *s);
	}
}

static bool
is(const xmlNode *n, const char *names)
{
	size_t len = strlen((const char *)n->name);

	for (const char *p = names; *p != '\0';) {
		size_t k = strcspn(p, " ");

		if (k == len && strncmp(p, (const char *)n->name, k) == 0)
			return true;
		p += k + (p[k] == ' ');
	}
	return false;
}

static void children(struct writer *w, const xmlNode *n);

/* A link that may be followed: nothing that acts, nothing that ends it. */
static bool
is_good_link(const char *href)
{
	static const char *const begins[] = { "http://", "https://",
		"mailto:", NULL };
	bool good = false;

	for (size_t i = 0; begins[i] != NULL; i++)
		good = good || strncmp(href, begins[i], strlen(begins[i])) == 0;
	for (; good && *href != '\0'; href++)
		good = (unsigned char)*href > ' ' &&
		    strchr("<>()\\\"`", *href) == NULL;
	return good;
}

static void
anchor(struct writer *w, const xmlNode *n)
{
	xmlChar *href = xmlGetProp(n, (const xmlChar *)"href");

	if (!w->link && href != NULL && is_good_link((const char *)href)) {
		w->link = true;
		open_line(w);
		buf_char(w->out, '[');
		children(w, n);
		buf_printf(w->out, "](%s)", (const char *)href);
		w->link = false;
	} else {
		children(w, n);
	}
	xmlFree(href);
}

/* The pages load nothing from elsewhere: a picture is a link to it. */
static void
image(struct writer *w, const xmlNode *n)
{
	xmlChar *src = xmlGetProp(n, (const xmlChar *)"src");
	xmlChar *alt = xmlGetProp(n, (const xmlChar *)"alt");
	bool named = alt != NULL && alt[0] != '\0';
	bool link = !w->link && !w->pre && src != NULL &&
	    is_good_link((const char *)src);

	if (named || link)
		open_line(w);
	if (link)
		buf_char(w->out, '[');
	if (named || link)
		text(w, named ? (const char *)alt : say(SAY_PICTURE));
	if (link)
		buf_printf(w->out, "](%s)", (const char *)src);
	xmlFree(src);
	xmlFree(alt);
}

/* Deeper lines begin with "more". */
static void
indented(struct writer *w, const xmlNode *n, const char *more)
{
	size_t len = strlen(w->prefix);

	if (len + strlen(more) < sizeof(w->prefix))
		memcpy(w->prefix + len, more, strlen(more) + 1);
	children(w, n);
	end_line(w);
	w->prefix[len] = '\0';
}

static void
item(struct writer *w, const xmlNode *n)
{
	int *number = &w->list[w->depth < 16 ? w->depth : 15];

	end_line(w);
	open_line(w);
	if (*number > 0)
		buf_printf(w->out, "%d. ", (*number)++);
	else
		buf_str(w->out, "- ");
	indented(w, n, *number > 0 ? "   " : "  ");
}

static void
list(struct writer *w, const xmlNode *n)
{
	if (w->depth == 0)
		paragraph(w);
	w->depth++;
	w->list[w->depth < 16 ? w->depth : 15] = is(n, "ol") ? 1 : 0;
	children(w, n);
	w->depth--;
	if (w->depth == 0)
		paragraph(w);
}

static void
emphasis(struct writer *w, const xmlNode *n, const char *mark)
{
	size_t before;

	open_line(w);
	buf_str(w->out, mark);
	before = w->out->len;
	children(w, n);
	/* Nothing within: the marks would stand for themselves. */
	if (w->out->len == before && !w->out->bad) {
		w->out->len -= strlen(mark);
		w->out->data[w->out->len] = '\0';
		return;
	}
	while (!w->out->bad && w->out->data[w->out->len - 1] == ' ')
		w->out->data[--w->out->len] = '\0';
	buf_str(w->out, mark);
}

static void
block(struct writer *w, const xmlNode *n)
{
	paragraph(w);
	if (n->name[0] == 'h' && isdigit(n->name[1])) {
		open_line(w);
		buf_str(w->out, "### ");
		children(w, n);
	} else if (is(n, "blockquote")) {
		indented(w, n, "> ");
	} else if (is(n, "pre")) {
		bool was = w->pre;

		w->pre = true;
		open_line(w);
		buf_str(w->out, "```");
		end_line(w);
		children(w, n);
		end_line(w);
		open_line(w);
		buf_str(w->out, "```");
		w->pre = was;
	} else {
		children(w, n);
	}
	paragraph(w);
}

static void
element(struct writer *w, const xmlNode *n)
{
	if (is(n,
	        "script style iframe object embed form svg math template "
	        "noscript head title"))
		return;
	if (is(n,
	        "p div section article blockquote pre table tr h1 h2 h3 h4 "
	        "h5 h6 figure figcaption")) {
		block(w, n);
	} else if (is(n, "ul ol")) {
		list(w, n);
	} else if (is(n, "li")) {
		item(w, n);
	} else if (is(n, "br")) {
		if (!w->line_start)
			line_break(w);
	} else if (is(n, "hr")) {
		paragraph(w);
		open_line(w);
		buf_str(w->out, "* * *");
		paragraph(w);
	} else if (is(n, "a")) {
		anchor(w, n);
	} else if (is(n, "img")) {
		image(w, n);
	} else if (is(n, "td th") && !w->line_start) {
		buf_str(w->out, " – ");
		children(w, n);
	} else if (!w->pre && is(n, "strong b")) {
		emphasis(w, n, "**");
	} else if (!w->pre && is(n, "em i")) {
		emphasis(w, n, "*");
	} else {
		children(w, n);
	}
}

static void
children(struct writer *w, const xmlNode *n)
{
	if (w->deep >= DEPTH_MAX)
		return;
	w->deep++;
	for (const xmlNode *c = n->children; c != NULL; c = c->next) {
		const char *s = (const char *)c->content;

		if (c->type == XML_ELEMENT_NODE)
			element(w, c);
		else if ((c->type == XML_TEXT_NODE ||
		             c->type == XML_CDATA_SECTION_NODE) &&
		    s != NULL && w->pre)
			code(w, s);
		else if (c->type == XML_TEXT_NODE && s != NULL)
			text(w, s);
	}
	w->deep--;
}

static xmlDoc *
parse(const char *html)
{
	return htmlReadMemory(html, (int)strnlen(html, 1 << 24), NULL, "UTF-8",
	    HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
	        HTML_PARSE_NONET | HTML_PARSE_COMPACT);
}

/* Backslashes of breaks before an empty line, and blanks at the end. */
static void
tidy(struct buf *b)
{
	while (b->len > 0 && strchr(" \n\\", b->data[b->len - 1]) != NULL) {
		/* A backslash that was escaped is a text's. */
		if (b->data[b->len - 1] == '\\' && b->len > 1 &&
		    b->data[b->len - 2] == '\\')
			break;
		b->data[--b->len] = '\0';
	}
}

void
import_html(struct buf *b, const char *html)
{
	struct writer w = { .out = b, .line_start = true };
	xmlDoc *doc = NULL;
	struct buf bare;

	buf_init(&bare, strlen(html) + 1);
	import_shortcodes(&bare, html);
	if (bare.len > 0)
		doc = parse(buf_text(&bare));
	buf_free(&bare);
	if (doc != NULL && xmlDocGetRootElement(doc) != NULL)
		children(&w, xmlDocGetRootElement(doc));
	xmlFreeDoc(doc);
	if (b->data != NULL)
		tidy(b);
}

static void
plain(struct buf *b, const xmlNode *n)
{
	for (const xmlNode *c = n->children; c != NULL; c = c->next) {
		const char *s = (const char *)c->content;

		if (c->type == XML_ELEMENT_NODE && !is(c, "script style"))
			plain(b, c);
		for (; c->type == XML_TEXT_NODE && s != NULL && *s != '\0';
		     s++) {
			bool blank = (unsigned char)*s <= ' ';

			if (!blank)
				buf_char(b, *s);
			else if (b->len > 0 && b->data[b->len - 1] != ' ')
				buf_char(b, ' ');
		}
	}
}

void
import_plain(struct buf *b, const char *html)
{
	xmlDoc *doc = html[0] != '\0' ? parse(html) : NULL;

	if (doc != NULL && xmlDocGetRootElement(doc) != NULL)
		plain(b, xmlDocGetRootElement(doc));
	xmlFreeDoc(doc);
	if (b->data != NULL)
		tidy(b);
}
