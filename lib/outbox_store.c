#include "lib/outbox_store.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/sql.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESERVE_BYTES (256 * 1024)
#define BUSY_MS 2000
#define RETRY_MS 10000
#define KEEP_S (30 * 86400)
#define KEEP_ROWS 20000

static const char *const steps[] = {
	"CREATE TABLE message ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  target TEXT NOT NULL,"
	"  dedup_key TEXT NOT NULL,"
	"  state INTEGER NOT NULL," /* enum outbox_state */
	"  tries INTEGER NOT NULL,"
	"  queued_at INTEGER NOT NULL,"
	"  done_at INTEGER,"
	"  event INTEGER NOT NULL,"
	"  level INTEGER NOT NULL,"
	"  system TEXT NOT NULL,"
	"  title TEXT NOT NULL,"
	"  text TEXT NOT NULL,"
	"  url TEXT NOT NULL,"
	"  thread TEXT NOT NULL,"
	"  at INTEGER NOT NULL,"
	"  UNIQUE (target, dedup_key));"
	"CREATE INDEX message_open ON message (id) WHERE state < 2;",
};

/* Note the fault, in the log at most once a minute. */
static int
fail(struct outbox_store *st, const struct err *e)
{
	st->fault = true;
	(void)snprintf(st->error, sizeof(st->error), "%.255s", e->text);
	log_warn_limited(&st->limit, clock_mono_ms(), 60,
	    "alerts are kept in memory: %s: %s", st->path, e->text);
	return -1;
}

static int
works(struct outbox_store *st)
{
	if (st->fault)
		log_info("alerts are kept in %s again", st->path);
	st->fault = false;
	st->error[0] = '\0';
	return 0;
}

/* Is the file no database, or a broken one? */
static bool
is_damaged(struct sql *db, const char *path)
{
	static const char magic[] = "SQLite format 3";
	char head[sizeof(magic)] = "";
	struct sql_stmt *q;
	struct err e;
	FILE *f;
	size_t n;
	bool sound;

	if (db != NULL) {
		q = sql_prepare(db, "PRAGMA quick_check(1)", &e);
		sound = q != NULL && sql_step(q, &e) == 1 &&
		    strcmp(sql_text(q, 0), "ok") == 0;
		if (q != NULL)
			sql_reset(q);
		return !sound && (q == NULL || !sql_was_busy(db));
	}
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(head, 1, sizeof(head), f);
	(void)fclose(f);
	return n > 0 && memcmp(head, magic, sizeof(magic)) != 0;
}

static void
set_aside(const char *path)
{
	static const char *const suffixes[] = { "-wal", "-shm" };
	char *other = NULL;

	if (asprintf(&other, "%s.damaged", path) == -1)
		return;
	if (rename(path, other) == 0)
		log_warn("%s is damaged: set aside as %s", path, other);
	free(other);
	for (size_t i = 0; i < 2; i++) {
		if (asprintf(&other, "%s%s", path, suffixes[i]) == -1)
			return;
		(void)unlink(other);
		free(other);
	}
}

static int
forget_old(struct sql *db, struct err *e)
{
	struct sql_stmt *q = sql_prepare(db,
	    "DELETE FROM message WHERE state >= 2 AND (done_at < ?1 OR id < "
	    "(SELECT max(id) FROM message) - ?2)",
	    e);

	if (q == NULL)
		return -1;
	sql_bind_int(q, 1, clock_now() - KEEP_S);
	sql_bind_int(q, 2, KEEP_ROWS);
	return sql_run(q, e);
}

static int
try_open(struct outbox_store *st, struct err *e)
{
	struct sql *db = sql_open(st->path, SQL_ALONE, BUSY_MS, e);

	if (is_damaged(db, st->path)) {
		sql_close(db);
		set_aside(st->path);
		db = sql_open(st->path, SQL_ALONE, BUSY_MS, e);
	}
	if (db == NULL)
		return -1;
	if (sql_migrate(db, steps, sizeof(steps) / sizeof(steps[0]), e) == -1 ||
	    sql_exec(db, "PRAGMA synchronous=FULL", e) == -1 ||
	    sql_reserve(db, RESERVE_BYTES, e) == -1 ||
	    forget_old(db, e) == -1) {
		sql_close(db);
		return -1;
	}
	st->db = db;
	st->generation++;
	return 0;
}

int
outbox_store_open(struct outbox_store *st, const char *path, struct err *e)
{
	*st = (struct outbox_store){ .path = strdup(path) };
	if (st->path == NULL)
		return err_set(e, "no memory");
	if (try_open(st, e) == 0) {
		e->text[0] = '\0';
		return 0;
	}
	st->retry_ms = clock_mono_ms() + RETRY_MS;
	return fail(st, e);
}

int
outbox_store_retry(struct outbox_store *st, int64_t now_ms)
{
	struct err e;

	if (st->db != NULL || st->path == NULL || now_ms < st->retry_ms)
		return 0;
	st->retry_ms = now_ms + RETRY_MS;
	if (try_open(st, &e) == -1)
		return fail(st, &e);
	(void)works(st);
	return 1;
}

