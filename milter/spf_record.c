#include "milter/spf_record.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_alnum(char c)
{
	return is_alpha(c) || is_digit(c);
}

bool
spf_record_is(const char *text, size_t len)
{
	return len >= 6 && strncasecmp(text, "v=spf1", 6) == 0 &&
	    (len == 6 || text[6] == ' ');
}

/*
 * Length of the macro-expand at s, which begins with "%"; 0 where it is none.
 * "anywhere" allows the letters that only an explanation may use.
 */
static size_t
macro_expand_len(const char *s, size_t n, bool anywhere)
{
	const char *letters = anywhere ? "slodiphvcrt" : "slodiphv";
	size_t i = 3;
	bool nonzero = false;

	if (n >= 2 && (s[1] == '%' || s[1] == '_' || s[1] == '-'))
		return 2;
	if (n < 4 || s[1] != '{' || !is_alpha(s[2]) ||
	    strchr(letters, s[2] | 0x20) == NULL)
		return 0;
	for (; i < n && is_digit(s[i]); i++)
		nonzero = nonzero || s[i] != '0';
	if (i > 3 && (!nonzero || i > 3 + 3))
		return 0;
	if (i < n && (s[i] == 'r' || s[i] == 'R'))
		i++;
	while (i < n && s[i] != '\0' && strchr(".-+,/_=", s[i]) != NULL)
		i++;
	return i < n && s[i] == '}' ? i + 1 : 0;
}

/*
 * Whether it is a macro-string.  *tail_r is where the text behind the last
 * macro-expand begins.
 */
static bool
macro_string(const char *s, size_t n, bool anywhere, size_t *tail_r)
{
	size_t i = 0;

	*tail_r = 0;
	while (i < n) {
		if (s[i] == '%') {
			size_t k = macro_expand_len(s + i, n - i, anywhere);

			if (k == 0)
				return false;
			i += k;
			*tail_r = i;
		} else if (s[i] > 0x20 && s[i] < 0x7f) {
			i++;
		} else {
			return false;
		}
	}
	return true;
}

/* Letters, digits and inner hyphens, not digits alone. */
static bool
top_label(const char *s, size_t n)
{
	bool other = false;

	if (n == 0 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
		other = other || !is_digit(s[i]);
	}
	return other;
}

bool
spf_spec_ok(const char *text, size_t len)
{
	size_t tail, dot;

	if (len == 0 || !macro_string(text, len, false, &tail))
		return false;
	if (tail == len)
		return true;
	if (text[len - 1] == '.')
		len--;
	for (dot = len; dot > tail && text[dot - 1] != '.'; dot--)
		;
	return dot > tail && top_label(text + dot, len - dot);
}

static int
set_spec(struct spf_spec *spec, const char *s, size_t n)
{
	if (!spf_spec_ok(s, n))
		return -1;
	spec->text = s;
	spec->len = n;
	spec->macro = memchr(s, '%', n) != NULL;
	return 0;
}

/*
 * Take "/number" off the end of s (of *n bytes).  1: there was one; 0: there
 * was none; -1: it breaks the form (leading zero, too large, no digit).
 */
static int
take_prefix(const char *s, size_t *n, unsigned most, unsigned *prefix_r)
{
	size_t i = *n;
	unsigned v = 0;

	while (i > 0 && is_digit(s[i - 1]))
		i--;
	if (i == 0 || s[i - 1] != '/')
		return 0;
	if (i == *n || *n - i > 3 || (s[i] == '0' && *n - i > 1))
		return -1;
	for (size_t k = i; k < *n; k++)
		v = v * 10 + (unsigned)(s[k] - '0');
	if (v > most)
		return -1;
	*prefix_r = v;
	*n = i - 1;
	return 1;
}

/* "/24", "//64", "/24//64" at the end of a and mx. */
static int
take_prefixes(const char *s, size_t *n, struct spf_term *t)
{
	size_t six = *n;
	unsigned prefix;
	int got;

	got = take_prefix(s, &six, 128, &prefix);
	if (got == 1 && six > 0 && s[six - 1] == '/') {
		t->prefix6 = prefix;
		*n = six - 1;
	}
	return take_prefix(s, n, 32, &t->prefix4) == -1 || got == -1 ? -1 : 0;
}

static int
read_net(struct spf_term *t, const char *s, size_t n)
{
	bool six = t->mechanism == SPF_IP6;
	unsigned prefix = six ? 128 : 32;
	char text[INET6_ADDRSTRLEN];
	struct ip ip = { .bits = six ? 128 : 32 };

	if (take_prefix(s, &n, prefix, &prefix) == -1 || n == 0 ||
	    n >= sizeof(text) || memchr(s, '\0', n) != NULL)
		return -1;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(six ? AF_INET6 : AF_INET, text, ip.bytes) != 1)
		return -1;
	t->net = ip_net_of(&ip, prefix);
	return 0;
}

static const struct {
	const char *name;
	enum spf_mechanism mechanism;
} mechanisms[] = {
	{ "all", SPF_ALL },
	{ "include", SPF_INCLUDE },
	{ "a", SPF_A },
	{ "mx", SPF_MX },
	{ "ptr", SPF_PTR },
	{ "ip4", SPF_IP4 },
	{ "ip6", SPF_IP6 },
	{ "exists", SPF_EXISTS },
};

