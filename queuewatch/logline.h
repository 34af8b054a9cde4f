#ifndef QUEUEWATCH_LOGLINE_H
#define QUEUEWATCH_LOGLINE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The head of a line of a mail log.  Pure, but that a stamp without a zone is
 * in this process's own (TZ).
 *
 *	Oct  2 10:00:00 mx postfix/smtp[123]: TEXT
 *	Oct  2 2025 10:00:00 +0200 mx postfix/smtp[123]: TEXT
 *	2025-10-02T10:00:00.123456+02:00 mx postfix/smtp[123]: TEXT
 *	2025-10-02 10:00:00 mx postfix/smtp[123]: TEXT
 *	<22>1 2025-10-02T10:00:00Z mx postfix/smtp 123 - - TEXT
 *
 * The year may stand before or behind the time; a fraction, a zone
 * (Z, UTC, GMT, +hhmm, +hh:mm) and "<22>" may be there or not.
 */

/* Bytes of somebody else's: not ended by a NUL. */
struct slice {
	const char *p; /* never NULL once it is set */
	size_t n;
};

struct logline {
	int64_t at; /* Unix seconds */
	struct slice tag; /* "postfix/smtp", "dovecot" */
	struct slice text;
};

/* What reading stamps needs to know, and remembers.  Zero it but for "now". */
struct logline_dates {
	/*
	 * Unix seconds at which the line is read, or later: of the years that
	 * a stamp without one can mean the last that is not after it counts.
	 */
	int64_t now;
	char hour[16]; /* the last date and hour without a zone */
	size_t hour_len;
	int64_t hour_at, hour_now;
};

/*
 * Split a line (without its line feed).  Returns 1, or 0 where it has no such
 * head, or only blanks for a text.
 */
int logline_parse(const char *line, size_t n, struct logline_dates *dates,
    struct logline *out);

int slice_is(struct slice s, const char *word);
int slice_begins(struct slice s, const char *word);
/* Where "what" stands in it, or NULL. */
const char *slice_find(struct slice s, const char *what);

#endif
