#include "lib/domain.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

#define MAPPED_MAX (4 * DOMAIN_MAX) /* bytes that are looked at */

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((*s & 0x80) != 0)
			return false;
	}
	return true;
}

/* What some letters are mapped to could be signs that mean something else. */
static bool
is_host(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && *s != '.' && s[n - 1] != '.' &&
	    strstr(s, "..") == NULL &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_.") == n;
}

/* How long the name is without its last dot; other scripts have their own. */
static size_t
undotted(const char *s)
{
	static const char *const dots[] = { ".", "\u3002", "\uff0e", "\uff61" };
	size_t n = strlen(s), i, d;

	for (i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
		d = strlen(dots[i]);
		if (n >= d && memcmp(s + n - d, dots[i], d) == 0)
			return n - d;
	}
	return n;
}

bool
domain_ascii(const char *name, char out[DOMAIN_MAX + 1])
{
	char text[MAPPED_MAX + 1];
	bool done = false;
	char *p = NULL;
	size_t n;

	if (is_ascii(name)) /* as a rule */
		return false;
	n = undotted(name);
	if (n > MAPPED_MAX)
		return false;
	memcpy(text, name, n);
	text[n] = '\0';
	if (idn2_to_ascii_8z(text, &p, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) ==
	        IDN2_OK &&
	    strlen(p) <= DOMAIN_MAX && is_host(p)) {
		memcpy(out, p, strlen(p) + 1);
		done = true;
	}
	idn2_free(p);
	return done;
}

bool
domain_unicode(const char *name, char out[DOMAIN_MAX + 1])
{
	char again[DOMAIN_MAX + 1];
	bool done = false;
	char *p = NULL;

	if (strstr(name, "xn--") == NULL)
		return false;
	if (idn2_to_unicode_8z8z(name, &p, 0) == IDN2_OK &&
	    strlen(p) <= DOMAIN_MAX && domain_ascii(p, again)) {
		memcpy(out, p, strlen(p) + 1);
		done = true;
	}
	idn2_free(p);
	return done;
}

bool
domain_within(const char *name, const char *domain)
{
	char of_name[DOMAIN_MAX + 1], of_domain[DOMAIN_MAX + 1];
	size_t n, d;

	if (domain_ascii(name, of_name))
		name = of_name;
	if (domain_ascii(domain, of_domain))
		domain = of_domain;
	n = strlen(name);
	d = strlen(domain);
	if (n > 0 && name[n - 1] == '.')
		n--;
	if (d > 0 && domain[d - 1] == '.')
		d--;
	if (d == 0 || n < d || strncasecmp(name + n - d, domain, d) != 0)
		return false;
	return n == d || name[n - d - 1] == '.';
}
