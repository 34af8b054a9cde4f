#include "lib/domain.h"
#include "lib/grey/key.h"
#include "lib/grey/key_unwrap.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * Tags, numbers and random words that a program puts into a sender's local
 * part and changes from message to message.
 */

#define NESTED 4 /* rewritings inside one another that are taken apart */

struct text {
	size_t n;
	const char *s;
};

#define TEXT(s)                    \
	{                          \
		sizeof(s) - 1, (s) \
	}

/* Local parts with these words are a program's, so their numbers are, too. */
static const struct text program_words[] = { TEXT("alert"), TEXT("alerts"),
	TEXT("bnc"), TEXT("bounce"), TEXT("bounced"), TEXT("bounces"),
	TEXT("campaign"), TEXT("campaigns"), TEXT("confirm"), TEXT("daemon"),
	TEXT("delivery"), TEXT("digest"), TEXT("donotreply"), TEXT("err"),
	TEXT("error"), TEXT("errors"), TEXT("lists"), TEXT("mailer"),
	TEXT("mailing"), TEXT("mailings"), TEXT("mailout"), TEXT("message"),
	TEXT("messages"), TEXT("msg"), TEXT("mta"), TEXT("news"),
	TEXT("newsletter"), TEXT("newsletters"), TEXT("noreply"),
	TEXT("notice"), TEXT("notification"), TEXT("notifications"),
	TEXT("notify"), TEXT("orders"), TEXT("owner"), TEXT("promo"),
	TEXT("replies"), TEXT("reply"), TEXT("ret"), TEXT("return"),
	TEXT("returns"), TEXT("rtn"), TEXT("sentto"), TEXT("support"),
	TEXT("ticket"), TEXT("tickets"), TEXT("tracking"), TEXT("unsub"),
	TEXT("unsubscribe"), TEXT("update"), TEXT("updates"), TEXT("verp") };

/* What follows such a first word is a tag, whatever it looks like. */
static const struct text bounce_words[] = { TEXT("bnc"), TEXT("bounce"),
	TEXT("bounces"), TEXT("return"), TEXT("returns"), TEXT("verp") };

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
in_words(const struct text *words, size_t count, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (words[i].n == n && memcmp(words[i].s, s, n) == 0)
			return true;
	}
	return false;
}

/* alice+tag; bounces-anything. */
static void
strip_tag(char *s)
{
	char *plus = strchr(s, '+');
	size_t n = 0;

	if (plus != NULL && plus > s)
		*plus = '\0';
	while (is_word(s[n]))
		n++;
	if (s[n] != '\0' && in_words(bounce_words, COUNT(bounce_words), s, n))
		s[n] = '\0';
}

struct word {
	size_t n, digits, changes; /* letter to digit and back */
	bool hex;
};

static struct word
look_at(const char *s)
{
	struct word w = { .hex = true };

	for (; is_word(s[w.n]); w.n++) {
		w.digits += is_digit(s[w.n]);
		w.hex = w.hex && is_hex(s[w.n]);
		w.changes += w.n > 0 &&
		    is_digit(s[w.n]) != is_digit(s[w.n - 1]);
	}
	return w;
}

/* Made by a machine, whatever stands around it. */
static bool
is_machine(const struct word *w)
{
	return w->n >= 16 &&
	    (w->digits == w->n || (w->hex && w->digits >= 4) ||
	        w->changes >= 4);
}

/* Length of 8-4-4-4-12 hexadecimal digits at s; 0: not there. */
static size_t
uuid(const char *s)
{
	static const size_t parts[] = { 8, 4, 4, 4, 12 };
	size_t i, j, n = 0;

	for (i = 0; i < COUNT(parts); i++) {
		for (j = 0; j < parts[i]; j++, n++) {
			if (!is_hex(s[n]))
				return 0;
		}
		if (i + 1 < COUNT(parts) && s[n] != '-' && s[n] != '_')
			return 0;
		n += i + 1 < COUNT(parts);
	}
	return is_word(s[n]) ? 0 : n;
}

/* The letters that a word begins with. */
static size_t
letters(const char *s)
{
	size_t n = 0;

	while (is_word(s[n]) && !is_digit(s[n]))
		n++;
	return n;
}

