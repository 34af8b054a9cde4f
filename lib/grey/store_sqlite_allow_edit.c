#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <stdlib.h>
#include <string.h>

#define ADD_ROWS 100 /* in one transaction */

/* --- rows --- */

int
store_allow_put(struct sql *db, const struct allow_entry *entry, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "INSERT INTO allow (kind, value, proof, author, note, created, "
	    "expires, hits, last_hit) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
	    "?9) ON CONFLICT (kind, value) DO UPDATE SET proof = ?3, "
	    "author = ?4, note = ?5, expires = ?7",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, allow_kind_words[entry->kind]);
	sql_bind_text(st, 2, entry->value);
	sql_bind_text(st, 3, allow_proof_words[entry->proof]);
	sql_bind_text(st, 4, entry->author);
	sql_bind_text(st, 5, entry->note);
	sql_bind_int(st, 6, entry->created);
	sql_bind_int(st, 7, entry->expires);
	sql_bind_int(st, 8, entry->hits);
	sql_bind_int(st, 9, entry->last_hit);
	return sql_run(st, e);
}

int
store_allow_bump(struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "UPDATE meta SET value = value + 1 WHERE name = 'allow'", e);

	return st == NULL ? -1 : sql_run(st, e);
}

/* Bind kind and value, in all spellings, to ?1 to ?4. */
static void
bind_entry(struct sql_stmt *st, const struct allow_entry *entry,
    struct allow_spelling *spelling)
{
	allow_spell(entry->value, spelling);
	sql_bind_text(st, 1, allow_kind_words[entry->kind]);
	sql_bind_text(st, 2, spelling->as_given);
	sql_bind_text(st, 3, spelling->ascii);
	sql_bind_text(st, 4, spelling->unicode);
}

/* 1: stands there, *was_r; 0: does not; -1. */
static int
get_entry(struct sql *db, const struct allow_entry *like,
    struct allow_entry *was_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "SELECT " STORE_ALLOW_COLUMNS
	    " FROM allow WHERE kind = ?1 AND value IN (?2, ?3, ?4)",
	    e);
	struct allow_spelling spelling;
	int rc;

	if (st == NULL)
		return -1;
	bind_entry(st, like, &spelling);
	rc = sql_step(st, e);
	if (rc == 1 && store_allow_read(st, was_r, e) == -1)
		rc = 0; /* cannot be read: it is written over */
	sql_reset(st);
	return rc;
}

/* How many went, or -1. */
static int
delete_entry(struct sql *db, const struct allow_entry *entry, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "DELETE FROM allow WHERE kind = ?1 AND value IN (?2, ?3, ?4)", e);
	struct allow_spelling spelling;

	if (st == NULL)
		return -1;
	bind_entry(st, entry, &spelling);
	return sql_run(st, e) == -1 ? -1 : (int)sql_changes(db);
}

static bool
is_same(const struct allow_entry *a, const struct allow_entry *b)
{
	return a->proof == b->proof && a->expires == b->expires &&
	    strcmp(a->note, b->note) == 0;
}

/* --- adding --- */

/*
 * Many entries take several transactions.  Until the last one nobody reads
 * them, as the whitelist's number stays; when one fails, what the others did is
 * undone.
 */
struct adding {
	const struct allow_entry *entries;
	size_t n, done; /* done: committed */
	size_t begun; /* looked at, of the transaction that is open */
	unsigned char *had; /* of each: 0 none, 1 the same, 2 "was" */
	struct allow_entry *was; /* what was changed, in that order */
	size_t n_was, room;
};

static int
keep_was(struct adding *a, const struct allow_entry *was, struct err *e)
{
	struct allow_entry *grown;

	if (a->n_was == a->room) {
		grown = reallocarray(a->was, a->room * 2 + 16, sizeof(*grown));
		if (grown == NULL)
			return err_set(e, "no memory");
		a->was = grown;
		a->room = a->room * 2 + 16;
	}
	a->was[a->n_was++] = *was;
	return 0;
}

