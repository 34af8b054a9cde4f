#include "lib/domain.h"
#include "lib/escape.h"
#include "lib/grey/key.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What is longer is not taken apart: its beginning and a hash stand for it. */
#define TAKEN_APART 512
#define LONGEST 320
#define SHORT_BEGINNING 200
#define HASH_BYTES 16

/* Lower-case forms that follow from the upper-case ones by a rule. */
static const struct {
	unsigned from, to;
	unsigned add; /* 1: the upper-case ones have the parity of "from" */
} cases[] = {
	{ 'A', 'Z', 32 },
	{ 0xc0, 0xd6, 32 },
	{ 0xd8, 0xde, 32 },
	{ 0x100, 0x12e, 1 },
	{ 0x132, 0x136, 1 },
	{ 0x139, 0x147, 1 },
	{ 0x14a, 0x176, 1 },
	{ 0x179, 0x17d, 1 },
	{ 0x386, 0x386, 38 },
	{ 0x388, 0x38a, 37 },
	{ 0x38c, 0x38c, 64 },
	{ 0x38e, 0x38f, 63 },
	{ 0x391, 0x3a1, 32 },
	{ 0x3a3, 0x3ab, 32 },
	{ 0x400, 0x40f, 80 },
	{ 0x410, 0x42f, 32 },
	{ 0x460, 0x480, 1 },
	{ 0x48a, 0x4be, 1 },
	{ 0x4d0, 0x52e, 1 },
	{ 0x531, 0x556, 48 },
	{ 0x1e00, 0x1e94, 1 },
	{ 0x1ea0, 0x1efe, 1 },
	{ 0xff21, 0xff3a, 32 },
};

static unsigned
lower(unsigned cp)
{
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cp < cases[i].from)
			break;
		if (cp > cases[i].to)
			continue;
		if (cases[i].add == 1 && (cp - cases[i].from) % 2 != 0)
			return cp;
		return cp + cases[i].add;
	}
	return cp == 0x3c2 ? 0x3c3 : cp; /* the final sigma */
}

static size_t
put_utf8(char *out, unsigned cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

static size_t
put_hex(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[c >> 4];
	out[3] = digits[c & 15];
	return 4;
}

static char
ascii_lower(char c)
{
	return (char)(c + (c >= 'A' && c <= 'Z') * 32);
}

/* As far as s is printable ASCII; most is nothing else.  How far. */
static size_t
put_ascii(char *out, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i] >= 0x20 && s[i] < 0x7f; i++)
		out[i] = ascii_lower(s[i]);
	return i;
}

/*
 * n bytes of s, in lower case and printable; out has room for 4 n, and the
 * result is not terminated.  "quoted": a backslash is left out.
 */
static size_t
put_lower(char *out, const char *s, size_t n, int quoted)
{
	size_t i, len, o, b;
	unsigned cp;

	o = quoted ? 0 : put_ascii(out, s, n);
	for (i = o; i < n; i += len) {
		if (quoted && s[i] == '\\' && i + 1 < n)
			i++;
		if (s[i] >= 0x20 && s[i] < 0x7f) {
			out[o++] = ascii_lower(s[i]);
			len = 1;
			continue;
		}
		len = escape_utf8(s + i, n - i, &cp);
		if (len != 0 && cp >= 0x20 && (cp < 0x7f || cp > 0x9f)) {
			o += put_utf8(out + o, lower(cp));
			continue;
		}
		if (len == 0)
			len = 1;
		for (b = 0; b < len; b++)
			o += put_hex(out + o, (unsigned char)s[i + b]);
	}
	return o;
}

