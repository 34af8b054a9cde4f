#include "lib/err.h"
#include "lib/escape.h"
#include "lib/grey/allow.h"
#include "lib/grey/key.h"

#include <stdio.h>
#include <string.h>

#define LOCAL_MAX 64 /* RFC 5321 section 4.5.3.1.1 */
#define SHOWN 60 /* bytes of a wrong entry that a message repeats */

const char *const allow_kind_words[] = { [ALLOW_DOMAIN] = "domain",
	[ALLOW_SENDER] = "sender",
	[ALLOW_NETWORK] = "network",
	[ALLOW_NAME] = "name",
	[ALLOW_RECIPIENT] = "recipient",
	[ALLOW_KINDS] = NULL };

const char *const allow_proof_words[] = { [ALLOW_PROOF_NONE] = "none",
	[ALLOW_PROOF_SPF] = "spf",
	[ALLOW_PROOF_NAME] = "name",
	[ALLOW_PROOF_EITHER] = "either",
	[ALLOW_PROOFS] = NULL };

int
allow_word(const char *const *words, const char *word)
{
	int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return -1;
}

/* Signs that cannot be seen, or that reorder what is seen. */
static bool
is_hidden(unsigned cp)
{
	return cp <= 0x20 || (cp >= 0x7f && cp <= 0xa0) || cp == 0xad ||
	    cp == 0x61c || cp == 0x1680 || cp == 0x180e ||
	    (cp >= 0x2000 && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202f) ||
	    (cp >= 0x205f && cp <= 0x206f) || cp == 0x3000 || cp == 0xfeff ||
	    (cp >= 0xfff0 && cp <= 0xffff) || (cp >= 0xe0000 && cp <= 0xe0fff);
}

/* The quotes of a quoted local part are right. */
static bool
is_quoted(const char *s, size_t n)
{
	size_t i;

	if (n < 3 || s[0] != '"' || s[n - 1] != '"')
		return false;
	for (i = 1; i < n - 1; i++) {
		if (s[i] == '"')
			return false;
		if (s[i] == '\\' && ++i == n - 1)
			return false;
	}
	return true;
}

/* The bytes of a quoted local part, in which a blank may stand; 0: none. */
static size_t
quoted_length(const char *s)
{
	const char *at = strrchr(s, '@');
	size_t n = at != NULL ? (size_t)(at - s) : 0;

	return is_quoted(s, n) ? n : 0;
}

/* What no entry may have, whatever it is. */
static int
check_text(const char *s, struct err *e)
{
	size_t n = strlen(s), i, len, quoted = quoted_length(s);
	unsigned cp;

	if (n == 0)
		return err_set(e,
		    "the entry is empty: write a domain, a mail address or a "
		    "network");
	if (n > ADDRESS_MAX)
		return err_set(e,
		    "the entry has %zu bytes: a mail address has at most %d, a "
		    "domain %d",
		    n, ADDRESS_MAX, DOMAIN_MAX);
	for (i = 0; i < n; i += len) {
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0)
			return err_set(e,
			    "the entry is not UTF-8 (at byte %zu): write it in "
			    "UTF-8, or a domain in its xn-- form",
			    i + 1);
		if (cp == ' ' && i < quoted)
			continue;
		if (cp == ' ' || cp == '\t')
			return err_set(e,
			    "\"%.*s\" has a blank: write one domain, address "
			    "or network without blanks; in an address they may "
			    "stand between quotes, \"a b\"@example.com",
			    SHOWN, s);
		if (is_hidden(cp))
			return err_set(e,
			    "the entry has a control or invisible character "
			    "(U+%04X, at byte %zu): write it without",
			    cp, i + 1);
	}
	return 0;
}