void
outbox_store_close(struct outbox_store *st)
{
	sql_close(st->db);
	free(st->path);
	st->db = NULL;
	st->path = NULL;
}

/* A call to the database failed: is the file still good for anything? */
static int
failed(struct outbox_store *st, const struct err *e)
{
	if (sql_was_corrupt(st->db)) {
		sql_close(st->db);
		st->db = NULL;
		set_aside(st->path);
		st->retry_ms = 0;
	}
	return fail(st, e);
}

int
outbox_store_knows(struct outbox_store *st, const char *target, const char *key)
{
	struct sql_stmt *q;
	struct err e;
	int r;

	if (st->db == NULL)
		return -1;
	q = sql_prepare(st->db,
	    "SELECT 1 FROM message WHERE target = ?1 AND dedup_key = ?2", &e);
	if (q == NULL)
		return failed(st, &e);
	sql_bind_text(q, 1, target);
	sql_bind_text(q, 2, key);
	r = sql_step(q, &e);
	sql_reset(q);
	return r == -1 ? failed(st, &e) : r;
}

/* What is done keeps its key, so that it is known, but not its text. */
static void
bind(struct sql_stmt *q, const struct outbox_item *item)
{
	bool done = item->state >= OUTBOX_SENT;

	sql_bind_text(q, 1, item->target);
	sql_bind_text(q, 2, item->m.dedup_key);
	sql_bind_int(q, 3, (int64_t)item->state);
	sql_bind_int(q, 4, item->tries);
	sql_bind_int(q, 5, item->queued_at);
	if (done)
		sql_bind_int(q, 6, clock_now());
	sql_bind_int(q, 7, (int64_t)item->m.event);
	sql_bind_int(q, 8, (int64_t)item->m.level);
	sql_bind_text(q, 9, item->m.system);
	sql_bind_text(q, 10, item->m.title);
	sql_bind_text(q, 11, done ? "" : item->m.text);
	sql_bind_text(q, 12, item->m.url);
	sql_bind_text(q, 13, item->m.thread);
	sql_bind_int(q, 14, item->m.at);
}

int
outbox_store_save(struct outbox_store *st, struct outbox_item *item)
{
	struct sql_stmt *q;
	struct err e;

	item->dirty = true;
	if (st->db == NULL)
		return -1;
	q = sql_prepare(st->db,
	    "INSERT INTO message (target, dedup_key, state, tries, queued_at,"
	    " done_at, event, level, system, title, text, url, thread, at)"
	    " VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"
	    " ON CONFLICT (target, dedup_key) DO UPDATE SET"
	    " state = excluded.state, tries = excluded.tries,"
	    " done_at = excluded.done_at, text = excluded.text",
	    &e);
	if (q == NULL)
		return failed(st, &e);
	bind(q, item);
	if (sql_run(q, &e) == -1)
		return failed(st, &e);
	item->dirty = false;
	item->saved = st->generation;
	return works(st);
}

static struct outbox_item *
read_item(struct sql_stmt *q)
{
	struct alert_message m = {
		.event = (enum alert_event)sql_int(q, 5),
		.level = (enum level)sql_int(q, 6),
		.system = sql_text(q, 7),
		.title = sql_text(q, 8),
		.text = sql_text(q, 9),
		.url = sql_text(q, 10),
		.thread = sql_text(q, 11),
		.at = sql_int(q, 12),
		.dedup_key = sql_text(q, 1),
	};
	struct outbox_item *item;

	if ((unsigned)m.event > ALERT_TEST || (unsigned)m.level > LEVEL_UNKNOWN)
		return NULL;
	item = outbox_item_new(sql_text(q, 0), &m);
	if (item == NULL)
		return NULL;
	item->state = (enum outbox_state)sql_int(q, 2);
	item->tries = 0;
	item->queued_at = sql_int(q, 4);
	item->since_ms = clock_mono_ms();
	return item;
}

int
outbox_store_load(struct outbox_store *st,
    void (*take)(struct outbox_item *item, void *arg), void *arg)
{
	struct outbox_item *all = NULL, **end = &all, *item;
	struct sql_stmt *q;
	struct err e;
	int r;

	if (st->db == NULL)
		return -1;
	q = sql_prepare(st->db,
	    "SELECT target, dedup_key, state, tries, queued_at, event, level,"
	    " system, title, text, url, thread, at FROM message"
	    " WHERE state < 2 ORDER BY id",
	    &e);
	if (q == NULL)
		return failed(st, &e);
	while ((r = sql_step(q, &e)) == 1) {
		char *target = strdup(sql_text(q, 0));

		item = read_item(q);
		if (item == NULL || target == NULL) {
			outbox_item_free(item);
			free(target);
			continue;
		}
		item->target = target;
		item->saved = st->generation;
		*end = item;
		end = &item->next;
	}
	/* handed out behind the query: "take" may write */
	while ((item = all) != NULL) {
		const char *target = item->target;

		all = item->next;
		item->next = NULL;
		take(item, arg);
		free((void *)(uintptr_t)target);
	}
	return r == -1 ? failed(st, &e) : 0;
}
