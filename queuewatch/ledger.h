#ifndef QUEUEWATCH_LEDGER_H
#define QUEUEWATCH_LEDGER_H

#include "queuewatch/maillog.h"
#include "queuewatch/slots.h"
#include "queuewatch/template.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the mail log has told: counters, and bounded tables of messages, logins,
 * destinations and replies.  Fed one event at a time, in the log's order.  No
 * clock, no I/O; one thread at a time.  Times are the log's own, Unix seconds.
 *
 * A "recent" value is a sum that fades: what happened LEDGER_FADE_S ago counts
 * for a third.
 */
#define LEDGER_FADE_S 600
#define LEDGER_NAME                                              \
	80 /* bytes of a name, with the NUL; longer ones are cut \
	    */
#define LEDGER_MESSAGES 32768
#define LEDGER_NAMES 4096
#define LEDGER_REPLIES 1024
#define LEDGER_EXAMPLE 32

#define LEDGER_DELAYS 48

/* As pflogsumm counts them. */
struct ledger_counts {
	int64_t lines; /* Postfix's lines that mean something here */
	int64_t received;
	int64_t delivered;
	int64_t deferred; /* deferrals, not messages */
	int64_t bounced;
	int64_t rejected;
	int64_t refused; /* of these, for good: 5xx */
	/* Deliveries by how long they took, see ledger_delay_s(). */
	int64_t delays[LEDGER_DELAYS];
};

/* Step "i" of the delays begins at so many seconds; two double them. */
double ledger_delay_s(int i);

/* A message that is or was in the queue. */
struct ledger_message {
	struct slot slot;
	int64_t at; /* when the log named it first */
	uint64_t client, account; /* ids in their tables; 0: none */
	uint64_t sender, message_id; /* hashes; 0: not known */
	uint64_t reply; /* id: of the last failure */
	int64_t size; /* bytes; 0: not known */
	bool fresh; /* seen to arrive, so not found here on arrival */
	bool counted; /* its recipients are in the account */
	bool doubled; /* counted as delivered twice */
	bool probe; /* a canary, which is not counted */
	unsigned char ends; /* failed after the end of the message, to 255 */
};

struct ledger_name {
	struct slot slot;
	char text[LEDGER_NAME];
};

/* Somebody who logs in to send (SASL). */
struct ledger_account {
	struct slot slot;
	char name[LEDGER_NAME];
	int64_t at; /* of the recent values */
	double messages, recipients, failed, tried; /* recent */
	double new_clients; /* recent: clients it never used before */
	double usual; /* messages in LEDGER_FADE_S, as a rule */
	int64_t first, usual_at;
	double usual_sum; /* messages since usual_at */
	uint64_t clients[4]; /* bits of those it has used */
	uint64_t domains[4]; /* bits of the destinations since domains_at */
	int64_t domains_at;
};

/* A recipient domain. */
struct ledger_destination {
	struct slot slot;
	char name[LEDGER_NAME];
	int64_t at;
	double failed; /* recent: messages, each once */
	double tried; /* recent: attempts */
	double now, usual; /* share of attempts that fail: the last 8; long */
	int64_t attempts;
	int64_t ok_at, failed_at;
	bool answered; /* the last failure was for good: somebody is there */
	bool outside; /* by smtp, not to a filter or a store of this host */
	char reply[TEMPLATE_SIZE]; /* the last failure's */
};

/* A reply text that made a delivery fail, folded. */
struct ledger_reply {
	struct slot slot;
	char text[TEMPLATE_SIZE];
	int64_t first, at;
	int64_t messages; /* that it has hit, ever */
	double recent;
	int64_t open; /* messages that wait because of it */
	bool permanent; /* they were bounced */
	uint64_t destination; /* id: the last one */
	char example[LEDGER_EXAMPLE]; /* a queue id */
};

struct ledger_fault {
	int64_t first, at; /* of this episode; 0: never */
	int64_t line; /* the last one's, as counts.lines says */
	int64_t count;
	char program[LEDGER_EXAMPLE];
	char text[TEMPLATE_SIZE];
};

struct ledger_doubles {
	int64_t messages; /* of this episode */
	int64_t certain; /* of them: one Message-ID twice to one recipient */
	int64_t at; /* the last one; 0: never */
	char example[LEDGER_EXAMPLE]; /* its queue id */
	char why[TEMPLATE_SIZE];
};

