#ifndef STATUSD_HTML_H
#define STATUSD_HTML_H

#include <stddef.h>

struct buf;

/*
 * Writes HTML, or XML, in which every text and every attribute is escaped by
 * the writer and every element is closed: there is no way to add markup but by
 * these calls, and one door for what is markup already, html_trusted().
 */
struct html {
	struct buf *out;
	int xml; /* XML: no element is empty by its name */
	int depth;
	const char *open[32];
};

/* Write to "out", which the caller keeps. */
void html_init(struct html *h, struct buf *out);
void xml_init(struct html *h, struct buf *out);

/*
 * "<tag name="value" ...>"; the attributes are pairs of strings, ended by a
 * NULL where a name would stand.  A value of NULL leaves the attribute out.
 * Tags and names are literals.  Elements that HTML has no end for (meta, link,
 * input, ...) are complete with this.
 */
void html_start(struct html *h, const char *tag, ...) __attribute__((sentinel));

/* "</tag>"; it must be the innermost one that is open. */
void html_end(struct html *h, const char *tag);

/* A whole element with a text in it. */
void html_element(struct html *h, const char *tag, const char *text, ...)
    __attribute__((sentinel));

void html_text(struct html *h, const char *text);
void html_text_n(struct html *h, const char *text, size_t n);
void html_textf(struct html *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Markup that is known to be safe: written by this project, or by a renderer
 * in its safe mode.  The only way past the escaper.
 */
void html_trusted(struct html *h, const char *markup, size_t n);

/* A new line between elements, for those who read the source. */
void html_newline(struct html *h);

/* Whether all that was opened was closed and nothing was cut: 0, else -1. */
int html_done(const struct html *h);

#endif
