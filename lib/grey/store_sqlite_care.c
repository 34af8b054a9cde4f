#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 250
#define HITS_EVERY 4
#define WAL_FRAMES_MANY 2000 /* checkpoint at once; under full load: ... */
#define WAL_FRAMES_MOST 12000 /* ... */
#define FRAMES_A_ROW 8 /* ... those of a second, by the rows of a tick */
#define WAL_FRAMES_SOME 100 /* checkpoint every CHECKPOINT_EVERY */
#define CHECKPOINT_EVERY 20
#define WAL_FRAMES_REST 64 /* so few the writer copies between two commits */
#define WAL_FRAMES_LATER 600 /* so many it does not, but ... */
#define WAL_FRAMES_HUGE 100000 /* ... where the file would grow for ever */
#define BULK_PASSES 8
#define EXPIRE_REST_S 60 /* between two walks through all rows */
#define EXPIRE_STEP_S 3600 /* so much later by the clock: no rest */

struct care {
	unsigned tick;
	unsigned long long written; /* rows, at the last tick */
	struct expiry at;
	int64_t next_walk_ms; /* monotonic */
	int64_t walked; /* Unix seconds: when the last one ended */
};

/* --- checkpoints --- */

/*
 * Bulk here, beside the writer, until few frames are left: each pass copies
 * what came during the one before.  The rest the writer copies itself, since
 * beside it there would always be new ones and the file would grow for ever.
 * Answers wait for that, and for the disk's own flush at its end: the fewer
 * the better (300 pages took 9 to 20 ms on a virtual disk).
 */
static void
checkpoint(struct sqlite_store *s, struct sql *db)
{
	int i, log = 0, done = 0, left = 0;

	for (i = 0; i < BULK_PASSES; i++) {
		/* the first pass is long: there they may look anew meanwhile */
		atomic_store(&s->checkpoints, i > 0);
		store_holders_let_go(s);
		if (sqlite3_wal_checkpoint_v2(sql_handle(db), NULL,
		        SQLITE_CHECKPOINT_PASSIVE, &log, &done) != SQLITE_OK)
			break;
		left = atomic_load(&s->wal_frames) - done;
		if (i > 0 && left < WAL_FRAMES_REST)
			break;
	}
	if (log > 0 && (left < WAL_FRAMES_LATER || log > WAL_FRAMES_HUGE))
		store_ask_checkpoint(s);
	else
		atomic_store(&s->checkpoints, false);
}

/* --- expiry --- */

static void
expire(struct sqlite_store *s, struct sql *db, struct care *c)
{
	int64_t now = clock_steady_ms() / 1000;
	struct err e = { { 0 } };

	if (clock_mono_ms() < c->next_walk_ms &&
	    llabs(now - c->walked) < EXPIRE_STEP_S)
		return;
	if (store_expire_portion(s, db, &c->at, now, &e) == 1)
		return;
	memset(&c->at, 0, sizeof(c->at));
	store_expire_expected(s, now);
	c->next_walk_ms = clock_mono_ms() + EXPIRE_REST_S * 1000;
	c->walked = now;
}

/* --- the thread --- */

/*
 * What a checkpoint copies at once keeps the disk, and with it answers, busy:
 * the less the better, but where there is much to do it should not begin anew
 * all the time.
 */
static int
many_frames(const struct sqlite_store *s, struct care *c)
{
	unsigned long long written = atomic_load(&s->written),
	                   frames = (written - c->written) * FRAMES_A_ROW;

	c->written = written;
	if (frames < WAL_FRAMES_MANY)
		return WAL_FRAMES_MANY;
	return frames < WAL_FRAMES_MOST ? (int)frames : WAL_FRAMES_MOST;
}

static void
look_around(struct sqlite_store *s, struct sql *db, struct care *c)
{
	int frames = atomic_load(&s->wal_frames), many = many_frames(s, c);

	store_export_allow(s);
	if (frames > many ||
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
		if (atomic_load(&s->faulty))
			continue;
		db = store_reader_take(s, &epoch, &e);
		if (db == NULL)
			continue;
		look_around(s, db, &c);
		store_reader_give(s, db, epoch, false);
	}
	/* An entry that acted is in the copy, however soon the end came. */
	s->next_export_ms = 0;
	if (!atomic_load(&s->faulty))
		store_export_allow(s);
	return NULL;
}