/* The content filter that mail is handed to, where one is known. */
struct ledger_filter {
	char transport[LEDGER_NAME]; /* "smtp"; "" where there is none */
	char host[LEDGER_NAME], port[16]; /* "" for one that is no relay */
	int64_t ok_at, failed_at;
	double tried, failed; /* recent */
	double wait_s, busy_s; /* recent sums: in the queue; at the filter */
	int64_t at;
	char reply[TEMPLATE_SIZE];
};

/* A mailbox of this host, by its address. */
#define LEDGER_GROW_S 86400 /* bytes of so long ago count for a third */
struct ledger_mailbox {
	struct slot slot;
	char name[LEDGER_NAME];
	int64_t at;
	double bytes; /* delivered; it fades */
};

/* Those that grew most in the last day. */
#define LEDGER_GROWERS 8
struct ledger_growers {
	double bytes; /* delivered to all */
	size_t n;
	struct {
		char name[LEDGER_NAME];
		double bytes;
	} items[LEDGER_GROWERS]; /* the largest first */
};

struct ledger {
	struct ledger_counts counts;
	int64_t probes; /* canaries received, still to be taken off counts */
	int64_t now; /* the newest event's time */
	struct slots messages, clients, accounts, destinations, replies;
	struct slots mailboxes;
	double stored; /* bytes to all of them; it fades */
	int64_t stored_at;
	struct slots delivered; /* Message-ID and recipient: bare slots */
	struct ledger_fault faults[MAILLOG_FAULTS];
	struct ledger_doubles doubles;
	struct ledger_filter filter;
	int64_t inside_ok_at, inside_failed_at, outside_ok_at;
	/* The same by line: much happens in one second. */
	int64_t inside_ok_line, inside_failed_line, outside_ok_line;
	/* Postfix last passed a destination over as dead: when, and which. */
	int64_t dead_at;
	char dead[LEDGER_NAME];
	uint64_t dead_instance; /* by which instance */
};

int ledger_init(struct ledger *l); /* -1 without memory */
void ledger_free(struct ledger *l);

/*
 * Postfix's content_filter, "transport:nexthop" (RFC-like brackets and port as
 * in postconf(5)); "" is none.
 */
void ledger_set_filter(struct ledger *l, const char *content_filter);

void ledger_feed(struct ledger *l, const struct maillog_event *ev);

/*
 * What a queue file's message is known by: its login and client, or NULL.
 * "instance" is maillog_instance()'s key.
 */
const char *ledger_account_of(
    struct ledger *l, uint64_t instance, const char *qid);
const char *ledger_client_of(
    struct ledger *l, uint64_t instance, const char *qid);

/*
 * Which mailboxes grow; "shown" says how a name may be told (several may be
 * told as one).  Their bytes are those of the messages, as Postfix had them.
 */
void ledger_growers(const struct ledger *l, int64_t now,
    const char *(*shown)(const char *name), struct ledger_growers *growers_r);

/* A recent value as it counts at "now", when it was last touched at "at". */
double ledger_fade(double value, int64_t at, int64_t now);
/* How many different ones a bitmap of 256 bits has seen, roughly. */
double ledger_distinct(const uint64_t bits[4]);

/* What has been learned (logins, destinations, replies), to be kept. */
json_t *ledger_save(const struct ledger *l);
void ledger_load(struct ledger *l, const json_t *saved);

/* -- of the tables' own files, called by ledger_feed() -- */

/* A queue id is unique within an instance alone. */
uint64_t ledger_message_key(uint64_t instance, struct slice qid);
struct ledger_message *ledger_message(
    struct ledger *l, const struct maillog_event *ev);
void ledger_account_sent(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev);
void ledger_account_tried(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev);
void ledger_destination_tried(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev);
void ledger_stored(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev);
/* The message no longer waits because of a reply. */
void ledger_reply_over(struct ledger *l, struct ledger_message *m);
void ledger_doubled(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev);
/* Whether the attempt was at the content filter; if so it is noted. */
bool ledger_filtered(struct ledger *l, const struct maillog_event *ev);

void ledger_copy(char *to, size_t size, struct slice from);
void ledger_reply_fold(struct slice text, char out[TEMPLATE_SIZE]);

#endif
