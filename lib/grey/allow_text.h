#ifndef LIB_GREY_ALLOW_TEXT_H
#define LIB_GREY_ALLOW_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct allow_entry;
struct buf;
struct err;

/* The whitelist as text, a line an entry, as it is written for "add". Pure. */

/* The entry and its options, each word as a shell reads it; no line's end. */
void allow_text_write(struct buf *b, const struct allow_entry *entry);

/*
 * Cut a line into words as a shell does: blanks part them, quotes and
 * backslashes keep them together, a word that begins with "#" ends the line.
 * Works in place; nothing is expanded.  Returns how many words there are, or
 * -1 with *e set (a quote is not closed, more than "max" words).
 */
int allow_text_cut(char *line, char **words, size_t max, struct err *e);

/*
 * Read a line that allow_text_write() wrote; it is cut in place.  "created" is
 * "now" (Unix seconds).  1: an entry; 0: none, or its time is over; -1 with *e
 * set.
 */
int allow_text_read(
    char *line, int64_t now, struct allow_entry *entry_r, struct err *e);

#endif
