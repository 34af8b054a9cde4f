#include "lib/err.h"
#include "statusd/store.h"
#include "statusd/store_inner.h"

#include <stdlib.h>

/* Of each kind so many threads have their entries in a part, the newest. */
#define RECENT "60"

int
store_no_memory(struct sql_stmt *st, struct err *e)
{
	sql_reset(st);
	return err_set(e, "no memory");
}

struct model_thread *
store_next_thread(struct model_site *site, size_t *at, int64_t id)
{
	while (*at < site->n_threads && site->threads[*at].id != id)
		(*at)++;
	return *at < site->n_threads ? &site->threads[*at] : NULL;
}

static int
read_entry(struct sql_stmt *st, struct model_thread *t)
{
	struct model_entry *en = store_grow(
	    &t->entries, &t->n_entries, sizeof(*en));

	if (en == NULL)
		return -1;
	en->id = sql_int(st, 1);
	en->key = store_dup(st, 2);
	en->kind = (enum model_entry_kind)sql_int(st, 3);
	en->number = (int)sql_int(st, 4);
	en->status = (enum model_status)sql_int(st, 5);
	en->title = store_dup(st, 6);
	en->body = store_dup(st, 7);
	en->published = sql_int(st, 9) > 0;
	en->at = sql_int(st, en->published ? 9 : 8);
	if (en->at > t->updated_at)
		t->updated_at = en->at;
	return en->key == NULL || en->title == NULL || en->body == NULL ? -1
	                                                                : 0;
}

static int
load_all_entries(struct store *s, struct model_site *site, enum store_view view,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT t.id, x.id, x.key, x.kind, x.number, x.status, x.title, "
	    "x.body, x.created_at, x.published_at FROM thread t "
	    "JOIN entry x ON x.thread = t.id WHERE x.dropped = 0 AND "
	    "(?1 OR (t.published_at > 0 AND x.published_at > 0))" NEWEST_FIRST
	    ", x.published_at = 0, x.published_at, x.id",
	    e);
	size_t at = 0;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, view == STORE_ALL);
	while ((rc = sql_step(st, e)) == 1) {
		struct model_thread *t = store_next_thread(
		    site, &at, sql_int(st, 0));

		if (t == NULL)
			break;
		if (read_entry(st, t) == -1)
			return store_no_memory(st, e);
	}
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

static int
by_id(const void *a, const void *b)
{
	int64_t ia = *(const int64_t *)a, ib = *(const int64_t *)b;

	return ia < ib ? -1 : ia > ib;
}

struct ids {
	int64_t *ids;
	size_t n;
};

static int
add_id(struct ids *all, int64_t id, struct err *e)
{
	int64_t *one = store_grow(&all->ids, &all->n, sizeof(*one));

	if (one == NULL)
		return err_set(e, "no memory");
	*one = id;
	return 0;
}

/* The threads that pages, feeds and API show the entries of. */
static int
recent_ids(struct store *s, struct ids *all, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT id FROM thread WHERE resolved_at = 0"
	    " UNION SELECT * FROM (SELECT id FROM thread WHERE kind = 0 AND"
	    " published_at > 0 ORDER BY opened_at DESC LIMIT " RECENT ")"
	    " UNION SELECT * FROM (SELECT id FROM thread WHERE kind = 1 AND"
	    " published_at > 0 ORDER BY opened_at DESC LIMIT " RECENT ")"
	    " UNION SELECT * FROM (SELECT id FROM thread WHERE kind = 2 AND"
	    " published_at > 0 ORDER BY opened_at DESC LIMIT " RECENT ")"
	    " UNION SELECT * FROM (SELECT id FROM thread"
	    " ORDER BY newest_at DESC LIMIT " RECENT ")",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = sql_step(st, e)) == 1)
		if (add_id(all, sql_int(st, 0), e) == -1) {
			sql_reset(st);
			return -1;
		}
	return rc;
}

static int
load_one(struct store *s, struct model_thread *t, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT x.thread, x.id, x.key, x.kind, x.number, x.status, "
	    "x.title, x.body, x.created_at, x.published_at FROM entry x "
	    "WHERE x.thread = ? AND x.dropped = 0 AND x.published_at > 0 "
	    "ORDER BY x.published_at, x.id",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, t->id);
	while ((rc = sql_step(st, e)) == 1)
		if (read_entry(st, t) == -1)
			return store_no_memory(st, e);
	return rc;
}

static int
load_part(struct store *s, struct model_site *site, const struct store_load *l,
    struct err *e)
{
	struct ids all = { NULL, 0 };
	int rc = recent_ids(s, &all, e);

	for (size_t i = 0; i < l->n_also && rc == 0; i++)
		rc = add_id(&all, l->also[i], e);
	if (rc == 0 && all.n > 0)
		qsort(all.ids, all.n, sizeof(*all.ids), by_id);
	for (size_t i = 0; i < site->n_threads && rc == 0; i++) {
		struct model_thread *t = &site->threads[i];

		t->light = all.n == 0 ||
		    bsearch(&t->id, all.ids, all.n, sizeof(t->id), by_id) ==
		        NULL;
		if (!t->light)
			rc = load_one(s, t, e);
	}
	free(all.ids);
	return rc;
}

int
store_load_entries(struct store *s, struct model_site *site,
    const struct store_load *l, struct err *e)
{
	return l->part ? load_part(s, site, l, e)
	               : load_all_entries(s, site, l->view, e);
}
