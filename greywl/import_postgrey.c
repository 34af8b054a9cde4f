#include "greywl/import.h"

#include <stdbool.h>
#include <string.h>

/*
 * postgrey and sqlgrey: one entry a line, "#" begins a comment.  A client is
 * an address, the beginning of one, a network, a name (which means what lies
 * below it as well) or /an expression/.
 */

static bool
is_expression(const char *s)
{
	size_t n = strlen(s);

	return n >= 2 && s[0] == '/' && s[n - 1] == '/';
}

static void
client(struct gw_import *im, size_t line, const char *s)
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
	char *s = gw_import_trim(text);

	if (*s == '\0')
		return;
	if (line == 1 && strncmp(s, "VERSION=", 8) == 0) {
		gw_import_skip(im, line, true,
		    "a dump of postgrey's database: this release takes its "
		    "whitelists only");
		im->done = true;
	} else if (is_expression(s))
		gw_import_skip(im, line, false,
		    "a regular expression: write the domain that it stands "
		    "for");
	else if (strchr(s, '@') != NULL || is_of_recipients(im))
		recipient(im, line, s);
	else
		client(im, line, s);
}

void
gw_import_sqlgrey(struct gw_import *im, size_t line, char *text)
{
	char *s = gw_import_trim(text);

	if (*s == '\0')
		return;
	if (is_expression(s))
		gw_import_skip(im, line, false,
		    "a regular expression: write the domain that it stands "
		    "for");
	else
		client(im, line, strncmp(s, "*.", 2) == 0 ? s + 2 : s);
}