static int
add_one(struct adding *a, struct sql *db, size_t i, struct err *e)
{
	struct allow_entry was, put = a->entries[i];
	int found = get_entry(db, &put, &was, e);

	if (found == -1)
		return -1;
	if (found == 1 && is_same(&was, &put)) {
		a->had[i] = 1;
		return 0;
	}
	a->had[i] = found == 1 ? 2 : 0;
	if (found == 1 && keep_was(a, &was, e) == -1)
		return -1;
	if (found == 1) /* it may be spelt otherwise there */
		memcpy(put.value, was.value, sizeof(put.value));
	return store_allow_put(db, &put, e);
}

/* The next transaction; the last one tells the running milter. */
static int
add_some(struct sqlite_store *s, struct adding *a, struct err *e)
{
	size_t i, end = a->n - a->done > ADD_ROWS ? a->done + ADD_ROWS : a->n;
	unsigned epoch = 0;
	struct sql *db = store_edit_begin(s, &epoch, e);
	size_t n_was = a->n_was;
	int rc = 0;

	if (db == NULL)
		return -1;
	for (i = a->done; i < end && rc == 0; i++)
		rc = add_one(a, db, i, e);
	if (rc == 0 && end == a->n)
		rc = store_allow_bump(db, e);
	if (store_edit_end(s, db, epoch, rc, e) == -1) {
		a->n_was = n_was;
		return -1;
	}
	a->done = end;
	return 0;
}

/* As far as it can be: what is not undone stands there, and can be removed. */
static void
undo(struct sqlite_store *s, struct adding *a)
{
	unsigned epoch = 0;
	struct err e;
	struct sql *db;

	while (a->done > 0) {
		size_t i, end = a->done > ADD_ROWS ? a->done - ADD_ROWS : 0;
		int rc = 0;

		db = store_edit_begin(s, &epoch, &e);
		if (db == NULL)
			return;
		for (i = a->done; i > end && rc != -1; i--) {
			if (a->had[i - 1] == 0)
				rc = delete_entry(db, &a->entries[i - 1], &e);
			else if (a->had[i - 1] == 2)
				rc = store_allow_put(
				    db, &a->was[--a->n_was], &e);
		}
		if (store_edit_end(s, db, epoch, rc == -1 ? -1 : 0, &e) == -1)
			return;
		a->done = end;
	}
}

int
store_allow_add(struct grey_store *store, const struct allow_entry *entries,
    size_t n, struct grey_allow_added *added_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct adding a = { .entries = entries, .n = n };
	int rc = 0;
	size_t i;

	*added_r = (struct grey_allow_added){ 0 };
	a.had = calloc(n + 1, 1);
	if (a.had == NULL)
		return err_set(e, "store: no memory");
	do
		rc = add_some(s, &a, e);
	while (rc == 0 && a.done < n);
	if (rc == -1)
		undo(s, &a);
	added_r->left = rc == -1 ? a.done : 0;
	for (i = 0; i < n && rc == 0; i++) {
		added_r->added += a.had[i] == 0;
		added_r->same += a.had[i] == 1;
		added_r->changed += a.had[i] == 2;
	}
	free(a.had);
	free(a.was);
	return rc;
}

/* --- removing --- */

int
store_allow_remove(struct grey_store *store, const struct allow_entry *entries,
    size_t n, size_t *removed_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch = 0;
	struct sql *db;
	size_t i;
	int gone = 0;

	*removed_r = 0;
	db = store_edit_begin(s, &epoch, e);
	if (db == NULL)
		return -1;
	for (i = 0; i < n && gone != -1; i++) {
		gone = delete_entry(db, &entries[i], e);
		if (gone != -1)
			*removed_r += (size_t)gone;
	}
	if (gone != -1)
		gone = store_allow_bump(db, e);
	return store_edit_end(s, db, epoch, gone == -1 ? -1 : 0, e);
}
