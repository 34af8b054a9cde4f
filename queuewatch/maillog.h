#ifndef QUEUEWATCH_MAILLOG_H
#define QUEUEWATCH_MAILLOG_H

#include "queuewatch/logline.h"

/*
 * One line of the mail log -> one event.  Pure.  What a stranger wrote (names,
 * addresses, reply texts) is a slice of the line, raw: escape it before it is
 * shown.  A forged or broken line yields MAILLOG_OTHER or an event with wrong
 * words in it, and nothing worse.
 */
enum maillog_kind {
	MAILLOG_OTHER,
	MAILLOG_CLIENT, /* smtpd took a message: client, sasl */
	MAILLOG_PICKUP, /* a message from this host: from */
	MAILLOG_MESSAGE_ID, /* message_id */
	MAILLOG_QUEUED, /* came into the active queue: from, size, nrcpt */
	MAILLOG_REMOVED, /* left the queue, or goes on by another id */
	MAILLOG_HELD, /* put on hold by hand */
	MAILLOG_DELIVERY, /* an attempt for one recipient: the rest */
	MAILLOG_REJECT, /* smtpd or cleanup refused: text; fault: no space */
	MAILLOG_SAVED, /* a mail store's own word: message_id, to (its user) */
	MAILLOG_FAULT, /* Postfix complains of itself: fault, text */
};

enum maillog_status {
	MAILLOG_SENT,
	MAILLOG_FORWARDED, /* sent, to another address on this host */
	MAILLOG_DEFERRED,
	MAILLOG_BOUNCED,
	MAILLOG_STATUS_OTHER, /* expired, deliverable, ... */
};

enum maillog_fault {
	MAILLOG_NO_SPACE, /* no space left for queue or mailbox */
	MAILLOG_THROTTLED, /* master holds a service back */
	MAILLOG_PROCESS_LIMIT, /* all processes of a service are busy */
	MAILLOG_MILTER, /* a milter does not answer, or wrongly */
	MAILLOG_FILTER, /* a proxy filter does not answer */
	MAILLOG_FATAL, /* a program of Postfix ended */
	MAILLOG_FAULTS,
};
extern const char *const maillog_fault_words[]; /* "no space", ... */

/*
 * The tags of a host's Postfix instances (syslog_name), each with the key that
 * its queue ids go by.  Without one, tags that begin with "postfix" are the
 * first one's.
 */
#define MAILLOG_NAMES 8
struct maillog_names {
	struct {
		char tag[64];
		uint64_t instance;
	} items[MAILLOG_NAMES];
	size_t n;
};

/* The key of an instance's name; of the host's first (""): 0. */
uint64_t maillog_instance(const char *name);

struct maillog_event {
	enum maillog_kind kind;
	int64_t at; /* Unix seconds */
	uint64_t instance; /* whose line it is; 0: the host's first */
	struct slice program; /* "smtpd": the last part of the tag */
	struct slice qid; /* empty where there is none */
	struct slice client, sasl, message_id;
	struct slice from, to, orig_to;
	struct slice relay; /* "mx.example[192.0.2.1]:25", "virtual", "none" */
	struct slice dsn;
	struct slice text; /* the reply; the complaint */
	int64_t size; /* bytes */
	int nrcpt;
	enum maillog_status status;
	enum maillog_fault fault;
	/*
	 * Milliseconds: all of it, and its parts (-1: not said): before the
	 * queue manager, in it, connection setup, transmission.
	 */
	int64_t delay_ms;
	int64_t delays_ms[4];
};

/* Fill *out; "line" without its line feed; "names" may be NULL. */
void maillog_parse(const char *line, size_t n, struct logline_dates *dates,
    const struct maillog_names *names, struct maillog_event *out);

/* The same for what came without a head: the journal's tag and text. */
void maillog_read(struct slice tag, struct slice text, int64_t at,
    const struct maillog_names *names, struct maillog_event *out);

/*
 * Of maillog_read() alone: which fault the complaint "text" is, if it is one;
 * "word" stood before it ("warning", "fatal", a queue id).
 */
void maillog_complaint(
    struct slice word, struct slice text, struct maillog_event *ev);

/*
 * Whether the reply came after the end of the message, so that the other side
 * may have stored what it did not take (the gap
 * of RFC 1047): LOST without an answer, REFUSED by one.
 */
enum maillog_end { MAILLOG_END_NO, MAILLOG_END_LOST, MAILLOG_END_REFUSED };
enum maillog_end maillog_end_of_data(const struct maillog_event *ev);

/* The part of an address behind its last "@"; empty where there is none. */
struct slice maillog_domain(struct slice address);

#endif