/* Dots of other scripts part labels as well (RFC 3490 section 3.1). */
static void
plain_dots(const char *s, char out[ADDRESS_MAX + 1])
{
	static const char *const dots[] = { "\u3002", "\uff0e", "\uff61" };
	size_t i, o = 0;

	while (*s != '\0') {
		for (i = 0; i < 3 && strncmp(s, dots[i], 3) != 0; i++)
			;
		out[o++] = i < 3 ? '.' : *s;
		s += i < 3 ? 3 : 1;
	}
	out[o] = '\0';
}

/* A domain name in lower case; UTF-8 letters, too. */
static int
read_domain(
    const char *s, bool one_label, char out[ADDRESS_MAX + 1], struct err *e)
{
	char ascii[DOMAIN_MAX + 1], unicode[DOMAIN_MAX + 1];
	char name[DOMAIN_MAX + 1], plain[KEY_TEXT_SIZE];
	char dotted[ADDRESS_MAX + 1];
	const char *last;

	if (*s == '.' && s[1] != '\0')
		return err_set(e,
		    "\"%.*s\" begins with a dot: write %.*s, what lies below "
		    "it is meant as well",
		    SHOWN, s, SHOWN, s + 1);
	if (strncmp(s, "*.", 2) == 0)
		return err_set(e,
		    "\"%.*s\" has a \"*\": write %.*s, what lies below it is "
		    "meant as well",
		    SHOWN, s, SHOWN, s + 2);
	plain_dots(s, dotted);
	s = dotted;
	/* A letter can be written in more than one way: DNS knows one. */
	if (domain_ascii(s, ascii) && domain_unicode(ascii, unicode))
		s = unicode;
	if (domain_normal(s, one_label, name, e) == -1)
		return -1;
	last = strrchr(name, '.');
	last = last != NULL ? last + 1 : name;
	if (strspn(last, "0123456789") == strlen(last))
		return err_set(e,
		    "\"%.*s\" ends in a number, which no domain does: a "
		    "network is written 192.0.2.0/24 or 2001:db8::/32",
		    SHOWN, s);
	key_plain(name, plain);
	memcpy(out, plain, strlen(plain) + 1); /* as long as the name */
	return 0;
}

/* The domain of an address: a name, or an address literal. */
static int
read_address_domain(const char *s, char out[ADDRESS_MAX + 1], struct err *e)
{
	char text[IP_TEXT_SIZE];
	struct ip ip;

	if (s[0] != '[')
		return read_domain(s, true, out, e);
	if (s[strlen(s) - 1] != ']' || ip_parse(s, &ip) == -1)
		return err_set(e,
		    "\"%.*s\" is no address literal: write [192.0.2.1] or "
		    "[IPv6:2001:db8::1]",
		    SHOWN, s);
	(void)snprintf(out, ADDRESS_MAX + 1, "[%s%s]",
	    ip.bits == 128 ? "ipv6:" : "", ip_text(&ip, text));
	return 0;
}

static bool
is_atom_sign(char c)
{
	return (c & 0x80) != 0 || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* RFC 5321 section 4.1.2: Dot-string. */
static bool
is_dot_string(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '.' ? i == 0 || i == n - 1 || s[i - 1] == '.'
		                : !is_atom_sign(s[i]))
			return false;
	}
	return n > 0;
}

/* The n bytes of a plain local part as they are written before an "@". */
static size_t
write_local(const char *s, size_t n, char *out)
{
	size_t i, o = 0;

	if (is_dot_string(s, n) && (n > 1 || s[0] != '*')) {
		memcpy(out, s, n);
		return n;
	}
	out[o++] = '"';
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			out[o++] = '\\';
		out[o++] = s[i];
	}
	out[o++] = '"';
	return o;
}

static int
check_local(const char *s, size_t n, struct err *e)
{
	if (n > LOCAL_MAX)
		return err_set(e,
		    "\"%.*s...\" has %zu bytes before the \"@\": an address "
		    "has at most %d there",
		    SHOWN, s, n, LOCAL_MAX);
	if (n == 1 && s[0] == '*')
		return err_set(e,
		    "\"%.*s\" has a \"*\": for all of a domain write the "
		    "domain alone",
		    SHOWN, s);
	if (!is_quoted(s, n) && !is_dot_string(s, n))
		return err_set(e,
		    "\"%.*s\" is not a mail address: write for example "
		    "alice@example.com, without brackets; a local part with "
		    "other signs stands in quotes",
		    SHOWN, s);
	return 0;
}

