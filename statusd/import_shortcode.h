#ifndef STATUSD_IMPORT_SHORTCODE_H
#define STATUSD_IMPORT_SHORTCODE_H

struct buf;

/*
 * Add the text of an old post without the shortcodes that WordPress itself
 * knows ("[caption ...]", "[/caption]", "[gallery ids=1,2]"); what stands
 * between two of them stays, and so does every other bracket.  "[[gallery]]" is
 * how a post speaks of one.  Pure.
 */
void import_shortcodes(struct buf *b, const char *text);

#endif
