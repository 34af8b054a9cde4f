#include "lib/domain.h"

#include "lib/err.h"
#include "lib/escape.h"

#include <string.h>
#include <strings.h>

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* One label of n bytes; NULL where it is right, else what is wrong. */
static const char *
label_fault(const char *s, size_t n)
{
	unsigned cp;
	size_t i, len;

	if (n == 0)
		return "has an empty label";
	if (n > 63)
		return "has a label of more than 63 bytes";
	if (s[0] == '-' || s[n - 1] == '-')
		return "has a label that begins or ends with \"-\"";
	for (i = 0; i < n; i += len) {
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0)
			return "is not UTF-8";
		if (len == 1 &&
		    strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", s[i]) ==
		        NULL)
			return "has a character that no domain name has";
		if (len > 1 &&
		    (cp < 0xa1 || (cp >= 0x2000 && cp <= 0x206f) ||
		        cp == 0xfeff || cp == 0x3000))
			return "has a character that no domain name has";
	}
	return NULL;
}

int
domain_normal(
    const char *s, bool one_label, char out[DOMAIN_MAX + 1], struct err *e)
{
	size_t n = strlen(s), i, start = 0;
	const char *fault = NULL;

	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0)
		return err_set(e, "the domain name is empty");
	if (n > DOMAIN_MAX)
		return err_set(
		    e, "a domain name has at most %d bytes", DOMAIN_MAX);
	for (i = 0; i < n; i++)
		out[i] = lower(s[i]);
	out[n] = '\0';
	for (i = 0; i <= n && fault == NULL; i++) {
		if (i < n && out[i] != '.')
			continue;
		fault = label_fault(out + start, i - start);
		start = i + 1;
	}
	if (fault != NULL)
		return err_set(e, "\"%.100s\" %s", s, fault);
	if (!one_label && strchr(out, '.') == NULL)
		return err_set(e,
		    "\"%.100s\" has no dot: write a whole domain name, for "
		    "example example.com",
		    s);
	return 0;
}

const char *
address_domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : NULL;
}

int
address_lower(const char *address, char *out, size_t size)
{
	size_t i, n = strlen(address);

	if (n >= size)
		return -1;
	for (i = 0; i <= n; i++)
		out[i] = lower(address[i]);
	return 0;
}
