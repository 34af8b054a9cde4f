#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <stdlib.h>

#define STEP_S 3600 /* what was noted later than this is not noted again */

struct note {
	struct sqlite_store *store;
	uint64_t id;
	int64_t now;
};

static int
count_rows(struct sqlite_store *s, struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "SELECT count(*) FROM expected", e);

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	s->n_expected = sql_int(st, 0);
	sql_reset(st);
	return 0;
}

static int
run_for(struct sql_stmt *st, const struct note *n, struct err *e)
{
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, (int64_t)n->id);
	sql_bind_int(st, 2, n->now);
	return sql_run(st, e);
}

/* One more row: the oldest goes where there are too many. */
static int
add_row(
    struct sqlite_store *s, struct sql *db, const struct note *n, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "INSERT INTO expected (id, used) VALUES (?1, ?2)", e);

	if (run_for(st, n, e) == -1)
		return -1;
	if (++s->n_expected <= GREY_EXPECTED_MAX)
		return 0;
	st = sql_prepare(db,
	    "DELETE FROM expected WHERE id = "
	    "(SELECT id FROM expected ORDER BY used LIMIT 1)",
	    e);
	if (st == NULL || sql_run(st, e) == -1)
		return -1;
	s->n_expected--;
	return 0;
}

/* In who writes. */
static int
put(struct sql *db, void *arg, struct err *e)
{
	const struct note *n = arg;
	struct sqlite_store *s = n->store;
	struct sql_stmt *st;
	int64_t used;
	int rc;

	if (s->n_expected < 0 && count_rows(s, db, e) == -1)
		return -1;
	st = sql_prepare(db, "SELECT used FROM expected WHERE id = ?1", e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, (int64_t)n->id);
	rc = sql_step(st, e);
	if (rc != 1)
		return rc == 0 ? add_row(s, db, n, e) : -1;
	used = sql_int(st, 0);
	sql_reset(st);
	if (used <= n->now && n->now - used < STEP_S)
		return 0;
	return run_for(
	    sql_prepare(db, "UPDATE expected SET used = ?2 WHERE id = ?1", e),
	    n, e);
}

void
store_expect(struct grey_store *store, const char *address, int64_t now)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	uint64_t id = key_trace(atomic_load(&s->secret), address);
	struct note *n;

	if (id == 0 || atomic_load(&s->faulty))
		return;
	n = malloc(sizeof(*n));
	if (n == NULL)
		return;
	*n = (struct note){ .store = s, .id = id, .now = now };
	store_post(s, put, n);
}

int
store_expected(
    struct grey_store *store, const char *address, int64_t since, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	uint64_t id = key_trace(atomic_load(&s->secret), address);
	struct sql_stmt *st;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	int rc = -1;

	if (db == NULL)
		return -1;
	st = sql_prepare(
	    db, "SELECT 1 FROM expected WHERE id = ?1 AND used >= ?2", e);
	if (st != NULL) {
		sql_bind_int(st, 1, (int64_t)id);
		sql_bind_int(st, 2, since);
		rc = sql_step(st, e);
		sql_reset(st);
	}
	store_reader_give(s, db, epoch, rc == -1);
	return rc;
}

/* --- what is over --- */

struct doomed {
	struct sqlite_store *store;
	int64_t before;
};

static int
delete_old(struct sql *db, void *arg, struct err *e)
{
	const struct doomed *d = arg;
	struct sql_stmt *st = sql_prepare(db,
	    "DELETE FROM expected WHERE id IN (SELECT id FROM expected "
	    "WHERE used < ?1 ORDER BY used LIMIT 500)",
	    e);

	if (st == NULL)
		return -1;
	d->store->n_expected = -1; /* counted anew */
	sql_bind_int(st, 1, d->before);
	return sql_run(st, e);
}

void
store_expire_expected(struct sqlite_store *s, int64_t now)
{
	struct doomed *d = malloc(sizeof(*d));

	if (d == NULL)
		return;
	(void)pthread_mutex_lock(&s->option_lock);
	d->before = now - s->options.keep.lifetime_s;
	(void)pthread_mutex_unlock(&s->option_lock);
	d->store = s;
	store_post(s, delete_old, d);
}
