/* A post's text, as page and as words: nothing in it becomes markup. */
#include "lib/buf.h"
#include "statusd/html.h"
#include "statusd/jout.h"
#include "statusd/markdown.h"

#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each element is one of those that posts have, each link a harmless one. */
static void
check(const char *html)
{
	static const char *const never[] = { "<script", "<style", "<img",
		"<iframe", "<svg", "<object", "<form", "<input", "<meta",
		"<link", "<base" };

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert(strcasestr(html, never[i]) == NULL);
	for (const char *p = html; (p = strstr(p, "<a ")) != NULL; p++) {
		assert(strncmp(p, "<a href=\"", 9) == 0);
		assert(strncasecmp(p + 9, "http:", 5) == 0 ||
		    strncasecmp(p + 9, "https:", 6) == 0 ||
		    strncasecmp(p + 9, "mailto:", 7) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);
	struct html h;
	struct jout j;
	struct buf b;

	if (s == NULL || size > 65536) {
		free(s);
		return 0;
	}
	if (size > 0)
		memcpy(s, data, size);
	s[size] = '\0';
	buf_init(&b, (size_t)4 * 1024 * 1024);
	html_init(&h, &b);
	if (markdown_html(&h, s, 3) == 0 && html_done(&h) == 0)
		check(buf_text(&b));
	buf_reset(&b);
	(void)markdown_plain(&b, s);
	buf_reset(&b);
	jout_init(&j, &b);
	jout_array(&j, NULL);
	jout_text(&j, NULL, s);
	jout_array_end(&j);
	if (jout_done(&j) == 0) {
		json_t *back = json_loads(buf_text(&b), 0, NULL);

		assert(back != NULL);
		json_decref(back);
	}
	buf_free(&b);
	free(s);
	return 0;
}
