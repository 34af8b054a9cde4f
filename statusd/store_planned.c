#include "lib/err.h"
#include "statusd/store_inner.h"
#include "statusd/store_thread.h"

#include <stdio.h>
#include <string.h>

int
store_in_maintenance(
    struct store *s, const char *system, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT 1 FROM thread t JOIN thread_system x ON x.thread = t.id "
	    "WHERE x.system = ?1 AND t.kind = 2 AND t.resolved_at = 0 AND "
	    "t.planned_from <= ?2 AND t.planned_until > ?2 LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, now);
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

int
store_planned_due(struct store *s, int64_t now, int64_t *id_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT id FROM thread WHERE kind = 2 AND resolved_at = 0 AND "
	    "(planned_until <= ?1 OR (status = 5 AND planned_from <= ?1)) "
	    "ORDER BY id LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	rc = sql_step(st, e);
	if (rc == 1)
		*id_r = sql_int(st, 0);
	sql_reset(st);
	return rc;
}

int
store_promise_due(struct store *s, int64_t until, int64_t said,
    struct store_promise *p_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT t.id, t.next_update_at, t.next_said, t.title, "
	    "coalesce((SELECT min(x.system) FROM thread_system x WHERE "
	    "x.thread = t.id), '') FROM thread t WHERE t.resolved_at = 0 AND "
	    "t.next_update_at > 0 AND t.next_update_at <= ? AND "
	    "t.next_said < ? ORDER BY t.id LIMIT 1",
	    e);
	int rc;

	memset(p_r, 0, sizeof(*p_r));
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, until);
	sql_bind_int(st, 2, said);
	rc = sql_step(st, e);
	if (rc == 1) {
		p_r->thread = sql_int(st, 0);
		p_r->at = sql_int(st, 1);
		p_r->said = sql_int(st, 2);
		(void)snprintf(
		    p_r->title, sizeof(p_r->title), "%s", sql_text(st, 3));
		(void)snprintf(
		    p_r->system, sizeof(p_r->system), "%s", sql_text(st, 4));
	}
	sql_reset(st);
	return rc;
}

int
store_promise_said(struct store *s, int64_t thread, int64_t said, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "UPDATE thread SET next_said = ? WHERE id = ?", e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, said);
	sql_bind_int(st, 2, thread);
	return sql_run(st, e);
}