/* "any": "*" may stand for the domain. */
static int
read_address(const char *s, bool any, char out[ADDRESS_MAX + 1], struct err *e)
{
	const char *at = strrchr(s, '@');
	char domain[ADDRESS_MAX + 1], plain[KEY_TEXT_SIZE];
	char local[2 * LOCAL_MAX + 2];
	size_t n = (size_t)(at - s);

	if (n == 0)
		return err_set(e,
		    "\"%.*s\" has nothing before the \"@\": write a domain "
		    "alone (example.com) or a whole address "
		    "(alice@example.com)",
		    SHOWN, s);
	if (at[1] == '\0')
		return err_set(e,
		    "\"%.*s\" has nothing behind the \"@\": write a whole "
		    "address (alice@example.com)%s",
		    SHOWN, s,
		    any ? " or, for every domain of this host, alice@*" : "");
	if (any && strcmp(at + 1, "*") == 0)
		memcpy(domain, "*", 2);
	else if (read_address_domain(at + 1, domain, e) == -1)
		return -1;
	if (check_local(s, n, e) == -1)
		return -1;
	key_plain(s, plain);
	n = (size_t)(strrchr(plain, '@') - plain);
	if (n > LOCAL_MAX)
		return err_set(
		    e, "\"%.*s\" is too long for an address", SHOWN, s);
	n = write_local(plain, n, local);
	if (n + 1 + strlen(domain) > ADDRESS_MAX)
		return err_set(
		    e, "an address has at most %d bytes", ADDRESS_MAX);
	memcpy(out, local, n);
	out[n] = '@';
	memcpy(out + n + 1, domain, strlen(domain) + 1);
	return 0;
}

/* Looks like a network, right or wrong. */
static bool
is_network(const char *s)
{
	return strpbrk(s, "/:[") != NULL ||
	    strspn(s, "0123456789.") == strlen(s);
}

static int
read_seen(const char *text, struct allow_entry *entry, struct err *e)
{
	char net[IP_TEXT_SIZE];

	if (strchr(text, '@') != NULL) {
		entry->kind = ALLOW_SENDER;
		return read_address(text, false, entry->value, e);
	}
	if (is_network(text) && strspn(text, ".") != strlen(text)) {
		entry->kind = ALLOW_NETWORK;
		if (ip_net_parse(text, &entry->net, e) == -1)
			return -1;
		(void)snprintf(entry->value, sizeof(entry->value), "%s",
		    ip_net_text(&entry->net, net));
		return 0;
	}
	entry->kind = ALLOW_DOMAIN;
	entry->proof = ALLOW_PROOF_SPF;
	return read_domain(text, false, entry->value, e);
}

int
allow_entry_parse(const char *text, enum allow_as as,
    struct allow_entry *entry_r, struct err *e)
{
	*entry_r = (struct allow_entry){ .kind = ALLOW_DOMAIN };
	if (check_text(text, e) == -1)
		return -1;
	switch (as) {
	case ALLOW_AS_NAME:
		entry_r->kind = ALLOW_NAME;
		if (strchr(text, '@') != NULL || is_network(text))
			return err_set(e,
			    "\"%.*s\" is not a client's name: write a host or "
			    "domain name such as mx.example.com",
			    SHOWN, text);
		return read_domain(text, false, entry_r->value, e);
	case ALLOW_AS_RECIPIENT:
		entry_r->kind = ALLOW_RECIPIENT;
		if (strchr(text, '@') != NULL)
			return read_address(text, true, entry_r->value, e);
		if (is_network(text))
			return err_set(e,
			    "\"%.*s\" is not a recipient: write a mail address "
			    "or a domain",
			    SHOWN, text);
		return read_domain(text, true, entry_r->value, e);
	case ALLOW_AS_SEEN:
		break;
	}
	return read_seen(text, entry_r, e);
}

