#ifndef LIB_ALERT_TEXT_H
#define LIB_ALERT_TEXT_H

#include "lib/alert.h"

/*
 * Internal to lib/alert*: making foreign text harmless for a channel.  Pure.
 */

/*
 * One line: controls become blanks, what is not UTF-8 U+FFFD; cut to max bytes
 * on a character's boundary.
 */
void alert_line(struct buf *b, const char *s, size_t max);
/* Lines, ended by "\n"; otherwise as alert_line(). */
void alert_lines(struct buf *b, const char *s, size_t max);

/*
 * For channels that show one text: the message's text (its title where it has
 * none), and a last line that says system, event, level and time.
 */
void alert_body(struct buf *b, const struct alert_message *m, size_t max);

/*
 * A header's value: as it is where it is printable ASCII, else RFC 2047 encoded
 * words of at most 75 characters with "between" between them.
 */
void alert_rfc2047(struct buf *b, const char *s, const char *between);

/* RFC 2045 section 6.7: quoted-printable with CR LF, of text with "\n". */
void alert_quoted_printable(struct buf *b, const char *s);

/* Percent-encodes what is not unreserved (RFC 3986 section 2.3). */
void alert_percent(struct buf *b, const char *s);

/* 32 hex digits that stand for the text; the same in every run. */
#define ALERT_HASH_SIZE 33
char *alert_hash(const char *s, char out[ALERT_HASH_SIZE]);

#endif
