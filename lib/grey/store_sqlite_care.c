#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 250
#define HITS_EVERY 4
#define WAL_FRAMES_MANY 4000 /* checkpoint at once */
#define WAL_FRAMES_SOME 100 /* checkpoint every CHECKPOINT_EVERY */
#define CHECKPOINT_EVERY 20
#define WAL_FRAMES_REST                                       \
	300 /* so few the writer may copy between two commits \
	     */
#define BULK_PASSES 4
#define EXPIRE_ROWS 500 /* looked at in a tick */
#define EXPIRE_REST_S 60 /* between two walks through all rows */
#define EXPIRE_STEP_S 3600 /* so much later by the clock: no rest */

struct care {
	unsigned tick;
	struct key at; /* where the walk through the rows is */
	int64_t next_walk_ms; /* monotonic */
	int64_t walked; /* Unix seconds: when the last one ended */
};

/* --- checkpoints --- */

/*
 * Bulk here, beside the writer, until few frames are left; these the writer
 * copies itself, since beside it there would always be new ones and the file
 * would grow for ever.
 */
static void
checkpoint(struct sqlite_store *s, struct sql *db)
{
	int i, log = 0, done = 0;

	for (i = 0; i < BULK_PASSES; i++) {
		if (sqlite3_wal_checkpoint_v2(sql_handle(db), NULL,
		        SQLITE_CHECKPOINT_PASSIVE, &log, &done) != SQLITE_OK)
			return;
		if (log - done < WAL_FRAMES_REST)
			break;
	}
	if (log > 0)
		atomic_store(&s->want_checkpoint, true);
}

/* --- expiry --- */

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

/* The next portion of rows.  1: there are more, 0: was the last, -1. */
static int
walk(struct sqlite_store *s, struct sql *db, struct care *c, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "SELECT key, last, origins, sender FROM envelope WHERE key > ?1 "
	    "ORDER BY key LIMIT ?2",
	    e);
	struct doomed *d = malloc(sizeof(*d));
	struct grey_store_options o;
	int64_t now = clock_steady_ms() / 1000;
	const void *blob;
	size_t n, rows = 0;
	int rc = -1;

	if (st == NULL || d == NULL)
		goto out;
	(void)pthread_mutex_lock(&s->option_lock);
	o = s->options;
	(void)pthread_mutex_unlock(&s->option_lock);
	d->n = 0;
	sql_bind_blob(st, 1, &c->at, KEY_BYTES);
	sql_bind_int(st, 2, EXPIRE_ROWS);
	while ((rc = sql_step(st, e)) == 1) {
		look_at_row(st, &o, now, d);
		rows++;
		if (rows == EXPIRE_ROWS) {
			blob = sql_blob(st, 0, &n);
			if (n == KEY_BYTES)
				memcpy(c->at.bytes, blob, n);
			break;
		}
	}
	sql_reset(st);
out:
	if (rc != -1 && d->n > 0)
		store_post(s, delete_rows, d);
	else
		free(d);
	return rc;
}

struct doomed_credits {
	int64_t now, lifetime_s;
};

static int
delete_credits(struct sql *db, void *arg, struct err *e)
{
	const struct doomed_credits *d = arg;
	struct sql_stmt *st = sql_prepare(db,
	    "DELETE FROM credit WHERE id IN (SELECT id FROM credit WHERE used "
	    "< ?1 LIMIT 500)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, d->now - d->lifetime_s);
	return sql_run(st, e);
}

static void
expire_credits(struct sqlite_store *s)
{
	struct doomed_credits *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return;
	d->now = clock_steady_ms() / 1000;
	(void)pthread_mutex_lock(&s->option_lock);
	d->lifetime_s = s->options.keep.lifetime_s;
	(void)pthread_mutex_unlock(&s->option_lock);
	store_post(s, delete_credits, d);
}

static void
expire(struct sqlite_store *s, struct sql *db, struct care *c)
{
	int64_t now = clock_steady_ms() / 1000;
	struct err e = { { 0 } };

	if (clock_mono_ms() < c->next_walk_ms &&
	    llabs(now - c->walked) < EXPIRE_STEP_S)
		return;
	if (walk(s, db, c, &e) == 1)
		return;
	memset(&c->at, 0, sizeof(c->at));
	expire_credits(s);
	c->next_walk_ms = clock_mono_ms() + EXPIRE_REST_S * 1000;
	c->walked = now;
}

/* --- the thread --- */

/* Another file, or none, where ours was. */
static bool
file_is_gone(const struct sqlite_store *s)
{
	struct stat st;

	if (stat(s->path, &st) == -1)
		return errno == ENOENT;
	return st.st_ino != atomic_load(&s->ino) ||
	    st.st_dev != atomic_load(&s->dev);
}

static void
look_around(struct sqlite_store *s, struct sql *db, struct care *c)
{
	int frames = atomic_load(&s->wal_frames);
	struct err e = { { 0 } };

	(void)store_follow_allow(s, db, &e);
	store_export_allow(s);
	if (frames > WAL_FRAMES_MANY ||
	    (frames > WAL_FRAMES_SOME && c->tick % CHECKPOINT_EVERY == 0))
		checkpoint(s, db);
	if (c->tick % HITS_EVERY == 0)
		store_flush_hits(s);
	expire(s, db, c);
}

void *
store_care_main(void *arg)
{
	struct sqlite_store *s = arg;
	struct care c = { .tick = 0 };
	struct err e = { { 0 } };
	unsigned epoch;
	struct sql *db;

	while (!store_rest(s, TICK_MS)) {
		c.tick++;
		if (!atomic_load(&s->gone) && !atomic_load(&s->faulty) &&
		    file_is_gone(s)) {
			atomic_store(&s->gone, true);
			atomic_store(&s->faulty, true);
		}
		if (atomic_load(&s->faulty))
			continue;
		db = store_reader_take(s, &epoch, &e);
		if (db == NULL)
			continue;
		look_around(s, db, &c);
		store_reader_give(s, db, epoch, false);
	}
	return NULL;
}
