#include "lib/err.h"
#include "statusd/store_inner.h"
#include "statusd/store_thread.h"

#include <stdio.h>

int
store_imported_before(struct store *s, const char *source, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT 1 FROM thread WHERE source = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, source);
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

int
store_thread_imported(
    struct store *s, const struct store_import *from, struct err *e)
{
	struct sql_stmt *st;
	char path[300];
	int taken = 1;

	for (int i = 1; taken == 1 && i < 1000; i++) {
		char tail[16] = "";

		if (i > 1)
			(void)snprintf(tail, sizeof(tail), "-%d", i);
		(void)snprintf(path, sizeof(path), "%s%s", from->path, tail);
		taken = store_path_is_taken(s, path, e);
	}
	if (taken != 0)
		return taken == 1 ? err_set(e, "no free address") : -1;
	st = sql_prepare(s->sql,
	    "UPDATE thread SET path = ?, source = ?, old_id = ?, "
	    "published_at = ? WHERE id = ?",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, path);
	sql_bind_text(st, 2, from->source);
	sql_bind_int(st, 3, from->old_id);
	sql_bind_int(st, 4, from->at);
	sql_bind_int(st, 5, from->thread);
	return sql_run(st, e);
}
