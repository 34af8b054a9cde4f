#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FORGET_ROWS 200 /* in one transaction */
#define REST_MIN_NS 2000000 /* between two transactions */
#define REST_MAX_NS 100000000
#define TRUNCATE_TRIES 5
#define TRUNCATE_BUSY_MS 200

struct sql *
store_edit_begin(struct sqlite_store *s, unsigned *epoch_r, struct err *e)
{
	struct sql *db;

	if (s->use == GREY_STORE_READ) {
		(void)err_set(e, "store: is open for reading only");
		return NULL;
	}
	(void)pthread_mutex_lock(&s->edit_lock);
	db = s->use == GREY_STORE_EDIT ? store_reader_take(s, epoch_r, e)
	                               : store_open_writer(s, e);
	if (db != NULL && sql_begin(db, e) == 0) {
		s->edit_begun_ns = clock_mono_ns();
		return db;
	}
	if (db != NULL && s->use == GREY_STORE_EDIT)
		store_reader_give(s, db, *epoch_r, true);
	else if (db != NULL)
		sql_close(db);
	(void)pthread_mutex_unlock(&s->edit_lock);
	(void)err_prefix(e, "store");
	return NULL;
}

/*
 * Others get as much of the time as this one took: who waits for SQLite's lock
 * only looks at it now and then.
 */
static void
let_others(const struct sqlite_store *s)
{
	int64_t ns = clock_mono_ns() - s->edit_begun_ns;
	struct timespec pause = { .tv_nsec = ns < REST_MIN_NS ? REST_MIN_NS
		    : ns > REST_MAX_NS                        ? REST_MAX_NS
		                                              : ns };

	(void)nanosleep(&pause, NULL);
}

int
store_edit_end(struct sqlite_store *s, struct sql *db, unsigned epoch, int rc,
    struct err *e)
{
	if (rc == 0 && sql_commit(db, e) == 0) {
		rc = 0;
	} else {
		sql_rollback(db);
		rc = err_prefix(e, "store");
	}
	if (s->use == GREY_STORE_EDIT)
		store_reader_give(s, db, epoch, rc == -1);
	else
		sql_close(db);
	if (s->use == GREY_STORE_EDIT)
		let_others(s);
	(void)pthread_mutex_unlock(&s->edit_lock);
	return rc;
}

/* --- load --- */

static int
load_envelope(struct sqlite_store *s, struct sql *db,
    const struct grey_envelope *env, struct err *e)
{
	struct grey_record rec;
	struct row_text text;

	if (row_get(db, &env->key, &rec, e) == -1)
		return -1;
	grey_record_merge(&rec, &env->record);
	text = row_text_of(s, &rec, env->sender, env->recipient, env->client);
	return row_put(db, &env->key, &rec, &text, e);
}

static int
load_credit(struct sql *db, const struct grey_credit *credit, struct err *e)
{
	struct grey_credit stands;

	if (row_get_credit(db, credit->id, &stands, e) == -1)
		return -1;
	if (stands.passes < credit->passes)
		stands.passes = credit->passes;
	if (stands.used < credit->used)
		stands.used = credit->used;
	return row_put_credit(db, &stands, e);
}

int
store_load(
    struct grey_store *store, const struct grey_load *load, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch = 0;
	struct sql *db = store_edit_begin(s, &epoch, e);
	size_t i;
	int rc = 0;

	if (db == NULL)
		return -1;
	for (i = 0; i < load->n_envelopes && rc == 0; i++)
		rc = load_envelope(s, db, &load->envelopes[i], e);
	for (i = 0; i < load->n_credits && rc == 0; i++)
		rc = load_credit(db, &load->credits[i], e);
	return store_edit_end(s, db, epoch, rc, e);
}

/* --- forget --- */

struct found {
	struct key *keys;
	size_t n, room;
};

static int
add_key(struct found *f, const void *bytes, struct err *e)
{
	struct key *grown;

	if (f->n == f->room) {
		grown = reallocarray(f->keys, f->room * 2 + 64, sizeof(*grown));
		if (grown == NULL)
			return err_set(e, "no memory");
		f->keys = grown;
		f->room = f->room * 2 + 64;
	}
	memcpy(f->keys[f->n++].bytes, bytes, KEY_BYTES);
	return 0;
}

/*
 * Rows that an older release wrote have no traces; those that can be read are
 * found by their text.
 */
