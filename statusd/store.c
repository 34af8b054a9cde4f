#include "statusd/store.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/store_history.h"
#include "statusd/store_inner.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* How long one statement waits for another process's transaction. */
#define BUSY_MS 3000

static _Thread_local bool open_was_damaged;

bool
store_open_was_damaged(void)
{
	return open_was_damaged;
}

bool
store_is_damaged(const struct store *s)
{
	return s->damaged || sql_was_corrupt(s->sql);
}

struct store *
store_open_path(const char *path, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));

	open_was_damaged = false;
	if (s != NULL)
		s->path = strdup(path);
	if (s == NULL || s->path == NULL || sodium_init() == -1) {
		(void)err_set(e, "no memory");
		store_close(s);
		return NULL;
	}
	s->seen_version = -1;
	s->sql = sql_open(path, SQL_CREATE, BUSY_MS, e);
	if (s->sql == NULL ||
	    sql_migrate(s->sql, store_schema, store_n_schema, e) == -1) {
		open_was_damaged = s->sql != NULL ? sql_was_corrupt(s->sql)
		                                  : sql_open_was_corrupt();
		(void)err_prefix(e, "store");
		store_close(s);
		return NULL;
	}
	return s;
}

struct store *
store_open(const struct config *c, struct err *e)
{
	return store_open_path(c->store_path, e);
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	sql_close(s->sql);
	store_history_forget(s);
	store_series_forget(s);
	free(s->path);
	free(s);
}

void
store_spare(struct store *s)
{
	struct err e;

	/* At worst it keeps more. */
	(void)sql_exec(s->sql, "PRAGMA cache_size = -512", &e);
}

int
store_changed(struct store *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql, "PRAGMA data_version", e);
	int64_t version;
	int changed;

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	version = sql_int(st, 0);
	sql_reset(st);
	changed = version != s->seen_version;
	s->seen_version = version;
	return changed;
}

int
store_begin(struct store *s, struct err *e)
{
	return sql_begin(s->sql, e);
}

int
store_commit(struct store *s, struct err *e)
{
	return sql_commit(s->sql, e);
}

void
store_rollback(struct store *s)
{
	sql_rollback(s->sql);
}

int64_t
store_changes(struct store *s)
{
	return sql_total_changes(s->sql);
}

int
store_meta_get(
    struct store *s, const char *name, int64_t *value_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT value FROM meta WHERE name = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, name);
	rc = sql_step(st, e);
	if (rc == 1)
		*value_r = sql_int(st, 0);
	sql_reset(st);
	return rc;
}

int
store_meta_set(struct store *s, const char *name, int64_t value, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO meta (name, value) VALUES (?, ?) "
	    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, name);
	sql_bind_int(st, 2, value);
	return sql_run(st, e);
}

char *
store_dup(struct sql_stmt *st, int col)
{
	return strdup(sql_text(st, col));
}

void *
store_grow(void *items_p, size_t *n, size_t size)
{
	char *p;

	memcpy(&p, items_p, sizeof(p));
	/* Room is doubled: it is full whenever the count is a power of 2. */
	if (*n == 0 || (*n >= 4 && (*n & (*n - 1)) == 0)) {
		p = reallocarray(p, *n == 0 ? 4 : *n * 2, size);
		if (p == NULL)
			return NULL;
		memcpy(items_p, &p, sizeof(p));
	}
	p += *n * size;
	memset(p, 0, size);
	(*n)++;
	return p;
}
