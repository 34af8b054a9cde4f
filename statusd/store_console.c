#include "statusd/store_console.h"

#include "lib/err.h"
#include "statusd/store_inner.h"

#include <stdio.h>
#include <string.h>

#define WAITS                                                      \
	"EXISTS (SELECT 1 FROM entry x WHERE x.thread = t.id AND " \
	"x.published_at = 0 AND x.dropped = 0)"
#define COLUMNS                                          \
	"t.id, t.kind, t.status, t.published_at, " WAITS \
	", t.opened_at, t.acked_at, t.title"

static void
read_line(struct sql_stmt *st, struct store_line *l)
{
	memset(l, 0, sizeof(*l));
	l->id = sql_int(st, 0);
	l->kind = (enum model_kind)sql_int(st, 1);
	l->status = (enum model_status)sql_int(st, 2);
	l->published = sql_int(st, 3) > 0;
	l->waits = sql_int(st, 4) != 0;
	l->opened_at = sql_int(st, 5);
	l->acked_at = sql_int(st, 6);
	(void)snprintf(l->title, sizeof(l->title), "%s", sql_text(st, 7));
}

int
store_lines_open(struct store *s, struct store_line *lines, size_t most,
    size_t *n_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT " COLUMNS " FROM thread t WHERE t.resolved_at = 0 OR "
	    "t.id IN (SELECT thread FROM entry WHERE published_at = 0 AND "
	    "dropped = 0) ORDER BY t.opened_at DESC, t.id DESC LIMIT ?",
	    e);
	int rc;

	*n_r = 0;
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, (int64_t)most);
	while ((rc = sql_step(st, e)) == 1 && *n_r < most)
		read_line(st, &lines[(*n_r)++]);
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

int
store_line_get(
    struct store *s, int64_t id, struct store_line *line_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT " COLUMNS " FROM thread t WHERE t.id = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	rc = sql_step(st, e);
	if (rc == 1)
		read_line(st, line_r);
	sql_reset(st);
	return rc;
}

int
store_said_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, const struct store_said *said), void *ctx,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT kind, number, created_at, publish_at, published_at, "
	    "title, body FROM entry WHERE thread = ? AND dropped = 0 "
	    "ORDER BY published_at = 0, published_at, id",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	while ((rc = sql_step(st, e)) == 1) {
		struct store_said said = {
			.kind = (enum model_entry_kind)sql_int(st, 0),
			.number = (int)sql_int(st, 1),
			.at = sql_int(st, 2),
			.publish_at = sql_int(st, 3),
			.published = sql_int(st, 4) > 0,
			.title = sql_text(st, 5),
			.body = sql_text(st, 6),
		};

		if (said.published)
			said.at = sql_int(st, 4);
		else if (said.publish_at != 0)
			said.at = said.publish_at;
		each(ctx, &said);
	}
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}