int
allow_entry_of(enum allow_kind kind, const char *value,
    struct allow_entry *entry_r, struct err *e)
{
	enum allow_as as = kind == ALLOW_NAME ? ALLOW_AS_NAME
	    : kind == ALLOW_RECIPIENT         ? ALLOW_AS_RECIPIENT
	                                      : ALLOW_AS_SEEN;

	if (allow_entry_parse(value, as, entry_r, e) == -1)
		return -1;
	if (entry_r->kind != kind)
		return err_set(e, "\"%.*s\" is not a %s", SHOWN, value,
		    allow_kind_words[kind]);
	return 0;
}

/* The value with another name as its domain, where it fits. */
static void
put_spelling(
    const char *value, size_t n, const char *name, char out[ADDRESS_MAX + 1])
{
	if (n + strlen(name) > ADDRESS_MAX)
		return;
	memcpy(out, value, n);
	memcpy(out + n, name, strlen(name) + 1);
}

void
allow_spell(const char *value, struct allow_spelling *s_r)
{
	const char *domain = address_domain(value);
	char name[DOMAIN_MAX + 1];
	size_t n;

	if (domain == NULL)
		domain = value;
	n = (size_t)(domain - value);
	(void)snprintf(s_r->as_given, sizeof(s_r->as_given), "%s", value);
	memcpy(s_r->ascii, s_r->as_given, sizeof(s_r->ascii));
	memcpy(s_r->unicode, s_r->as_given, sizeof(s_r->unicode));
	if (domain_ascii(domain, name)) {
		put_spelling(value, n, name, s_r->ascii);
		domain = s_r->ascii + n;
	}
	if (domain_unicode(domain, name))
		put_spelling(value, n, name, s_r->unicode);
}

bool
allow_spelt(const struct allow_spelling *s, const char *value)
{
	return strcmp(s->as_given, value) == 0 ||
	    strcmp(s->ascii, value) == 0 || strcmp(s->unicode, value) == 0;
}

int
allow_entry_set_proof(
    struct allow_entry *entry, enum allow_proof proof, struct err *e)
{
	if (proof != ALLOW_PROOF_NONE && entry->kind != ALLOW_DOMAIN &&
	    entry->kind != ALLOW_SENDER)
		return err_set(e,
		    "%s: a %s has no sender whose domain could prove it: "
		    "leave the proof out",
		    entry->value, allow_kind_words[entry->kind]);
	entry->proof = proof;
	return 0;
}

/* UTF-8 without controls that fits: for people's words. */
static int
set_words(
    char *out, size_t size, const char *text, const char *what, struct err *e)
{
	size_t n = strlen(text), i, len;
	unsigned cp;

	if (n >= size)
		return err_set(e, "the %s has %zu bytes: at most %zu fit", what,
		    n, size - 1);
	for (i = 0; i < n; i += len) {
		len = escape_utf8(text + i, n - i, &cp);
		if (len == 0)
			return err_set(e, "the %s is not UTF-8", what);
		if (cp != ' ' && cp != 0xa0 && cp != 0x200d && is_hidden(cp))
			return err_set(e,
			    "the %s has a control or invisible character "
			    "(U+%04X): write it in one line",
			    what, cp);
	}
	memcpy(out, text, n + 1);
	return 0;
}

int
allow_entry_set_author(
    struct allow_entry *entry, const char *author, struct err *e)
{
	return set_words(
	    entry->author, sizeof(entry->author), author, "author", e);
}

int
allow_entry_set_note(struct allow_entry *entry, const char *note, struct err *e)
{
	return set_words(entry->note, sizeof(entry->note), note, "note", e);
}
