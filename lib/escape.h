#ifndef LIB_ESCAPE_H
#define LIB_ESCAPE_H

#include <stddef.h>

struct buf;

/*
 * The one escaper for foreign text.  Each adds "n" bytes of "s" to "b" so that
 * the text can be shown in the place named and cannot act there.  Bytes that
 * are not UTF-8 (RFC 3629: no overlong forms, no surrogates) become U+FFFD.
 */

/*
 * For a terminal or a log line: C0 and C1 controls, DEL, line and paragraph
 * separators and bidirectional controls are written \xNN or \u{NNNN}; what is
 * not UTF-8 is written \xNN.
 */
void escape_line(struct buf *b, const char *s, size_t n);

/*
 * For HTML and XML text and quoted attributes: & < > " ' as entities; controls
 * that XML 1.0 forbids become U+FFFD; those that turn the direction of all the
 * text behind them (U+202A to U+202E, U+2066 to U+2069) are left out.
 */
void escape_markup(struct buf *b, const char *s, size_t n);

/*
 * Length of the UTF-8 sequence at s (1 to 4), 0 where it is none; *cp_r its
 * code point.
 */
size_t escape_utf8(const char *s, size_t n, unsigned *cp_r);

#endif
