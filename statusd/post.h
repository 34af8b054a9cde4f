#ifndef STATUSD_POST_H
#define STATUSD_POST_H

#include "statusd/model.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * How a text becomes public, whoever wrote it: the first public entry of a
 * thread is its opening and gives it title and address; updates get the next
 * number when they become public, so there is never a gap.  Call all of these
 * within a transaction of the store.
 */

/*
 * Make the entry public at "now".  In a thread that is not public yet it
 * becomes the opening, whatever it was written as, and what waits beside it is
 * dropped.
 */
int post_publish(struct store *s, int64_t entry, int64_t now, struct err *e);

/* What the operator writes. */
struct post_text {
	enum model_kind kind; /* of a new thread */
	enum model_impact impact;
	const char *const *systems; /* codes, at least one */
	size_t n_systems;
	size_t n_named; /* the first so many stand in front of the title */
	const char *title; /* one line, with or without the code in front */
	const char *body; /* Markdown */
	int64_t planned_from, planned_until; /* MODEL_PLANNED */
};

/* A new thread by the operator's hand, public at once; *id_r its number. */
int post_open(struct store *s, const struct post_text *t, int64_t now,
    int64_t *id_r, struct err *e);

struct post_addition {
	int64_t thread;
	enum model_entry_kind kind; /* update, note, resolution */
	int status; /* enum model_status for an update, or -1: as it is */
	const char *body;
	int64_t next_at; /* an update: the next one is promised by then; or 0 */
};

/*
 * Add to a thread by the operator's hand, public at once; a thread that was a
 * draft becomes public with it.  Returns 0; -1 with *e set; or 1 with *e set
 * where it cannot be (no such thread, already resolved, a plain post).
 */
int post_add(
    struct store *s, const struct post_addition *a, int64_t now, struct err *e);

/*
 * Publish what waits as a draft in the thread, or give it up.  Returns as
 * post_add().
 */
int post_publish_draft(
    struct store *s, int64_t thread, int64_t now, struct err *e);
int post_drop_draft(struct store *s, int64_t thread, struct err *e);

/*
 * Planned work: what the clock says at "now" becomes its status and is said in
 * it.  Returns 1 where something was said, 0, or -1.
 */
int post_planned_due(struct store *s, int64_t now, struct err *e);

enum post_planned { POST_START, POST_END, POST_CANCEL };
/* The same by the operator's hand; "body" may be "".  Returns as post_add(). */
struct post_plan {
	int64_t thread;
	enum post_planned what;
	const char *body;
};
int post_planned(
    struct store *s, const struct post_plan *p, int64_t now, struct err *e);

/*
 * Whether the text says that something is over ("resolved", "back to normal",
 * "fixed"), so that it can be held against the evidence.  Pure.
 */
bool post_claims_end(const char *text);

/* "nc036-mail-is-delayed" for "NC036: Mail is delayed"; pure. */
#define POST_SLUG_SIZE 96
void post_slug(const char *title, char out[POST_SLUG_SIZE]);

#endif
