#include "queuewatch/history.h"

#include "lib/err.h"
#include "lib/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUSY_MS 2000
#define RESERVE_BYTES ((size_t)1024 * 1024)
#define DAY_S INT64_C(86400)

static const char *const steps[] = {
	"CREATE TABLE series (id INTEGER PRIMARY KEY, name TEXT NOT NULL "
	"UNIQUE);"
	"CREATE TABLE point ("
	"  series INTEGER NOT NULL,"
	"  step INTEGER NOT NULL," /* seconds */
	"  at INTEGER NOT NULL," /* Unix seconds / step */
	"  least REAL NOT NULL,"
	"  most REAL NOT NULL,"
	"  PRIMARY KEY (series, step, at)) WITHOUT ROWID;",
};

/* How long points of a step are kept, and what they become then. */
static const struct {
	int64_t step, keep_s, becomes; /* 0: nothing */
} ages[] = {
	{ DAYS_SLOT_S, 35 * DAY_S, 3600 },
	{ 3600, 400 * DAY_S, DAY_S },
	{ DAY_S, 7305 * DAY_S, 0 },
};

struct history {
	struct sql *db;
};

static struct sql *
open_once(const char *path, struct err *e)
{
	struct sql *db = sql_open(path, SQL_ALONE, BUSY_MS, e);

	if (db == NULL)
		return NULL;
	if (sql_migrate(db, steps, sizeof(steps) / sizeof(steps[0]), e) == 0 &&
	    sql_reserve(db, RESERVE_BYTES, e) == 0)
		return db;
	sql_close(db);
	return NULL;
}

struct history *
history_open(const char *path, struct err *e)
{
	struct history *h = calloc(1, sizeof(*h));
	char aside[4096];

	if (h == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	h->db = open_once(path, e);
	if (h->db == NULL && sql_open_was_corrupt()) {
		(void)snprintf(aside, sizeof(aside), "%s.damaged", path);
		if (rename(path, aside) == 0)
			h->db = open_once(path, e);
	}
	if (h->db == NULL) {
		(void)err_prefix(e, "%s", path);
		free(h);
		return NULL;
	}
	return h;
}

void
history_close(struct history *h)
{
	if (h == NULL)
		return;
	sql_close(h->db);
	free(h);
}

static int
write_one(struct history *h, const struct history_point *p, struct err *e)
{
	struct sql_stmt *st = sql_prepare(h->db,
	    "INSERT INTO series (name) SELECT ?1 WHERE NOT EXISTS "
	    "(SELECT 1 FROM series WHERE name = ?1)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, p->series);
	if (sql_run(st, e) == -1)
		return -1;
	st = sql_prepare(h->db,
	    "INSERT INTO point (series, step, at, least, most) "
	    "SELECT id, ?2, ?3, ?4, ?5 FROM series WHERE name = ?1 "
	    "ON CONFLICT DO UPDATE SET least = min(least, excluded.least), "
	    "most = max(most, excluded.most)",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, p->series);
	sql_bind_int(st, 2, DAYS_SLOT_S);
	sql_bind_int(st, 3, p->slot);
	sql_bind_double(st, 4, p->least);
	sql_bind_double(st, 5, p->most);
	return sql_run(st, e);
}

int
history_write(struct history *h, const struct history_point *points, size_t n,
    struct err *e)
{
	size_t i;

	if (sql_begin(h->db, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if (write_one(h, &points[i], e) == -1) {
			sql_rollback(h->db);
			return -1;
		}
	}
	if (sql_commit(h->db, e) == 0)
		return 0;
	sql_rollback(h->db);
	return -1;
}

int
history_days(struct history *h, const char *series, int64_t now, struct days *d,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(h->db,
	    "SELECT at, least FROM point WHERE series = "
	    "(SELECT id FROM series WHERE name = ?1) AND step = ?2 "
	    "AND at > ?3 AND at <= ?4 ORDER BY at",
	    e);
	int rc;

	days_init(d);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, series);
	sql_bind_int(st, 2, DAYS_SLOT_S);
	sql_bind_int(st, 3, now / DAYS_SLOT_S - DAYS_SLOTS);
	sql_bind_int(st, 4, now / DAYS_SLOT_S);
	while ((rc = sql_step(st, e)) == 1)
		days_add(d, sql_int(st, 0) * DAYS_SLOT_S, sql_double(st, 1));
	sql_reset(st);
	return rc;
}

static int
thin_one(struct history *h, size_t i, int64_t before, struct err *e)
{
	struct sql_stmt *st;

	if (ages[i].becomes != 0) {
		st = sql_prepare(h->db,
		    "INSERT INTO point (series, step, at, least, most) "
		    "SELECT series, ?1, at * ?2 / ?1, min(least), max(most) "
		    "FROM point WHERE step = ?2 AND at < ?3 "
		    "GROUP BY series, at * ?2 / ?1 "
		    "ON CONFLICT DO UPDATE SET "
		    "least = min(least, excluded.least), "
		    "most = max(most, excluded.most)",
		    e);
		if (st == NULL)
			return -1;
		sql_bind_int(st, 1, ages[i].becomes);
		sql_bind_int(st, 2, ages[i].step);
		sql_bind_int(st, 3, before);
		if (sql_run(st, e) == -1)
			return -1;
	}
	st = sql_prepare(
	    h->db, "DELETE FROM point WHERE step = ?1 AND at < ?2", e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, ages[i].step);
	sql_bind_int(st, 2, before);
	return sql_run(st, e);
}

int
history_thin(struct history *h, int64_t now, struct err *e)
{
	size_t i;

	if (sql_begin(h->db, e) == -1)
		return -1;
	for (i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		/* Whole days go, so that none is made twice. */
		int64_t before = (now - ages[i].keep_s) / DAY_S * DAY_S;

		if (thin_one(h, i, before / ages[i].step, e) == -1) {
			sql_rollback(h->db);
			return -1;
		}
	}
	if (sql_commit(h->db, e) == 0)
		return 0;
	sql_rollback(h->db);
	return -1;
}
