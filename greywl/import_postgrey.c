#include "greywl/import_postgrey.h"

#include <stdbool.h>
#include <string.h>

/* postgrey's whitelists: one entry a line, "#" begins a comment. */

bool
gw_import_is_expression(const char *s)
{
	size_t n = strlen(s);

	return n >= 2 && s[0] == '/' && s[n - 1] == '/';
}

void
gw_import_postgrey_client(struct gw_import *im, size_t line, const char *s)
{
	if (strspn(s, "0123456789./") == strlen(s) || strchr(s, ':') != NULL)
		gw_import_net(im, line, s);
	else if (strchr(s, '.') == NULL && strchr(s, ' ') == NULL)
		gw_import_skip(im, line, false,
		    "a name without a dot would mean a whole top-level domain");
	else
		gw_import_text(im, line, s, ALLOW_AS_NAME);
}

/* "user@domain", "user@" for any domain, a domain. */
static void
recipient(struct gw_import *im, size_t line, const char *s)
{
	char any[ADDRESS_MAX + 2];
	size_t n = strlen(s);

	if (s[0] == '@')
		s++;
	else if (n > 1 && n < ADDRESS_MAX && s[n - 1] == '@') {
		memcpy(any, s, n);
		memcpy(any + n, "*", 2);
		s = any;
	}
	gw_import_text(im, line, s, ALLOW_AS_RECIPIENT);
}

/* What the file is for, by its name; the lines do not always tell. */
static bool
is_of_recipients(const struct gw_import *im)
{
	const char *base = im->file != NULL ? strrchr(im->file, '/') : NULL;

	base = base != NULL ? base + 1 : im->file;
	return base != NULL && strstr(base, "recipient") != NULL;
}

void
gw_import_postgrey(struct gw_import *im, size_t line, char *text)
{
	char *s;

	if (im->state != NULL || (line == 1 && gw_postgrey_is_dump(text))) {
		gw_postgrey_dump(im, line, text);
		return;
	}
	s = gw_import_trim(text);
	if (*s == '\0')
		return;
	if (gw_import_is_expression(s))
		gw_import_skip(im, line, false,
		    "a regular expression: write the domain that it stands "
		    "for");
	else if (strchr(s, '@') != NULL || is_of_recipients(im))
		recipient(im, line, s);
	else
		gw_import_postgrey_client(im, line, s);
}
