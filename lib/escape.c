#include "lib/escape.h"

#include "lib/buf.h"

#include <stdint.h>

size_t
escape_utf8(const char *s, size_t n, unsigned *cp_r)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned c, cp;
	size_t len, i;

	if (n == 0)
		return 0;
	c = (uint8_t)s[0];
	if (c < 0x80) {
		*cp_r = c;
		return 1;
	}
	len = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0;
	if (len == 0 || c >= 0xf8 || len > n)
		return 0;
	cp = c & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		c = (uint8_t)s[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < least[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return 0;
	*cp_r = cp;
	return len;
}

/* Turns the direction of the text behind it, for as long as it likes. */
static int
turns_text(unsigned cp)
{
	return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}

/* Would act on a terminal or break a line: see escape_line(). */
static int
acts_on_line(unsigned cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 ||
	    cp == 0x2029 || turns_text(cp) || cp == 0x200e || cp == 0x200f ||
	    cp == 0x061c || cp == 0xfeff;
}

/* How many printable ASCII characters stand at s: most text is nothing else. */
static size_t
plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f)
		i++;
	return i;
}

void
escape_line(struct buf *b, const char *s, size_t n)
{
	unsigned cp;
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = plain_run(s + i, n - i);
		if (len > 0) {
			buf_add(b, s + i, len);
			continue;
		}
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0) {
			len = 1;
			buf_printf(b, "\\x%02x", (unsigned)(uint8_t)s[i]);
		} else if (!acts_on_line(cp))
			buf_add(b, s + i, len);
		else if (cp < 0x100)
			buf_printf(b, "\\x%02x", cp);
		else
			buf_printf(b, "\\u{%04x}", cp);
	}
}

/* The same without what markup gives a meaning. */
static size_t
unmarked_run(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '&' &&
	    s[i] != '<' && s[i] != '>' && s[i] != '"' && s[i] != '\'')
		i++;
	return i;
}

void
escape_markup(struct buf *b, const char *s, size_t n)
{
	unsigned cp;
	size_t i, len;

	for (i = 0; i < n; i += len) {
		len = unmarked_run(s + i, n - i);
		if (len > 0) {
			buf_add(b, s + i, len);
			continue;
		}
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0 || (cp < 0x20 && cp != '\n' && cp != '\t') ||
		    (cp >= 0x7f && cp < 0xa0) || cp == 0xfffe || cp == 0xffff) {
			len = len == 0 ? 1 : len;
			buf_str(b, "\xef\xbf\xbd");
		} else if (turns_text(cp))
			continue;
		else if (cp == '&')
			buf_str(b, "&amp;");
		else if (cp == '<')
			buf_str(b, "&lt;");
		else if (cp == '>')
			buf_str(b, "&gt;");
		else if (cp == '"')
			buf_str(b, "&quot;");
		else if (cp == '\'')
			buf_str(b, "&#39;");
		else
			buf_add(b, s + i, len);
	}
}