/* The beginning of "s", "~" and the hash of all of it. */
static void
shorten(const char *s, size_t n, char out[KEY_TEXT_SIZE])
{
	unsigned char h[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	size_t cut = SHORT_BEGINNING;

	(void)crypto_generichash(
	    h, sizeof(h), (const unsigned char *)s, n, NULL, 0);
	(void)sodium_bin2hex(hex, sizeof(hex), h, sizeof(h));
	while (cut > 0 && ((unsigned char)s[cut] & 0xc0) == 0x80)
		cut--;
	memcpy(out, s, cut);
	(void)snprintf(out + cut, KEY_TEXT_SIZE - cut, "~%s", hex);
}

/* One of more than TAKEN_APART bytes: in lower case (ASCII), hashed. */
static void
plain_long(const char *s, size_t n, char out[KEY_TEXT_SIZE])
{
	char begin[4 * SHORT_BEGINNING], block[256];
	unsigned char h[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];
	crypto_generichash_state st;
	size_t i, o;

	(void)crypto_generichash_init(&st, NULL, 0, sizeof(h));
	for (i = 0; i < n; i++) {
		block[i % sizeof(block)] = s[i] >= 'A' && s[i] <= 'Z'
		    ? (char)(s[i] + 32)
		    : s[i];
		if (i % sizeof(block) == sizeof(block) - 1 || i == n - 1)
			(void)crypto_generichash_update(&st,
			    (const unsigned char *)block,
			    i % sizeof(block) + 1);
	}
	(void)crypto_generichash_final(&st, h, sizeof(h));
	(void)sodium_bin2hex(hex, sizeof(hex), h, sizeof(h));
	o = put_lower(begin, s, SHORT_BEGINNING, 0);
	if (o > SHORT_BEGINNING) {
		o = SHORT_BEGINNING;
		while (o > 0 && ((unsigned char)begin[o] & 0xc0) == 0x80)
			o--;
	}
	memcpy(out, begin, o);
	(void)snprintf(out + o, KEY_TEXT_SIZE - o, "~%s", hex);
}

/* Leave out "<", ">" and "@a,@b:" around the n bytes at *s. */
static size_t
strip_brackets(const char **s, size_t n)
{
	const char *colon;

	if (n > 0 && **s == '<') {
		(*s)++;
		n--;
	}
	if (n > 0 && (*s)[n - 1] == '>')
		n--;
	if (n > 0 && **s == '@' && (colon = memchr(*s, ':', n)) != NULL) {
		n -= (size_t)(colon + 1 - *s);
		*s = colon + 1;
	}
	return n;
}

/* Where the domain's "@" is; NULL: there is none. */
static const char *
last_at(const char *s, size_t n)
{
	return n > 0 && s[n - 1] == '"' ? NULL : memrchr(s, '@', n);
}

/* "@" and the domain, n bytes. */
static size_t
put_domain(char *out, const char *s, size_t n)
{
	size_t o = put_lower(out, s, n, 0);
	char ascii[DOMAIN_MAX + 1];

	out[o] = '\0';
	if (!domain_ascii(out + 1, ascii))
		return o;
	memcpy(out + 1, ascii, strlen(ascii));
	return 1 + strlen(ascii);
}

void
key_plain(const char *address, char out[KEY_TEXT_SIZE])
{
	char text[4 * TAKEN_APART + 1 + DOMAIN_MAX + 1];
	const char *s = address != NULL ? address : "", *at;
	size_t n = strip_brackets(&s, strlen(s)), local, o;

	if (n > TAKEN_APART) {
		plain_long(s, n, out);
		return;
	}
	at = last_at(s, n);
	local = at != NULL ? (size_t)(at - s) : n;
	if (local >= 2 && s[0] == '"' && s[local - 1] == '"')
		o = put_lower(text, s + 1, local - 2, 1);
	else
		o = put_lower(text, s, local, 0);
	if (at != NULL) {
		if (n > local + 2 && s[n - 1] == '.')
			n--;
		o += put_domain(text + o, at, n - local);
	}
	text[o] = '\0';
	if (o > LONGEST)
		shorten(text, o, out);
	else
		memcpy(out, text, o + 1);
}

void
key_domain(const char *name, char out[KEY_TEXT_SIZE])
{
	char ascii[DOMAIN_MAX + 1];

	if (name != NULL && domain_ascii(name, ascii))
		name = ascii;
	key_plain(name, out);
}

void
key_normal_recipient(const char *recipient, char out[KEY_TEXT_SIZE])
{
	key_plain(recipient, out);
}
