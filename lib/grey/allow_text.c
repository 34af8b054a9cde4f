#include "lib/grey/allow_text.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/allow.h"

#include <stdbool.h>
#include <string.h>

#define WORDS 16 /* an entry and its options need no more */

/* --- writing --- */

/* One word as a shell reads it. */
static void
put_word(struct buf *b, const char *s)
{
	static const char safe[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "@%+=:,./_-";
	size_t i;

	for (i = 0; s[i] != '\0'; i++) {
		if ((s[i] & 0x80) == 0 && strchr(safe, s[i]) == NULL)
			break;
	}
	if (s[i] == '\0' && i > 0) {
		buf_str(b, s);
		return;
	}
	buf_char(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			buf_str(b, "'\\''");
		else
			buf_char(b, *s);
	}
	buf_char(b, '\'');
}

static void
put_option(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, " --%s ", name);
	put_word(b, value);
}

void
allow_text_write(struct buf *b, const struct allow_entry *entry)
{
	enum allow_proof own = entry->kind == ALLOW_DOMAIN ? ALLOW_PROOF_SPF
	                                                   : ALLOW_PROOF_NONE;
	char when[CLOCK_RFC3339_SIZE];

	put_word(b, entry->value);
	if (entry->kind == ALLOW_NAME)
		buf_str(b, " --client-name");
	if (entry->kind == ALLOW_RECIPIENT)
		buf_str(b, " --recipient");
	if (entry->proof != own)
		put_option(b, "proof", allow_proof_words[entry->proof]);
	if (entry->expires != 0)
		put_option(b, "expires", clock_rfc3339(entry->expires, when));
	if (entry->author[0] != '\0')
		put_option(b, "author", entry->author);
	if (entry->note[0] != '\0')
		put_option(b, "note", entry->note);
}

/* --- reading --- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * One word at *s, its quotes taken out; *s ends behind it.  Returns 0, or -1:
 * a quote is open at the end of the line.
 */
static int
cut_word(char **s)
{
	char *from = *s, *to = *s, quote = '\0';

	for (; *from != '\0' && (quote != '\0' || !is_blank(*from)); from++) {
		if (quote == '\0' && (*from == '\'' || *from == '"'))
			quote = *from;
		else if (*from == quote)
			quote = '\0';
		else if (*from == '\\' && quote != '\'' && from[1] != '\0')
			*to++ = *++from;
		else
			*to++ = *from;
	}
	*s = *from != '\0' ? from + 1 : from;
	*to = '\0';
	return quote == '\0' ? 0 : -1;
}

int
allow_text_cut(char *line, char **words, size_t max, struct err *e)
{
	size_t n = 0;

	for (;;) {
		while (is_blank(*line))
			line++;
		if (*line == '\0' || *line == '#')
			return (int)n;
		if (n == max)
			return err_set(
			    e, "more than %zu words: one entry a line", max);
		words[n++] = line;
		if (cut_word(&line) == -1)
			return err_set(e, "a quote is not closed");
	}
}

static int
set_option(const char *name, const char *value, struct allow_entry *entry,
    struct err *e)
{
	int proof;

	if (strcmp(name, "--author") == 0)
		return allow_entry_set_author(entry, value, e);
	if (strcmp(name, "--note") == 0)
		return allow_entry_set_note(entry, value, e);
	if (strcmp(name, "--proof") == 0) {
		proof = allow_word(allow_proof_words, value);
		if (proof == -1)
			return err_set(e, "no proof: \"%.40s\"", value);
		return allow_entry_set_proof(entry, (enum allow_proof)proof, e);
	}
	if (strcmp(name, "--expires") == 0)
		return clock_parse_rfc3339(value, &entry->expires) == 0
		    ? 0
		    : err_set(e, "no time: \"%.40s\"", value);
	return err_set(e, "no option of an entry: \"%.40s\"", name);
}

/* The option without value that says what the entry is, if any. */
static enum allow_as
kind_of(char *const *words, int n)
{
	int i;

	for (i = 1; i < n; i++) {
		if (strcmp(words[i], "--client-name") == 0)
			return ALLOW_AS_NAME;
		if (strcmp(words[i], "--recipient") == 0)
			return ALLOW_AS_RECIPIENT;
		i++; /* its value */
	}
	return ALLOW_AS_SEEN;
}

int
allow_text_read(
    char *line, int64_t now, struct allow_entry *entry_r, struct err *e)
{
	char *words[WORDS];
	int i, n = allow_text_cut(line, words, WORDS, e);

	if (n <= 0)
		return n;
	if (allow_entry_parse(words[0], kind_of(words, n), entry_r, e) == -1)
		return -1;
	entry_r->created = now;
	for (i = 1; i < n; i++) {
		if (strcmp(words[i], "--client-name") == 0 ||
		    strcmp(words[i], "--recipient") == 0)
			continue;
		if (i + 1 == n)
			return err_set(e, "\"%.40s\" has no value", words[i]);
		if (set_option(words[i], words[i + 1], entry_r, e) == -1)
			return -1;
		i++;
	}
	return entry_r->expires == 0 || entry_r->expires > now;
}
