#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <stdlib.h>
#include <string.h>

#define EXPIRE_ROWS 500 /* looked at at once */

/* --- what is to go: found by a reader, deleted by who writes --- */

struct doomed {
	size_t n;
	struct doomed_row {
		struct key key;
		int64_t last; /* unless it was used meanwhile */
		bool only_text;
	} rows[EXPIRE_ROWS];
};

static int
delete_rows(struct sql *db, void *arg, struct err *e)
{
	const struct doomed *d = arg;
	struct sql_stmt *st;
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (d->rows[i].only_text)
			st = sql_prepare(db,
			    "UPDATE envelope SET sender = NULL, recipient = "
			    "NULL, client = NULL WHERE key = ?1 AND last = ?2",
			    e);
		else
			st = sql_prepare(db,
			    "DELETE FROM envelope WHERE key = ?1 AND last = ?2",
			    e);
		if (st == NULL)
			return -1;
		sql_bind_blob(st, 1, d->rows[i].key.bytes, KEY_BYTES);
		sql_bind_int(st, 2, d->rows[i].last);
		if (sql_run(st, e) == -1)
			return -1;
	}
	return 0;
}

/* What is to become of the row that "st" stands on. */
static void
look_at_row(struct sql_stmt *st, const struct grey_store_options *o,
    int64_t now, struct doomed *d)
{
	struct doomed_row *row = &d->rows[d->n];
	struct grey_record rec;
	const void *blob;
	size_t n;
	bool readable = !sql_is_null(st, 3), keep;

	blob = sql_blob(st, 0, &n);
	if (n != KEY_BYTES)
		return;
	memcpy(row->key.bytes, blob, n);
	row->last = sql_int(st, 1);
	row->only_text = false;
	blob = sql_blob(st, 2, &n);
	if (row_read_origins(blob, n, &rec) == -1 ||
	    grey_record_dead(&rec, &o->keep, now)) {
		d->n++;
		return;
	}
	keep = now - row->last <= o->text_keep_s &&
	    (o->text == GREY_TEXT_ALWAYS ||
	        (o->text == GREY_TEXT_WAITING && grey_record_waits(&rec)));
	if (readable && !keep) {
		row->only_text = true;
		d->n++;
	}
}

/* The next portion of the envelopes.  1: there are more, 0: no, -1. */
static int
look_at_rows(struct sql *db, const struct grey_store_options *o,
    struct expiry *x, int64_t now, struct doomed *d, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "SELECT key, last, origins, sender FROM envelope WHERE key > ?1 "
	    "ORDER BY key LIMIT ?2",
	    e);
	size_t n, rows = 0;
	const void *blob;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_blob(st, 1, &x->key, KEY_BYTES);
	sql_bind_int(st, 2, EXPIRE_ROWS);
	while ((rc = sql_step(st, e)) == 1) {
		look_at_row(st, o, now, d);
		if (++rows < EXPIRE_ROWS)
			continue;
		blob = sql_blob(st, 0, &n);
		if (n != KEY_BYTES || memcmp(blob, x->key.bytes, n) <= 0)
			rc = err_set(e, "rows are not in order");
		else
			memcpy(x->key.bytes, blob, n);
		break;
	}
	sql_reset(st);
	return rc;
}

/* --- credits --- */

struct doomed_credits {
	size_t n;
	struct {
		int64_t id;
		int64_t used; /* unless it was used meanwhile */
	} rows[EXPIRE_ROWS];
};

static int
delete_credits(struct sql *db, void *arg, struct err *e)
{
	const struct doomed_credits *d = arg;
	struct sql_stmt *st;
	size_t i;

	for (i = 0; i < d->n; i++) {
		st = sql_prepare(
		    db, "DELETE FROM credit WHERE id = ?1 AND used = ?2", e);
		if (st == NULL)
			return -1;
		sql_bind_int(st, 1, d->rows[i].id);
		sql_bind_int(st, 2, d->rows[i].used);
		if (sql_run(st, e) == -1)
			return -1;
	}
	return 0;
}

