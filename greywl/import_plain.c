#include "greywl/entry.h"
#include "greywl/import.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/allow_text.h"

/* ENTRY and its options need no more. */
#define WORDS 16

/* Over before it is read: an old export may have such entries. */
static bool
is_over(struct gw_words *w, int64_t now)
{
	const char *s = w->value[GW_EXPIRES];
	int64_t expires;

	return s != NULL && clock_parse_rfc3339(s, &expires) == 0 &&
	    expires <= now;
}

void
gw_import_plain(struct gw_import *im, size_t line, char *text)
{
	struct allow_entry entry;
	char *words[WORDS];
	struct gw_words w;
	struct err e;
	bool over;
	int n;

	n = allow_text_cut(text, words, WORDS, &e);
	if (n == 0)
		return;
	if (n == -1 || gw_parse(&w, GW_ENTRY_OPTIONS, n, words, &e) == -1) {
		gw_import_skip(im, line, true, e.text);
		return;
	}
	if (w.n != 1) {
		gw_import_skip(im, line, true,
		    w.n == 0 ? "there is no entry before the options"
		             : "more than one entry: write one a line");
		return;
	}
	if (w.value[GW_AUTHOR] == NULL)
		w.value[GW_AUTHOR] = im->author;
	over = is_over(&w, im->now);
	if (over)
		w.value[GW_EXPIRES] = NULL;
	if (gw_entry_read(w.words[0], &w, im->now, &entry, &e) == -1)
		gw_import_skip(im, line, true, e.text);
	else if (over)
		gw_import_skip(im, line, false, "its time is over");
	else
		gw_import_take(im, &entry);
}
