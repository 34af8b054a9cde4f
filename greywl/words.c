#include "greywl/words.h"

#include "lib/err.h"

#include <stdbool.h>

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
gw_cut_words(char *line, char **words, size_t max, struct err *e)
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
