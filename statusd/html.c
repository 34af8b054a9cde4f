#include "statusd/html.h"

#include "lib/buf.h"
#include "lib/escape.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define DEPTH ((int)(sizeof((struct html *)0)->open / sizeof(char *)))

/* HTML's void elements, those that are used here. */
static const char *const empty[] = { "br", "col", "hr", "img", "input", "link",
	"meta", "wbr" };

static int
is_empty(const struct html *h, const char *tag)
{
	if (h->xml)
		return 0;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		if (strcmp(tag, empty[i]) == 0)
			return 1;
	return 0;
}

void
html_init(struct html *h, struct buf *out)
{
	*h = (struct html){ .out = out };
}

void
xml_init(struct html *h, struct buf *out)
{
	*h = (struct html){ .out = out, .xml = 1 };
}

static void
start(struct html *h, const char *tag, va_list ap)
{
	const char *name;

	buf_char(h->out, '<');
	buf_str(h->out, tag);
	while ((name = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);

		if (value == NULL)
			continue;
		buf_char(h->out, ' ');
		buf_str(h->out, name);
		buf_str(h->out, "=\"");
		escape_markup(h->out, value, strlen(value));
		buf_char(h->out, '"');
	}
	buf_char(h->out, '>');
	if (is_empty(h, tag))
		return;
	assert(h->depth < DEPTH);
	h->open[h->depth++] = tag;
}

void
html_start(struct html *h, const char *tag, ...)
{
	va_list ap;

	va_start(ap, tag);
	start(h, tag, ap);
	va_end(ap);
}

void
html_end(struct html *h, const char *tag)
{
	assert(h->depth > 0 && strcmp(h->open[h->depth - 1], tag) == 0);
	h->depth--;
	buf_str(h->out, "</");
	buf_str(h->out, tag);
	buf_char(h->out, '>');
}

void
html_element(struct html *h, const char *tag, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	start(h, tag, ap);
	va_end(ap);
	html_text(h, text);
	html_end(h, tag);
}

void
html_text(struct html *h, const char *text)
{
	escape_markup(h->out, text, strlen(text));
}

void
html_text_n(struct html *h, const char *text, size_t n)
{
	escape_markup(h->out, text, n);
}

void
html_textf(struct html *h, const char *fmt, ...)
{
	struct buf text;
	va_list ap;

	buf_init(&text, h->out->cap);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (text.bad)
		h->out->bad = 1;
	escape_markup(h->out, buf_text(&text), text.len);
	buf_free(&text);
}

void
html_trusted(struct html *h, const char *markup, size_t n)
{
	buf_add(h->out, markup, n);
}

void
html_newline(struct html *h)
{
	buf_char(h->out, '\n');
}

int
html_done(const struct html *h)
{
	return h->depth == 0 && !h->out->bad ? 0 : -1;
}
