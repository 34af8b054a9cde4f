#include "lib/err.h"
#include "statusd/store_inner.h"
#include "statusd/store_thread.h"

#include <stdio.h>

static int
load_causes(
    struct store *s, const char *system, struct incident *in, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT \"check\", subject, level, value, peak FROM cause "
	    "WHERE thread = ? AND system = ? ORDER BY joined_at",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, in->id);
	sql_bind_text(st, 2, system);
	while ((rc = sql_step(st, e)) == 1) {
		struct incident_cause *c = incident_cause_add(
		    in, sql_text(st, 0), sql_text(st, 1));

		if (c == NULL) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
		c->level = (enum level)sql_int(st, 2);
		c->value = sql_double(st, 3);
		c->peak = sql_double(st, 4);
	}
	return rc;
}

static int
load_incidents(struct store *s, const char *system, int64_t now,
    struct incident_set *set, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT t.id, t.opened_at, t.resolved_at, t.posted_at, t.by_hand, "
	    "t.reopens, t.reopened_at, t.well_since, t.swings, t.swings_from, "
	    "t.swing_at, t.held_back FROM thread t JOIN thread_system x ON x.thread = t.id "
	    "WHERE x.system = ?1 AND t.kind = 0 AND (t.resolved_at = 0 OR "
	    "t.resolved_at > ?2 OR EXISTS (SELECT 1 FROM cause c WHERE "
	    "c.thread = t.id AND c.system = ?1 AND c.level IN (2, 3))) ORDER BY t.id",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, now - INCIDENT_REOPEN_S);
	while ((rc = sql_step(st, e)) == 1) {
		struct incident *in = incident_add(set);

		if (in == NULL) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
		in->id = sql_int(st, 0);
		in->opened_at = sql_int(st, 1);
		in->resolved_at = sql_int(st, 2);
		in->posted_at = sql_int(st, 3);
		in->by_hand = sql_int(st, 4) != 0;
		in->calm.reopens = sql_int(st, 5);
		in->calm.reopened_at = sql_int(st, 6);
		in->calm.well_since = sql_int(st, 7);
		in->calm.swings = sql_int(st, 8);
		in->calm.swings_from = sql_int(st, 9);
		in->calm.swing_at = sql_int(st, 10);
		in->calm.held_back = sql_int(st, 11) != 0;
	}
	return rc;
}

int
store_incidents_load(struct store *s, const char *system, int64_t now,
    struct incident_set *set_r, struct err *e)
{
	*set_r = (struct incident_set){ NULL, 0 };
	if (load_incidents(s, system, now, set_r, e) == -1)
		goto fail;
	for (size_t i = 0; i < set_r->n; i++) {
		if (load_causes(s, system, &set_r->items[i], e) == -1)
			goto fail;
	}
	return 0;
fail:
	incident_set_free(set_r);
	return -1;
}

int
store_cause_put(struct store *s, const struct store_cause_of *of,
    const struct incident_cause *c, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO cause (thread, system, \"check\", subject, level, "
	    "value, peak, joined_at, changed_at) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8) "
	    "ON CONFLICT DO UPDATE SET level = ?5, value = ?6, peak = ?7, "
	    "changed_at = ?8",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, of->thread);
	sql_bind_text(st, 2, of->system);
	sql_bind_text(st, 3, c->check);
	sql_bind_text(st, 4, c->subject);
	sql_bind_int(st, 5, c->level);
	sql_bind_double(st, 6, c->value);
	sql_bind_double(st, 7, c->peak);
	sql_bind_int(st, 8, now);
	return sql_run(st, e);
}

int
store_calm_put(struct store *s, int64_t thread, const struct incident_calm *k,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE thread SET reopens = ?, reopened_at = ?, well_since = ?, "
	    "swings = ?, swings_from = ?, swing_at = ?, held_back = ? "
	    "WHERE id = ?",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, k->reopens);
	sql_bind_int(st, 2, k->reopened_at);
	sql_bind_int(st, 3, k->well_since);
	sql_bind_int(st, 4, k->swings);
	sql_bind_int(st, 5, k->swings_from);
	sql_bind_int(st, 6, k->swing_at);
	sql_bind_int(st, 7, k->held_back);
	sql_bind_int(st, 8, thread);
	return sql_run(st, e);
}

int
store_standing_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, const char *what), void *ctx, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT system || ' ' || rtrim(\"check\" || ' ' || subject) || "
	    "CASE level WHEN 3 THEN ': critical' ELSE ': warning' END "
	    "FROM (SELECT system, \"check\", subject, level FROM cause "
	    "WHERE thread = ?1 AND level IN (2, 3) UNION "
	    "SELECT f.system, f.\"check\", f.subject, f.level FROM finding f "
	    "JOIN thread_system x ON x.system = f.system WHERE x.thread = ?1 "
	    "AND f.level = 3)",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	while ((rc = sql_step(st, e)) == 1)
		each(ctx, sql_text(st, 0));
	return rc;
}

int
store_ack(struct store *s, int64_t thread, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "UPDATE thread SET acked_at = ? WHERE id = ?", e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	sql_bind_int(st, 2, thread);
	return sql_run(st, e);
}

int
store_evidence_add(struct store *s, int64_t thread, int64_t at,
    const char *what, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO evidence (thread, at, what) VALUES (?, ?, ?)", e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	sql_bind_int(st, 2, at);
	sql_bind_text(st, 3, what);
	return sql_run(st, e);
}

int
store_evidence_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, int64_t at, const char *what), void *ctx,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT at, what FROM evidence WHERE thread = ? ORDER BY id", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	while ((rc = sql_step(st, e)) == 1)
		each(ctx, sql_int(st, 0), sql_text(st, 1));
	return rc;
}
