#include "lib/buf.h"

#include "milter/spf_eval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any name that is cut down to 253 bytes, 127 labels, needs. */
enum {
	EXPANDED_MAX = 8192,
	MACROS_MAX = 128,
	VALUE_MAX = 1024,
	PARTS_MAX = 512,
};

/* One "%{...}". */
struct macro {
	char letter; /* lower case */
	bool url; /* upper case: URL-encoded */
	unsigned keep; /* parts from the right; 0: all */
	bool reverse;
	const char *delimiters;
	size_t n_delimiters;
};

/* Read a macro that the parser has found right; returns its length. */
static size_t
macro_read(const char *s, struct macro *m)
{
	size_t i = 3;

	memset(m, 0, sizeof(*m));
	m->letter = (char)(s[2] | 0x20);
	m->url = (s[2] & 0x20) == 0;
	for (; s[i] >= '0' && s[i] <= '9'; i++)
		m->keep = m->keep * 10 + (unsigned)(s[i] - '0');
	if (s[i] == 'r' || s[i] == 'R') {
		m->reverse = true;
		i++;
	}
	m->delimiters = s + i;
	while (s[i] != '}')
		i++;
	m->n_delimiters = (size_t)(s + i - m->delimiters);
	if (m->n_delimiters == 0) {
		m->delimiters = ".";
		m->n_delimiters = 1;
	}
	return i + 1;
}

/* The address as the macro "i" has it: dotted, IPv6 by nibbles. */
static void
address_text(const struct ip *ip, char out[VALUE_MAX])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;

	if (ip->bits == 32) {
		(void)snprintf(out, VALUE_MAX, "%u.%u.%u.%u", ip->bytes[0],
		    ip->bytes[1], ip->bytes[2], ip->bytes[3]);
		return;
	}
	for (size_t i = 0; i < 16; i++) {
		out[at++] = hex[ip->bytes[i] >> 4];
		out[at++] = '.';
		out[at++] = hex[ip->bytes[i] & 15];
		out[at++] = '.';
	}
	out[at - 1] = '\0';
}

/* The macro "p".  Asked for once in each expansion: it is much work. */
static enum spf_step
client_name(struct spf_eval *e, const char *domain, char name[DNS_NAME_SIZE])
{
	enum spf_step step;

	if (name[0] != '\0')
		return SPF_STEP_YES;
	step = spf_client_name(e, NULL, domain, name);
	if (step == SPF_STEP_NO)
		(void)snprintf(name, DNS_NAME_SIZE, "unknown");
	return step == SPF_STEP_WAIT ? step : SPF_STEP_YES;
}

/* "name" is the client's, where that is known already; else "". */
static enum spf_step
macro_value(struct spf_eval *e, char letter, const char *domain,
    char name[DNS_NAME_SIZE], char out[VALUE_MAX])
{
	const struct spf_ask *a = e->ask;
	const char *at = strrchr(a->sender, '@');
	const char *s = "";
	int local = at != NULL ? (int)(at - a->sender) : 0;

	switch (letter) {
	case 's':
	case 'l':
		(void)snprintf(out, VALUE_MAX, "%.*s%s%s",
		    local > 0 ? local : 10,
		    local > 0 ? a->sender : "postmaster",
		    letter == 's' ? "@" : "",
		    letter == 'l'    ? ""
		        : at != NULL ? at + 1
		                     : a->domain);
		return SPF_STEP_YES;
	case 'o':
		s = at != NULL ? at + 1 : a->domain;
		break;
	case 'd':
		s = domain;
		break;
	case 'h':
		s = a->helo;
		break;
	case 'v':
		s = a->client.bits == 32 ? "in-addr" : "ip6";
		break;
	case 'i':
		address_text(&a->client, out);
		return SPF_STEP_YES;
	case 'p':
		if (client_name(e, domain, name) == SPF_STEP_WAIT)
			return SPF_STEP_WAIT;
		s = name;
		break;
	default:
		break;
	}
	(void)snprintf(out, VALUE_MAX, "%s", s);
	return SPF_STEP_YES;
}

static bool
unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

static void
add_part(struct buf *out, const char *s, size_t n, bool url)
{
	for (size_t i = 0; i < n; i++) {
		if (url && !unreserved(s[i]))
			buf_printf(out, "%%%02X", (unsigned char)s[i]);
		else
			buf_char(out, s[i]);
	}
}

/* Split at the delimiters, turn round, keep the rightmost, join with dots. */
static void
transform(struct buf *out, const struct macro *m, const char *value)
{
	struct {
		const char *s;
		size_t n;
	} part[PARTS_MAX];
	size_t n = 0, first = 0;

	for (const char *s = value, *start = value; n < PARTS_MAX; s++) {
		if (*s != '\0' && !memchr(m->delimiters, *s, m->n_delimiters))
			continue;
		part[n].s = start;
		part[n++].n = (size_t)(s - start);
		start = s + 1;
		if (*s == '\0')
			break;
	}
	if (m->keep > 0 && m->keep < n)
		first = n - m->keep;
	for (size_t i = first; i < n; i++) {
		size_t k = m->reverse ? n - 1 - i : i;

		if (i > first)
			buf_char(out, '.');
		add_part(out, part[k].s, part[k].n, m->url);
	}
}

/* Cut labels off the left until the name fits (section 7.3). */
static enum spf_step
fit(const struct buf *b, char out[DNS_NAME_SIZE])
{
	const char *s = buf_text(b);
	size_t n = b->len;

	if (n > 0 && s[n - 1] == '.')
		n--;
	while (n > DNS_NAME_MAX) {
		const char *dot = memchr(s, '.', n);

		if (dot == NULL)
			return SPF_STEP_NO;
		n -= (size_t)(dot + 1 - s);
		s = dot + 1;
	}
	memcpy(out, s, n);
	out[n] = '\0';
	if (strlen(out) != n)
		return SPF_STEP_NO;
	for (size_t i = 0; i < n; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			return SPF_STEP_NO;
	return dns_name_ok(out) ? SPF_STEP_YES : SPF_STEP_NO;
}

static enum spf_step
expand_into(struct spf_eval *e, const struct spf_spec *spec, const char *domain,
    struct buf *out)
{
	char value[VALUE_MAX], name[DNS_NAME_SIZE] = "";
	unsigned macros = 0;

	for (size_t i = 0; i < spec->len && !out->bad;) {
		const char *s = spec->text + i;
		struct macro m;
		enum spf_step step;

		if (*s != '%') {
			buf_char(out, *s);
			i++;
			continue;
		}
		if (s[1] != '{') {
			buf_str(out,
			    s[1] == '%'       ? "%"
			        : s[1] == '_' ? " "
			                      : "%20");
			i += 2;
			continue;
		}
		if (++macros > MACROS_MAX)
			return SPF_STEP_NO;
		i += macro_read(s, &m);
		step = macro_value(e, m.letter, domain, name, value);
		if (step != SPF_STEP_YES)
			return step;
		transform(out, &m, value);
	}
	return out->bad ? SPF_STEP_NO : SPF_STEP_YES;
}

enum spf_step
spf_expand(struct spf_eval *e, const struct spf_spec *spec, const char *domain,
    char out[DNS_NAME_SIZE])
{
	enum spf_step step;
	struct buf b;

	buf_init(&b, EXPANDED_MAX);
	if (spec->text == NULL) {
		buf_str(&b, domain);
		step = SPF_STEP_YES;
	} else {
		step = expand_into(e, spec, domain, &b);
	}
	if (step == SPF_STEP_YES)
		step = b.bad ? SPF_STEP_NO : fit(&b, out);
	buf_free(&b);
	return step;
}
