#include "queuewatch/template.h"

#include "lib/escape.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A word of the text, without what surrounds it. */
struct word {
	const char *s;
	size_t n;
};

struct writer {
	char *out;
	size_t n;
	/* A reply's code may stand here: at the start, behind ":" or "(". */
	bool code_here;
};

static void
put(struct writer *w, const char *s, size_t n)
{
	if (n > TEMPLATE_SIZE - 1 - w->n)
		n = TEMPLATE_SIZE - 1 - w->n;
	memcpy(w->out + w->n, s, n);
	w->n += n;
	w->out[w->n] = '\0';
}

/* The character at s, or "?" for one that cannot be shown; its length. */
static size_t
put_shown(struct writer *w, const char *s, size_t n)
{
	unsigned cp;
	size_t len = escape_utf8(s, n, &cp);

	if (len == 0 || cp < ' ' || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 ||
	    cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069))
		put(w, "?", 1);
	else if (len <= TEMPLATE_SIZE - 1 - w->n)
		put(w, s, len);
	return len == 0 ? 1 : len;
}

static size_t
count(const struct word *w, int (*kind)(int c))
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++)
		n += kind((unsigned char)w->s[i]) != 0;
	return n;
}

/* "450" or "4.2.0": they say most, and stay. */
static bool
is_code(const struct word *w)
{
	size_t i, dots = 0;

	for (i = 0; i < w->n; i++) {
		if (w->s[i] == '.')
			dots++;
		else if (!isdigit((unsigned char)w->s[i]))
			return false;
	}
	if (w->n == 0 || strchr("245", w->s[0]) == NULL)
		return false;
	return dots == 0 ? w->n == 3 : dots == 2 && w->n <= 9 && w->s[1] == '.';
}

/* A host, an address: whose, not why. */
static bool
is_whose(const struct word *w)
{
	size_t i, colons = 0, dots = 0;

	for (i = 0; i < w->n; i++) {
		if (w->s[i] == '@' || w->s[i] == '[')
			return true;
		colons += w->s[i] == ':';
		dots += w->s[i] == '.' && i > 0 && i + 1 < w->n &&
		    isalnum((unsigned char)w->s[i + 1]);
	}
	return dots > 0 || (colons > 1 && count(w, isxdigit) > 2);
}

/* An id: long, letters and digits mixed. */
static bool
is_id(const struct word *w)
{
	size_t digits = count(w, isdigit), letters = count(w, isalpha);

	return digits > 0 && letters > 0 && w->n >= 6 &&
	    (digits >= 2 || w->n >= 12);
}

/* So many characters of ASCII that can be shown, none of them a digit. */
static size_t
plain_run(const char *s, size_t n)
{
	size_t i = 0;

	while (
	    i < n && s[i] >= ' ' && s[i] < 0x7f && (s[i] < '0' || s[i] > '9'))
		i++;
	return i;
}

/* Runs of digits as "#". */
static void
put_plain(struct writer *w, const struct word *word)
{
	size_t i = 0, run;

	while (i < word->n) {
		run = plain_run(word->s + i, word->n - i);
		if (run > 0) {
			put(w, word->s + i, run);
			i += run;
		} else if (isdigit((unsigned char)word->s[i])) {
			put(w, "#", 1);
			while (
			    i < word->n && isdigit((unsigned char)word->s[i]))
				i++;
		} else {
			i += put_shown(w, word->s + i, word->n - i);
		}
	}
}

static void
put_folded(struct writer *w, const struct word *word)
{
	const char *eq = memchr(word->s, '=', word->n);
	struct word value;

	if (w->code_here && is_code(word)) {
		put(w, word->s, word->n);
	} else if (word->n > 0 && word->s[0] == '<') {
		put(w, "*", 1);
	} else if (memchr(word->s, ':', word->n) != NULL &&
	    memmem(word->s, word->n, "://", 3) != NULL) {
		put(w, "*", 1);
	} else if (eq != NULL && eq > word->s) {
		value.s = eq + 1;
		value.n = word->n - (size_t)(value.s - word->s);
		put_plain(
		    w, &(struct word){ word->s, (size_t)(value.s - word->s) });
		put_folded(w, &value);
	} else if (is_whose(word)) {
		put(w, "*", 1);
	} else if (is_id(word)) {
		put(w, "#", 1);
	} else {
		put_plain(w, word);
	}
}

/* A word with its brackets and stops: "(in", "<a@b>:", "busy,". */
static void
put_word(struct writer *w, const char *s, size_t n)
{
	struct word word;
	size_t from = 0, to = n;

	while (from < n && strchr("(\"'", s[from]) != NULL)
		from++;
	while (to > from && strchr(")\"',:;.!", s[to - 1]) != NULL)
		to--;
	word = (struct word){ s + from, to - from };
	w->code_here = w->code_here || s[0] == '(';
	put(w, s, from);
	put_folded(w, &word);
	put(w, s + to, n - to);
	/* An enhanced code follows a code. */
	w->code_here = (w->code_here && is_code(&word)) || s[n - 1] == ':';
}

/* Take "a * b" out of the text where it begins with it or holds it. */
static void
shorten(char *text, const char *what, const char *by)
{
	char *at = strstr(text, what);
	size_t n = strlen(what), m = strlen(by);

	if (at == NULL)
		return;
	memmove(at + m, at + n, strlen(at + n) + 1);
	memcpy(at, by, m);
}

char *
template_fold(const char *text, char out[TEMPLATE_SIZE])
{
	struct writer w = { .out = out, .code_here = true };
	size_t n;

	out[0] = '\0';
	for (; *text != '\0'; text += n) {
		n = strspn(text, " \t\r\n");
		if (n > 0) {
			if (w.n > 0)
				put(&w, " ", 1);
			continue;
		}
		n = strcspn(text, " \t\r\n");
		put_word(&w, text, n);
	}
	while (w.n > 0 && out[w.n - 1] == ' ')
		out[--w.n] = '\0';
	shorten(out, "host * said: ", "");
	shorten(out, "host * refused", "refused");
	shorten(out, "connect to *: ", "connect: ");
	shorten(out, "connection with * ", "connection ");
	shorten(out, "conversation with * ", "conversation ");
	return out;
}
