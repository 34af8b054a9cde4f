#ifndef GREYWL_WORDS_H
#define GREYWL_WORDS_H

#include <stddef.h>

struct err;

/*
 * Cut a line into words as a shell does: blanks part them, quotes and
 * backslashes keep them together, a word that begins with "#" ends the line.
 * Works in place; nothing is expanded.  Returns how many words there are, or
 * -1 with *e set (a quote is not closed, more than "max" words).
 */
int gw_cut_words(char *line, char **words, size_t max, struct err *e);

#endif
