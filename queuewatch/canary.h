#ifndef QUEUEWATCH_CANARY_H
#define QUEUEWATCH_CANARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * Probe messages: sent on a leg (from outside in; within; out and back), found
 * in a mailbox, and the time between.  Pure.  Times are Unix milliseconds.
 *
 * The rules: each says that it is automatic, and carries a token signed with a
 * key of this host; at most two are under way on a leg; to the outside one goes
 * every 15 minutes at most; a leg on which one comes twice rests.
 */
#define CANARY_KEY 32
#define CANARY_TOKEN 128
#define CANARY_HEADER "X-Mailglance-Canary"
#define CANARY_UNDER_WAY 2
#define CANARY_SEEN 64
#define CANARY_OUTSIDE_MS (15 * 60 * 1000)
#define CANARY_REST_MS (60 * 60 * 1000)

struct canary_token {
	uint64_t id;
	int64_t sent_ms;
};

/* "1.ID.TIME.SIGNATURE", good for this leg alone. */
void canary_token_write(const unsigned char key[CANARY_KEY], const char *leg,
    const struct canary_token *t, char out[CANARY_TOKEN]);
/* Returns 0, or -1 where it is none of ours for this leg. */
int canary_token_read(const unsigned char key[CANARY_KEY], const char *leg,
    const char *text, struct canary_token *t_r);

/* The message (RFC 5322, CR LF); "sent_ms" is its date. */
struct canary_letter {
	const char *leg, *from, *to, *token;
	int64_t sent_ms;
};
void canary_compose(const struct canary_letter *l, struct buf *out);
/* Whether a Message-ID has the form of a canary's. */
bool canary_message_id(const char *id);

struct canary_policy {
	int64_t interval_ms;
	int64_t warning_ms; /* lost after twice this */
	bool outside;
};

struct canary_leg {
	struct canary_token under_way[CANARY_UNDER_WAY]; /* oldest first */
	size_t n;
	uint64_t seen[CANARY_SEEN]; /* a ring of those that came back */
	size_t n_seen;
	int64_t last_ms; /* one was last handed in, or refused; 0: never */
	int64_t rest_ms; /* until then none is sent */
	/* What is known. */
	int64_t back_ms, delay_ms; /* the last that came back; 0: none did */
	int64_t lost_ms; /* the first lost was sent; 0: one came back since */
	int64_t lost; /* so many, since then */
	int64_t refused_ms; /* refused since; 0: the last one was taken */
	int refused; /* in a row */
	bool twice; /* the leg rests because one came twice */
	char send_fault[200]; /* why it was refused */
	char read_fault[200]; /* why nobody can look; "": one can */
};

/* Whether one is to be sent now. */
bool canary_due(
    const struct canary_leg *l, const struct canary_policy *p, int64_t now_ms);
void canary_sent(struct canary_leg *l, const struct canary_token *t);
void canary_refused(struct canary_leg *l, int64_t now_ms, const char *why);
/*
 * One was found in the mailbox, where it arrived at arrived_ms (0: not known).
 */
void canary_back(struct canary_leg *l, const struct canary_token *t,
    int64_t arrived_ms, int64_t now_ms);
/* Give up those that are lost. */
void canary_expire(
    struct canary_leg *l, const struct canary_policy *p, int64_t now_ms);

/*
 * How long to wait from one look into the mailbox to the next: shorter while a
 * young one is under way, never below "least_ms".
 */
int64_t canary_look_pause(
    const struct canary_leg *l, int64_t now_ms, int64_t least_ms);

#endif
