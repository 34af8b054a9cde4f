#include "statusd/typed.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/escape.h"

#include <string.h>

int
typed_title(const char *title, struct err *e)
{
	size_t n = strlen(title);

	if (strspn(title, " ") == n)
		return err_set(e, "the title is empty");
	if (n > TYPED_TITLE_MAX)
		return err_set(
		    e, "the title is longer than %d bytes", TYPED_TITLE_MAX);
	for (size_t i = 0; i < n;) {
		unsigned cp;
		size_t w = escape_utf8(title + i, n - i, &cp);

		if (w == 0)
			return err_set(e, "the title is not UTF-8");
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return err_set(
			    e, "the title holds a control character");
		i += w;
	}
	return 0;
}

static int
check(const struct buf *text, struct err *e)
{
	const char *s = buf_text(text);

	for (size_t i = 0; i < text->len;) {
		unsigned cp;
		size_t w = escape_utf8(s + i, text->len - i, &cp);

		if (w == 0)
			return err_set(
			    e, "the text is not UTF-8 at byte %zu", i + 1);
		if ((cp < 0x20 && cp != '\n' && cp != '\t' && cp != '\r') ||
		    (cp >= 0x7f && cp < 0xa0))
			return err_set(e,
			    "the text holds a control character at byte %zu",
			    i + 1);
		i += w;
	}
	return 0;
}

/* Blanks and line ends around it say nothing. */
static void
trim(struct buf *text)
{
	size_t n = text->len, skip = 0;

	while (n > 0 && strchr(" \t\r\n", text->data[n - 1]) != NULL)
		n--;
	while (skip < n && strchr("\r\n", text->data[skip]) != NULL)
		skip++;
	if (text->data == NULL)
		return;
	memmove(text->data, text->data + skip, n - skip);
	text->len = n - skip;
	text->data[text->len] = '\0';
}

int
typed_text(struct buf *text, struct err *e)
{
	int rc = check(text, e);

	trim(text);
	return rc;
}