static int
find_rows(
    struct sqlite_store *s, const char *address, struct found *f, struct err *e)
{
	uint64_t trace = key_trace(atomic_load(&s->secret), address);
	char plain[KEY_TEXT_SIZE];
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	struct sql_stmt *st;
	const void *blob;
	int rc = -1;
	size_t n;

	if (db == NULL)
		return -1;
	key_plain(address, plain);
	st = sql_prepare(db,
	    "SELECT key FROM envelope WHERE sender_trace = ?1 OR "
	    "recipient_trace = ?1 OR (sender_trace IS NULL AND "
	    "recipient_trace IS NULL AND (sender = ?2 OR recipient = ?2))",
	    e);
	if (st != NULL) {
		sql_bind_int(st, 1, (int64_t)trace);
		sql_bind_text(st, 2, plain);
		while ((rc = sql_step(st, e)) == 1) {
			blob = sql_blob(st, 0, &n);
			if (n == KEY_BYTES && add_key(f, blob, e) == -1) {
				rc = -1;
				break;
			}
		}
		sql_reset(st);
	}
	store_reader_give(s, db, epoch, rc == -1);
	return rc;
}

static int
delete_keys(struct sqlite_store *s, const struct key *keys, size_t n,
    size_t *deleted, struct err *e)
{
	unsigned epoch = 0;
	struct sql *db = store_edit_begin(s, &epoch, e);
	size_t i, done = 0;
	struct sql_stmt *st;
	int rc = 0;

	if (db == NULL)
		return -1;
	for (i = 0; i < n && rc == 0; i++) {
		st = sql_prepare(db, "DELETE FROM envelope WHERE key = ?1", e);
		rc = -1;
		if (st == NULL)
			break;
		sql_bind_blob(st, 1, keys[i].bytes, KEY_BYTES);
		rc = sql_run(st, e);
		if (rc == 0)
			done += (size_t)sql_changes(db);
	}
	rc = store_edit_end(s, db, epoch, rc, e);
	if (rc == 0)
		*deleted += done;
	return rc;
}

/* Empty the database's log; false: somebody is reading it. */
static bool
empty_log(struct sqlite_store *s)
{
	struct err e;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, &e);
	int i, rc = SQLITE_BUSY;

	if (db == NULL)
		return false;
	(void)sqlite3_busy_timeout(sql_handle(db), TRUNCATE_BUSY_MS);
	for (i = 0; i < TRUNCATE_TRIES && rc != SQLITE_OK; i++)
		rc = sqlite3_wal_checkpoint_v2(sql_handle(db), NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	store_reader_give(s, db, epoch, false);
	return rc == SQLITE_OK;
}

static int
overwrite_deleted(struct sqlite_store *s, struct err *e)
{
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	int rc;

	if (db == NULL)
		return -1;
	rc = sql_exec(db, "PRAGMA secure_delete=ON", e);
	store_reader_give(s, db, epoch, rc == -1);
	return rc;
}

/* That an own user has written to it. */
static int
delete_expected(struct sqlite_store *s, const char *address, struct err *e)
{
	unsigned epoch = 0;
	struct sql *db = store_edit_begin(s, &epoch, e);
	struct sql_stmt *st;
	int rc = -1;

	if (db == NULL)
		return -1;
	st = sql_prepare(db, "DELETE FROM expected WHERE id = ?1", e);
	if (st != NULL) {
		sql_bind_int(st, 1,
		    (int64_t)key_trace(atomic_load(&s->secret), address));
		rc = sql_run(st, e);
	}
	return store_edit_end(s, db, epoch, rc, e);
}

int
store_forget(struct grey_store *store, const char *address,
    struct grey_forgotten *forgotten_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct found f = { .keys = NULL };
	size_t i, n;
	int rc;

	*forgotten_r = (struct grey_forgotten){ 0 };
	if (s->use != GREY_STORE_EDIT)
		return err_set(e, "store: is not open for edits");
	rc = overwrite_deleted(s, e);
	if (rc == 0)
		rc = find_rows(s, address, &f, e);
	if (rc == -1)
		(void)err_prefix(e, "store");
	for (i = 0; i < f.n && rc == 0; i += n) {
		n = f.n - i < FORGET_ROWS ? f.n - i : FORGET_ROWS;
		rc = delete_keys(s, &f.keys[i], n, &forgotten_r->envelopes, e);
	}
	free(f.keys);
	if (rc == 0)
		rc = delete_expected(s, address, e);
	if (rc == 0)
		forgotten_r->left_in_log = !empty_log(s);
	return rc;
}
