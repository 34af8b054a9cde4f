#ifndef STATUSD_IMPORT_HTML_H
#define STATUSD_IMPORT_HTML_H

struct buf;

/*
 * HTML of strangers becomes Markdown: paragraphs, line breaks, emphasis, links
 * to http, https and mailto, lists, quotations, headings, code.  Everything
 * else leaves its text, script and style not even that.  Blank lines between
 * bare text are paragraphs, as in WordPress.  Nothing is fetched.
 */
void import_html(struct buf *b, const char *html);

/* "Caf&eacute; &amp; bar" in a title: plain text. */
void import_plain(struct buf *b, const char *html);

#endif