/* Whether a program wrote this: its words say so, or a machine's run does. */
static bool
is_program(const char *s)
{
	size_t i, n;

	for (i = 0; s[i] != '\0'; i += n > 0 ? n : 1) {
		struct word w = look_at(s + i);

		n = w.n;
		if (n == 0)
			continue;
		if (is_machine(&w) || uuid(s + i) > 0 ||
		    in_words(program_words, COUNT(program_words), s + i,
		        letters(s + i)))
			return true;
	}
	return false;
}

/* How many bytes at s, the rest of a program's word, one "#" stands for. */
static size_t
fold_length(const char *s, const struct word *w)
{
	size_t n = 0;

	if (w->digits == w->n || is_machine(w) || (w->hex && w->n >= 12) ||
	    (w->hex && w->digits > 0 && w->n >= 4) ||
	    (w->n >= 8 && w->changes >= 2))
		return w->n;
	while (is_digit(s[n]))
		n++;
	return n >= 3 ? n : 0;
}

/* Numbers, hexadecimal and random words of a program's local part. */
static void
fold_numbers(char *s)
{
	size_t i, n, o = 0;
	struct word w;

	for (i = 0; s[i] != '\0'; i += n) {
		w = look_at(s + i);
		n = uuid(s + i);
		if (n == 0 && w.n > 0)
			n = fold_length(s + i, &w);
		if (n > 0) {
			/* "#-#-#" is one as well. */
			if (o >= 2 && s[o - 2] == '#' && !is_word(s[o - 1]) &&
			    s[o - 1] != '*')
				o--;
			else if (o == 0 || s[o - 1] != '#')
				s[o++] = '#';
			continue;
		}
		/* Its letters stay; the digits behind are looked at anew. */
		n = letters(s + i);
		if (n == 0)
			n = is_digit(s[i]) ? strspn(s + i, "0123456789") : 1;
		memmove(s + o, s + i, n);
		o += n;
	}
	s[o] = '\0';
}

/* A host that is there for bounces: "bounce.example.org". */
static bool
is_bounce_host(const char *domain)
{
	size_t n = strcspn(domain, ".=");

	return domain[n] == '.' &&
	    in_words(bounce_words, COUNT(bounce_words), domain, n);
}

/* The recipient inside may be written with U-labels as well. */
static void
unwrap_recipient(char *s, const char *recipient)
{
	const char *at = strrchr(recipient, '@');
	char name[DOMAIN_MAX + 1], other[KEY_TEXT_SIZE + DOMAIN_MAX];

	unwrap_verp(s, recipient);
	if (at == NULL || !domain_unicode(at + 1, name))
		return;
	(void)snprintf(other, sizeof(other), "%.*s@%s", (int)(at - recipient),
	    recipient, name);
	unwrap_verp(s, other);
}

static void
fold_local(char *s, const char *domain, const char *recipient)
{
	int depth;
	char *user;

	for (depth = 0; depth < NESTED; depth++) {
		if (unwrap_batv(s))
			continue;
		user = unwrap_srs(s);
		if (user == NULL)
			break;
		/* "...=example.org=alice": the domain stands before it. */
		domain = memrchr(s, '=', (size_t)(user - 1 - s));
		domain = domain != NULL ? domain + 1 : s;
		s = user;
	}
	unwrap_recipient(s, recipient);
	strip_tag(s);
	if (is_program(s) || is_bounce_host(domain))
		fold_numbers(s);
}

void
key_fold_sender(
    const char *plain, const char *plain_recipient, char out[KEY_TEXT_SIZE])
{
	char domain[KEY_TEXT_SIZE];
	size_t n = strlen(plain);
	char *at;

	memcpy(out, plain, n + 1);
	if (n > 200 && memchr(out, '~', n) != NULL)
		return; /* shortened: a hash stands for the end */
	at = memrchr(out, '@', n);
	if (at == out)
		return;
	domain[0] = '\0';
	if (at != NULL) {
		memcpy(domain, at, strlen(at) + 1);
		*at = '\0';
	}
	fold_local(
	    out, domain[0] == '@' ? domain + 1 : domain, plain_recipient);
	memcpy(out + strlen(out), domain, strlen(domain) + 1);
}

void
key_normal_sender(
    const char *sender, const char *recipient, char out[KEY_TEXT_SIZE])
{
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE];

	key_plain(sender, from);
	key_plain(recipient, to);
	key_fold_sender(from, to, out);
}
