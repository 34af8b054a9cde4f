#include "statusd/store_operator.h"

#include "lib/err.h"
#include "statusd/store_inner.h"

#include <stdio.h>
#include <string.h>

int
store_operator_get(struct store *s, const char *name,
    struct store_operator *o_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT name, phrase, secret, enrolled_at FROM operator "
	    "WHERE name = ?",
	    e);
	const void *secret;
	int rc;

	memset(o_r, 0, sizeof(*o_r));
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, name);
	rc = sql_step(st, e);
	if (rc == 1) {
		(void)snprintf(
		    o_r->name, sizeof(o_r->name), "%s", sql_text(st, 0));
		(void)snprintf(
		    o_r->phrase, sizeof(o_r->phrase), "%s", sql_text(st, 1));
		secret = sql_blob(st, 2, &o_r->secret.n);
		if (o_r->secret.n > sizeof(o_r->secret.bytes))
			o_r->secret.n = 0;
		if (o_r->secret.n > 0)
			memcpy(o_r->secret.bytes, secret, o_r->secret.n);
		o_r->enrolled_at = sql_int(st, 3);
	}
	sql_reset(st);
	return rc;
}

int
store_operator_put(
    struct store *s, const struct store_operator *o, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO operator (name, phrase, secret, enrolled_at) "
	    "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO UPDATE SET "
	    "phrase = ?2, secret = ?3, enrolled_at = ?4",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, o->name);
	sql_bind_text(st, 2, o->phrase);
	sql_bind_blob(st, 3, o->secret.bytes, o->secret.n);
	sql_bind_int(st, 4, o->enrolled_at);
	return sql_run(st, e);
}

int
store_operator_drop(struct store *s, const char *name, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "DELETE FROM operator WHERE name = ?", e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, name);
	if (sql_run(st, e) == -1)
		return -1;
	return sql_changes(s->sql) > 0;
}

int
store_operator_each(struct store *s,
    void (*each)(void *ctx, const char *name, int64_t enrolled_at), void *ctx,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT name, enrolled_at FROM operator ORDER BY name", e);
	int rc, n = 0;

	if (st == NULL)
		return -1;
	while ((rc = sql_step(st, e)) == 1) {
		n++;
		each(ctx, sql_text(st, 0), sql_int(st, 1));
	}
	sql_reset(st);
	return rc == -1 ? -1 : n;
}