static int
look_at_credits(struct sql *db, const struct grey_store_options *o,
    struct expiry *x, int64_t now, struct doomed_credits *d, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "SELECT id, passes, used FROM credit WHERE id > ?1 ORDER BY id "
	    "LIMIT ?2",
	    e);
	struct grey_credit c;
	size_t rows = 0;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, x->credit);
	sql_bind_int(st, 2, EXPIRE_ROWS);
	while ((rc = sql_step(st, e)) == 1) {
		x->credit = sql_int(st, 0);
		c = (struct grey_credit){ .passes = sql_int(st, 1),
			.used = sql_int(st, 2) };
		if (grey_credit_dead(&c, o->keep.lifetime_s, now)) {
			d->rows[d->n].id = x->credit;
			d->rows[d->n++].used = c.used;
		}
		if (++rows == EXPIRE_ROWS)
			break;
	}
	sql_reset(st);
	return rc;
}

/* --- a walk through all --- */

static int
delete_now(struct sqlite_store *s,
    int (*run)(struct sql *db, void *arg, struct err *e), void *arg,
    struct err *e)
{
	int rc = -1;

	(void)pthread_mutex_lock(&s->write_lock);
	if (s->writer == NULL) {
		(void)err_set(e, "is not open");
	} else if (sql_begin(s->writer, e) == 0) {
		rc = run(s->writer, arg, e);
		if (rc == 0)
			rc = sql_commit(s->writer, e);
		if (rc == -1)
			sql_rollback(s->writer);
	}
	(void)pthread_mutex_unlock(&s->write_lock);
	return rc;
}

/* Takes "arg" over. */
static int
delete_found(struct sqlite_store *s, const struct expiry *x, size_t n,
    int (*run)(struct sql *db, void *arg, struct err *e), void *arg,
    struct err *e)
{
	int rc = 0;

	if (n > 0 && !x->at_once) {
		store_post(s, run, arg);
		return 0;
	}
	if (n > 0)
		rc = delete_now(s, run, arg, e);
	free(arg);
	return rc;
}

static int
expire_credits(struct sqlite_store *s, struct sql *db, struct expiry *x,
    const struct grey_store_options *o, int64_t now, struct err *e)
{
	struct doomed_credits *d = malloc(sizeof(*d));
	int rc;

	if (d == NULL)
		return err_set(e, "no memory");
	d->n = 0;
	rc = look_at_credits(db, o, x, now, d, e);
	if (rc == -1)
		d->n = 0;
	if (delete_found(s, x, d->n, delete_credits, d, e) == -1)
		return -1;
	return rc;
}

int
store_expire_portion(struct sqlite_store *s, struct sql *db, struct expiry *x,
    int64_t now, struct err *e)
{
	struct grey_store_options o;
	struct doomed *d;
	int rc;

	(void)pthread_mutex_lock(&s->option_lock);
	o = s->options;
	(void)pthread_mutex_unlock(&s->option_lock);
	if (x->in_credits)
		return expire_credits(s, db, x, &o, now, e);
	d = malloc(sizeof(*d));
	if (d == NULL)
		return err_set(e, "no memory");
	d->n = 0;
	rc = look_at_rows(db, &o, x, now, d, e);
	if (rc == -1)
		d->n = 0;
	if (delete_found(s, x, d->n, delete_rows, d, e) == -1 || rc == -1)
		return -1;
	if (rc == 0) {
		x->in_credits = true;
		x->credit = INT64_MIN;
	}
	return 1;
}

int
store_expire(struct grey_store *store, int64_t now, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct expiry x = { .at_once = true };
	unsigned epoch;
	struct sql *db;
	int rc;

	do {
		db = store_reader_take(s, &epoch, e);
		if (db == NULL)
			return err_prefix(e, "store");
		rc = store_expire_portion(s, db, &x, now, e);
		store_reader_give(s, db, epoch, rc == -1);
	} while (rc == 1);
	return rc == -1 ? err_prefix(e, "store") : 0;
}
