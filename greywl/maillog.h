#ifndef GREYWL_MAILLOG_H
#define GREYWL_MAILLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A line of Postfix's log: what of it tells who sent to whom.  Pure; nothing is
 * copied, and a line may be anything.
 */

/* When, as far as the line says it. */
struct maillog_stamp {
	int64_t unix_s; /* Unix seconds; of the year 1972 where has_year is
	                 * false: maillog_in_year() */
	bool has_year;
};

/*
 * Read what a line begins with: "Mar 19 16:21:30 ", "Mar 19 2026 16:21:30 ",
 * "2026 Mar 19 16:21:30 ", or RFC 3339 with any offset and fraction, a blank
 * instead of the "T" allowed.  Without an offset it is taken as UTC.  Returns
 * what stands behind, or NULL: it is none.
 */
const char *maillog_stamp(
    const char *s, size_t n, struct maillog_stamp *stamp_r);

/* The time of a stamp without a year in a certain one. */
int64_t maillog_in_year(const struct maillog_stamp *stamp, int year);

/* The year of a time. */
int maillog_year_of(int64_t unix_s);

struct maillog_text {
	const char *s; /* not terminated; NULL: not there */
	size_t n;
};

enum maillog_what {
	MAILLOG_OTHER,
	MAILLOG_CLIENT, /* smtpd has a message from a client */
	MAILLOG_FROM, /* its sender */
	MAILLOG_TO, /* one of its recipients */
	MAILLOG_REMOVED, /* it has left the queue */
	MAILLOG_REFUSED, /* at RCPT, or of the whole message */
	MAILLOG_SPF /* a policy server's Received-SPF: pass */
};

struct maillog_line {
	enum maillog_what what;
	struct maillog_stamp stamp;
	struct maillog_text id; /* queue id; NULL: none */
	struct maillog_text client_name; /* "" where it is "unknown" */
	struct maillog_text client;
	struct maillog_text from, to, helo; /* without brackets */
	bool own; /* the client has logged in, or speaks to submission */
	/* MAILLOG_REFUSED */
	bool whole; /* the message, after its data */
	bool greylisted; /* for now, by a greylister */
};

/*
 * Read a line without its end.  false: no stamp, or not a line of Postfix's or
 * of an SPF policy server's.
 */
bool maillog_read(const char *s, size_t n, struct maillog_line *line_r);

#endif
