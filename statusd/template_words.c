#include "statusd/template.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/config.h"
#include "statusd/say.h"
#include "statusd/template_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first row that fits is taken; the last fits everything. */
static const struct {
	const char *checks, *subjects; /* with "|" between; "": any */
	enum say trouble; /* the others follow it */
} table[] = {
#define W(id, text)
#define C(id, check, subject, trouble, means, over, good) \
	{ check, subject, SAY_##id##_TROUBLE },
#include "statusd/say_checks.def"
#undef W
#undef C
};
#define N_TABLE (sizeof(table) / sizeof(table[0]))

/* Whether the word is one of those with "|" between them. */
static bool
is_one_of(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (;; words++) {
		size_t n = strcspn(words, "|");

		if (n == len && strncasecmp(words, word, n) == 0)
			return true;
		words += n;
		if (*words == '\0')
			return false;
	}
}

const struct config_template *
template_own(const struct config *c, const char *check, const char *subject)
{
	const struct config_template *t = c != NULL ? c->templates.items : NULL;
	const struct config_template *best = NULL;
	size_t n = strlen(check);

	for (size_t i = 0; n > 0 && t != NULL && i < c->templates.n; i++) {
		if (strncmp(t[i].name, check, n) != 0)
			continue;
		if (t[i].name[n] == ' ' &&
		    strcmp(t[i].name + n + 1, subject) == 0)
			return &t[i];
		if (t[i].name[n] == '\0')
			best = &t[i];
	}
	return best;
}

struct template_words
template_find(const struct config *c, const char *check, const char *subject)
{
	const struct config_template *own = template_own(c, check, subject);
	struct template_words found;
	size_t i = 0;

	while (i + 1 < N_TABLE &&
	    (!is_one_of(table[i].checks, check) ||
	        (table[i].subjects[0] != '\0' &&
	            !is_one_of(table[i].subjects, subject))))
		i++;
	found.trouble = say(table[i].trouble);
	found.text = say((enum say)(table[i].trouble + 1));
	found.over = say((enum say)(table[i].trouble + 2));
	found.over_text = say((enum say)(table[i].trouble + 3));
	if (own != NULL && own->trouble[0] != '\0')
		found.trouble = own->trouble;
	if (own != NULL && own->over[0] != '\0')
		found.over = own->over;
	return found;
}

const char *
template_trouble(const struct config *c, const char *check, const char *subject)
{
	return template_find(c, check, subject).trouble;
}

const char *
template_over(const struct config *c, const char *check, const char *subject)
{
	return template_find(c, check, subject).over;
}

void
template_number(struct buf *b, double value)
{
	char number[SAY_NUMBER_SIZE];

	buf_str(b, say_number(floor(value), number));
}

char *
template_percent(double share, char out[SAY_NUMBER_SIZE])
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%.0f", floor(share * 100));
	return say_in(
	    out, SAY_NUMBER_SIZE, SAY_PERCENT, "number", number, NULL);
}

void
template_time(struct buf *b, int64_t at, bool day)
{
	char t[CLOCK_RFC3339_SIZE], time[24], number[8];

	(void)clock_rfc3339(at, t);
	(void)snprintf(time, sizeof(time), "%.5s UTC", t + 11);
	if (day) {
		long month = strtol(t + 5, NULL, 10);

		(void)snprintf(
		    number, sizeof(number), "%ld", strtol(t + 8, NULL, 10));
		t[4] = '\0';
		say_to(b, SAY_LONG_DAY, "day", number, "month",
		    say((enum say)(SAY_MONTH_1 + (month + 11) % 12)), "year", t,
		    "time", time, NULL);
		return;
	}
	buf_str(b, time);
}
