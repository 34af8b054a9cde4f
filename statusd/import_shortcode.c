#include "statusd/import_shortcode.h"

#include "lib/buf.h"

#include <ctype.h>
#include <string.h>

/* Longer ones are none. */
#define CODE_MAX 1000

static const char *const names[] = { "caption", "wp_caption", "gallery",
	"playlist", "audio", "video", "embed", NULL };

/* The length of a shortcode that begins at "s", a bracket; 0: there is none. */
static size_t
code_at(const char *s)
{
	const char *name = s + 1 + (s[1] == '/');
	size_t n, end;

	for (size_t i = 0; names[i] != NULL; i++) {
		n = strlen(names[i]);
		if (strncmp(name, names[i], n) != 0 ||
		    (strchr(" ]/", name[n]) == NULL &&
		        !isspace((unsigned char)name[n])))
			continue;
		end = strcspn(s + 1, "[]");
		if (s[1 + end] != ']' || end > CODE_MAX)
			return 0;
		return end + 2;
	}
	return 0;
}

void
import_shortcodes(struct buf *b, const char *text)
{
	size_t n, code;

	while (*text != '\0') {
		n = strcspn(text, "[");
		buf_add(b, text, n);
		text += n;
		if (*text == '\0')
			return;
		if (text[1] == '[' && (code = code_at(text + 1)) > 0 &&
		    text[1 + code] == ']') {
			buf_add(b, text + 1, code);
			text += code + 2;
			continue;
		}
		code = code_at(text);
		if (code == 0) {
			buf_char(b, '[');
			code = 1;
		}
		text += code;
	}
}