static int
find_mechanism(const char *s, size_t n, enum spf_mechanism *m_r)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (strlen(mechanisms[i].name) == n &&
		    strncasecmp(mechanisms[i].name, s, n) == 0) {
			*m_r = mechanisms[i].mechanism;
			return 0;
		}
	}
	return -1;
}

/* What stands behind the mechanism's name: s of n bytes, may be empty. */
static int
read_argument(struct spf_term *t, const char *s, size_t n)
{
	bool colon = n > 0 && s[0] == ':';

	switch (t->mechanism) {
	case SPF_ALL:
		return n == 0 ? 0 : -1;
	case SPF_IP4:
	case SPF_IP6:
		return colon ? read_net(t, s + 1, n - 1) : -1;
	case SPF_INCLUDE:
	case SPF_EXISTS:
		return colon ? set_spec(&t->spec, s + 1, n - 1) : -1;
	case SPF_PTR:
		if (n == 0)
			return 0;
		return colon ? set_spec(&t->spec, s + 1, n - 1) : -1;
	case SPF_A:
	case SPF_MX:
		break;
	}
	if (take_prefixes(s, &n, t) == -1)
		return -1;
	if (n == 0)
		return 0;
	return colon ? set_spec(&t->spec, s + 1, n - 1) : -1;
}

static int
read_mechanism(struct spf_record *r, const char *s, size_t n, size_t *room)
{
	struct spf_term t = { .qualifier = SPF_PASS,
		.prefix4 = 32,
		.prefix6 = 128,
		.text = s,
		.len = n };
	size_t name = 0;

	switch (s[0]) {
	case '-':
		t.qualifier = SPF_FAIL;
		break;
	case '~':
		t.qualifier = SPF_SOFTFAIL;
		break;
	case '?':
		t.qualifier = SPF_NEUTRAL;
		break;
	default:
		break;
	}
	if (s[0] == '+' || t.qualifier != SPF_PASS) {
		s++;
		n--;
	}
	while (name < n && s[name] != ':' && s[name] != '/')
		name++;
	if (find_mechanism(s, name, &t.mechanism) == -1 ||
	    read_argument(&t, s + name, n - name) == -1 ||
	    r->n == SPF_TERMS_MAX)
		return -1;
	if (r->n == *room) {
		size_t more = *room == 0 ? 16 : *room * 2;
		struct spf_term *p = realloc(r->terms, more * sizeof(*p));

		if (p == NULL)
			return -1;
		r->terms = p;
		*room = more;
	}
	r->terms[r->n++] = t;
	return 0;
}

/* Length of the name of the modifier at s; 0 where it is none. */
static size_t
modifier_name(const char *s, size_t n)
{
	size_t i = 0;

	if (n == 0 || !is_alpha(s[0]))
		return 0;
	while (i < n &&
	    (is_alnum(s[i]) || s[i] == '-' || s[i] == '_' || s[i] == '.'))
		i++;
	return i < n && s[i] == '=' ? i : 0;
}

struct modifiers {
	bool redirect, exp;
};

static int
read_modifier(struct spf_record *r, const char *s, size_t n, size_t name,
    struct modifiers *seen)
{
	const char *value = s + name + 1;
	size_t len = n - name - 1, tail;
	struct spf_spec exp;

	if (name == 8 && strncasecmp(s, "redirect", 8) == 0) {
		if (seen->redirect)
			return -1;
		seen->redirect = true;
		r->redirect_at = (size_t)(s - r->text);
		return set_spec(&r->redirect, value, len);
	}
	if (name == 3 && strncasecmp(s, "exp", 3) == 0) {
		if (seen->exp)
			return -1;
		seen->exp = true;
		return set_spec(&exp, value, len);
	}
	return macro_string(value, len, true, &tail) ? 0 : -1;
}

static int
read_terms(struct spf_record *r, size_t len)
{
	struct modifiers seen = { false, false };
	size_t at = 6, room = 0;

	while (at < len) {
		const char *s = r->text + at;
		size_t n = 0, name;
		int rc;

		if (*s == ' ') {
			at++;
			continue;
		}
		while (at + n < len && s[n] != ' ')
			n++;
		name = modifier_name(s, n);
		rc = name > 0 ? read_modifier(r, s, n, name, &seen)
		              : read_mechanism(r, s, n, &room);
		if (rc == -1)
			return -1;
		at += n;
	}
	return 0;
}

struct spf_record *
spf_record_read(const char *text, size_t len)
{
	struct spf_record *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->text = malloc(len + 1);
	if (r->text == NULL)
		goto bad;
	memcpy(r->text, text, len);
	r->text[len] = '\0';
	if (!spf_record_is(text, len) || read_terms(r, len) == -1)
		goto bad;
	return r;
bad:
	spf_record_free(r);
	return NULL;
}

void
spf_record_free(struct spf_record *r)
{
	if (r == NULL)
		return;
	free(r->terms);
	free(r->text);
	free(r);
}
