#ifndef LIB_GREY_STORE_RECENT_H
#define LIB_GREY_STORE_RECENT_H

#include "lib/grey/judge.h"
#include "lib/grey/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What this process has committed lately.  A reader that looks here first can
 * keep one look at the database for many questions, instead of asking anew
 * after each commit: that look and what stands here make up what is there now.
 *
 * "Changes" is the count of transactions that every connection of every process
 * keeps in the database's shared index, see sql_wal_changes().  One that is not
 * ours empties this and begins a new generation; so does a full table, and a
 * commit that it cannot keep.  A look at the database counts only within the
 * generation that was in force before it was taken.
 *
 * Thread-safe but for what is said to be for the one who writes.
 */
struct recent;

/* NULL: no memory. */
struct recent *recent_new(void);
void recent_free(struct recent *r);

/* What is asked for, and what of it stands here. */
struct recent_rows {
	struct grey_record record;
	struct grey_credit credits[GREY_CREDITS];
	bool has_record, has_credit[GREY_CREDITS];
};

/*
 * Look for an envelope's record and the credits "ids"; *changes is the
 * database's count, read here.  Returns the generation.
 */
unsigned recent_look(struct recent *r, const volatile uint32_t *changes,
    const struct key *key, const uint64_t *ids, size_t n_ids,
    struct recent_rows *rows_r);

/* --- for the one who writes --- */

/* A transaction begins; no other can be committed before it is over. */
void recent_begin(struct recent *r, const volatile uint32_t *changes);
/* It has written this; a record without origins is one that was deleted. */
void recent_record(
    struct recent *r, const struct key *key, const struct grey_record *rec);
void recent_credit(struct recent *r, const struct grey_credit *credit);
/* It has written something else. */
void recent_other(struct recent *r);
/* It is over: committed, and "wrote" something, or not (before it is undone) */
void recent_commit(struct recent *r, bool wrote);
void recent_abort(struct recent *r);

/* Begin a new generation. */
void recent_anew(struct recent *r);

#endif
