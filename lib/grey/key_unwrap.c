#include "lib/grey/key_unwrap.h"

#include <stdbool.h>
#include <string.h>

/*
 * Bounce tags, forwarders' rewritings and recipients inside a local part.
 * All of it works in place on lower-case text and only shortens it.
 */

/* Move the text that begins at "from" to "to", which stands before it. */
static void
close_gap(char *to, const char *from)
{
	memmove(to, from, strlen(from) + 1);
}

/* ---- BATV and its relatives ---- */

/* draft-levine-smtp-batv: a digit, three of the day, six of the hash. */
static bool
is_prvs_tag(const char *s, size_t n)
{
	size_t i;

	if (n != 10)
		return false;
	for (i = 0; i < n; i++) {
		if (i < 4 ? !is_digit(s[i]) : !is_hex(s[i]))
			return false;
	}
	return true;
}

/* "prvs=TAG=alice", also "prvs=alice=TAG" and "prvs=alice/TAG". */
static bool
strip_prvs(char *s, size_t prefix)
{
	char *p = s + prefix, *eq = strchr(p, '='), *end;

	end = strrchr(p, '=');
	if (end == NULL)
		end = strrchr(p, '/');
	if (end != NULL && end > p && is_prvs_tag(end + 1, strlen(end + 1)) &&
	    !is_prvs_tag(p, (size_t)(end - p))) {
		*end = '\0';
		close_gap(s, p);
		return true;
	}
	if (eq == NULL || eq == p || eq[1] == '\0')
		return false;
	close_gap(s, eq + 1);
	return true;
}

bool
unwrap_batv(char *s)
{
	char *end;

	if (strncmp(s, "prvs=", 5) == 0)
		return strip_prvs(s, 5);
	if (strncmp(s, "msprvs1=", 8) == 0)
		return strip_prvs(s, 8);
	if (strncmp(s, "btv1==", 6) == 0 &&
	    (end = strstr(s + 6, "==")) != NULL && end[2] != '\0') {
		close_gap(s, end + 2);
		return true;
	}
	return false;
}

/* ---- SRS ---- */

/*
 * Behind the hash and the day of "HASH=DAY=example.org=alice": returns where
 * the domain begins and sets *user_r to where the user does; NULL: not SRS.
 */
static char *
srs_fields(char *p, char **user_r)
{
	char sep = strchr(p, '=') != NULL ? '='
	    : strchr(p, '+') != NULL      ? '+'
	                                  : '-';
	char *day = strchr(p, sep), *domain, *end, *dot;

	if (day == NULL || day == p)
		return NULL;
	domain = strchr(day + 1, sep);
	if (domain == NULL || domain == day + 1 || domain - day > 6)
		return NULL;
	domain++;
	/* A "-" can be part of the domain, but not of its last label. */
	dot = sep == '-' ? strchr(domain, '.') : domain;
	end = dot != NULL ? strchr(dot, sep) : NULL;
	if (end == NULL || end == domain || end[1] == '\0')
		return NULL;
	*end = '=';
	*user_r = end + 1;
	return domain;
}

/* Close the gap before "from"; the user moves along. */
static char *
srs_close(char *to, const char *from, const char *user)
{
	size_t moved = (size_t)(from - to);
	size_t at = (size_t)(user - to) - moved;

	close_gap(to, from);
	return to + at;
}

static bool
is_srs(const char *s, const char *which)
{
	return strncmp(s, which, 4) == 0 &&
	    (s[4] == '=' || s[4] == '+' || s[4] == '-');
}

char *
unwrap_srs(char *s)
{
	char *domain, *user, *p, *eq;

	if (is_srs(s, "srs0")) {
		domain = srs_fields(s + 5, &user);
		if (domain == NULL)
			return NULL;
		s[4] = '=';
		return srs_close(s + 5, domain, user);
	}
	if (is_srs(s, "srs1")) {
		p = strchr(s + 5, '=');
		eq = p != NULL ? strchr(p + 1, '=') : NULL;
		if (eq == NULL || eq == p + 1 || eq[1] == '\0')
			return NULL;
		domain = srs_fields(eq + 2, &user);
		if (domain == NULL)
			return NULL;
		s[4] = eq[1] = '=';
		user = srs_close(eq + 2, domain, user);
		return srs_close(s + 5, p + 1, user);
	}
	p = strstr(s, "+srs=");
	if (p == NULL || (domain = srs_fields(p + 5, &user)) == NULL)
		return NULL;
	return srs_close(p + 5, domain, user);
}

/* ---- VERP ---- */

/* Whether s begins with the n bytes at t; a dot of t stands for any sign. */
static bool
begins_with(const char *s, const char *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '\0' ||
		    (s[i] != t[i] && (t[i] != '.' || is_word(s[i]))))
			return false;
	}
	return true;
}

static size_t
signs(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0' && !is_word(s[n]))
		n++;
	return n;
}

/* Length of what stands for "@": "=", "--at--", "=40", "_at_"; 0: none. */
static size_t
at_sign(const char *s)
{
	size_t i = signs(s), j;

	if (i == 0 || i > 3)
		return 0;
	if (strncmp(s + i, "at", 2) != 0 && strncmp(s + i, "40", 2) != 0)
		return i;
	j = signs(s + i + 2);
	if (s[i] == '4')
		return i + 2 + (j <= 3 ? j : 0);
	return j == 0 || j > 3 ? i : i + 2 + j;
}

struct half {
	const char *text;
	size_t n;
};

/* Length of "a AT b" at s, followed by no further letter; 0: not there. */
static size_t
verp_here(const char *s, struct half a, struct half b)
{
	size_t sep, n;

	if (!begins_with(s, a.text, a.n))
		return 0;
	sep = at_sign(s + a.n);
	if (sep == 0 || !begins_with(s + a.n + sep, b.text, b.n))
		return 0;
	n = a.n + sep + b.n;
	return is_word(s[n]) ? 0 : n;
}

void
unwrap_verp(char *s, const char *recipient)
{
	const char *at = strrchr(recipient, '@'), *plus;
	struct half local = { recipient, 0 }, domain;
	size_t i, n;

	if (at == NULL || at == recipient || at[1] == '\0')
		return;
	local.n = (size_t)(at - recipient);
	domain = (struct half){ at + 1, strlen(at + 1) };
	plus = memchr(recipient, '+', local.n);
	for (i = 0; s[i] != '\0'; i++) {
		bool glued = i > 0 && is_word(s[i - 1]);

		n = verp_here(s + i, local, domain);
		if (n == 0 && plus > recipient)
			n = verp_here(s + i,
			    (struct half){
			        recipient, (size_t)(plus - recipient) },
			    domain);
		/* A short name at the end of a word can be chance. */
		if (n > 0 && glued && local.n < 3)
			n = 0;
		if (n == 0 && !glued)
			n = verp_here(s + i, domain, local);
		if (n == 0)
			continue;
		s[i] = '*';
		close_gap(s + i + 1, s + i + n);
	}
}
