#ifndef STATUSD_VAULT_H
#define STATUSD_VAULT_H

#include "lib/code.h"
#include "lib/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * What the console must not forget: who is signed in, which codes were used to
 * sign in, the orders and what became of them, who did what.  A small database
 * of its own whose room is taken when it is made, so that an order can be given
 * while every disk is full.  Any thread.  Look-ups return 1, 0 or -1.
 */
struct vault;

/*
 * Open the file, or make it.  Where it cannot be had all is kept in memory,
 * and *e says why (else *e is empty).  NULL only without memory.
 */
struct vault *vault_open(const char *path, struct err *e);
void vault_close(struct vault *v); /* NULL is allowed */

#define VAULT_HASH 32
#define VAULT_NAME 65 /* room for an operator's name */

/* What an operator has used of his codes to sign in. */
int vault_used_get(
    struct vault *v, const char *name, struct code_used *used_r, struct err *e);
int vault_used_set(struct vault *v, const char *name,
    const struct code_used *used, struct err *e);

struct vault_session {
	unsigned char hash[VAULT_HASH]; /* of what the browser holds */
	char name[VAULT_NAME];
	int64_t enrolled_at; /* of the operator: another enrolment ends it */
	int64_t since; /* Unix seconds */
	int64_t seen;
};
#define VAULT_SESSIONS 32 /* of more the one unseen longest ends */
int vault_session_add(
    struct vault *v, const struct vault_session *s, struct err *e);
int vault_session_find(struct vault *v, const unsigned char hash[VAULT_HASH],
    struct vault_session *s_r, struct err *e);
int vault_session_seen(struct vault *v, const unsigned char hash[VAULT_HASH],
    int64_t now, struct err *e);
int vault_session_end(
    struct vault *v, const unsigned char hash[VAULT_HASH], struct err *e);

enum vault_state {
	VAULT_WAITING, /* in each answer until its result comes */
	VAULT_OVER,
	VAULT_EXPIRED, /* not answered while its code could be good */
};

#define VAULT_ID 33
#define VAULT_TEXT 1024
struct vault_order {
	char id[VAULT_ID];
	char system[33];
	char remedy[REPORT_MAX_NAME + 1];
	char title[256]; /* of the remedy */
	char code[CODE_SIZE]; /* only of one that waits; never on a disk */
	char by[VAULT_NAME];
	enum vault_state state;
	int64_t at, until; /* Unix seconds: given; good until */
	int64_t sent_at; /* first in an answer; 0: not yet */
	int64_t over_at;
	enum report_outcome outcome; /* VAULT_OVER */
	int exit_status; /* -1: none */
	char text[VAULT_TEXT]; /* the end of its output */
};

/* How long an order waits for a report: its code is good no longer. */
#define VAULT_ORDER_S 90
#define VAULT_PAPER_S 600
/* Orders of one system: so many in so many seconds. */
#define VAULT_RATE 6
#define VAULT_RATE_S 60

/*
 * Give an order: id, state and times are set.  Returns 0; 1 with *e set where
 * it may not be (the same waits still, too many lately); -1.
 */
int vault_order_add(
    struct vault *v, struct vault_order *o, int64_t now, struct err *e);

/*
 * Those of the system that an answer carries, "most" at most; *n_r of them.
 * The same go into each answer until the result is there or the time is over:
 * who gets them knows an order again by its id.  Without any nothing is
 * written.
 */
struct vault_due {
	const char *system;
	struct vault_order *orders;
	size_t most;
};
int vault_orders_due(struct vault *v, const struct vault_due *due, int64_t now,
    size_t *n_r, struct err *e);

/* What the report of that system says of an order: 1 news, 0 known or not
 * ours, -1. */
int vault_order_result(struct vault *v, const char *system,
    const struct report_result *r, int64_t now, struct err *e);

int vault_order_get(
    struct vault *v, const char *id, struct vault_order *o_r, struct err *e);
/* The newest first, into "orders"; of all systems where "system" is NULL. */
int vault_orders_list(
    struct vault *v, const struct vault_due *of, size_t *n_r, struct err *e);

/* Who did what. */
struct vault_note {
	int64_t at;
	char who[VAULT_NAME];
	char from[64]; /* the address */
	char what[256];
};
#define VAULT_NOTES 500 /* are kept */
int vault_note_add(
    struct vault *v, const struct vault_note *note, struct err *e);
int vault_notes_list(struct vault *v, struct vault_note *notes, size_t most,
    size_t *n_r, struct err *e);

#endif
