#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/store.h"
#include "statusd/store_inner.h"
#include "statusd/store_system.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"

#include <stdlib.h>
#include <string.h>

/* Planned work begins and ends by the clock alone. */
static void
apply_clock(struct model_thread *t, int64_t now)
{
	if (t->kind != MODEL_PLANNED || t->status == MODEL_COMPLETED)
		return;
	if (now >= t->planned_until) {
		t->status = MODEL_COMPLETED;
		t->resolved_at = t->planned_until;
	} else if (now >= t->planned_from) {
		t->status = MODEL_IN_PROGRESS;
	}
}

static int
load_threads(struct store *s, struct model_site *site, enum store_view view,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT t.id, t.key, t.kind, t.status, t.impact, t.title, t.path, "
	    "t.opened_at, t.resolved_at, t.published_at, t.planned_from, "
	    "t.planned_until, t.next_update_at, t.old_id, t.by_hand, t.rev, "
	    "t.newest_at "
	    "FROM thread t WHERE ?1 OR t.published_at > "
	    "0" NEWEST_FIRST,
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, view == STORE_ALL);
	while ((rc = sql_step(st, e)) == 1) {
		struct model_thread *t = store_grow(
		    &site->threads, &site->n_threads, sizeof(*t));

		if (t == NULL)
			return store_no_memory(st, e);
		t->id = sql_int(st, 0);
		t->key = store_dup(st, 1);
		t->kind = (enum model_kind)sql_int(st, 2);
		t->status = (enum model_status)sql_int(st, 3);
		t->impact = (enum model_impact)sql_int(st, 4);
		t->title = store_dup(st, 5);
		t->path = store_dup(st, 6);
		t->opened_at = sql_int(st, 7);
		t->resolved_at = sql_int(st, 8);
		t->published = sql_int(st, 9) > 0;
		t->planned_from = sql_int(st, 10);
		t->planned_until = sql_int(st, 11);
		t->next_update_at = t->resolved_at == 0 ? sql_int(st, 12) : 0;
		t->old_id = sql_int(st, 13);
		t->by_hand = sql_int(st, 14) != 0;
		t->rev = sql_int(st, 15);
		t->updated_at = view == STORE_PUBLIC &&
		        sql_int(st, 16) > t->opened_at
		    ? sql_int(st, 16)
		    : t->opened_at;
		apply_clock(t, site->loaded_at);
		if (t->key == NULL || t->title == NULL || t->path == NULL)
			return store_no_memory(st, e);
	}
	return rc;
}

/* The threads by their ids: what belongs to them is read in that order. */
struct by_id {
	struct model_thread **threads;
	size_t n, at;
};

static int
compare_id(const void *a, const void *b)
{
	const struct model_thread *const *ta = a, *const *tb = b;

	return (*ta)->id < (*tb)->id ? -1 : (*ta)->id > (*tb)->id;
}

static int
order_by_id(const struct model_site *site, struct by_id *all, struct err *e)
{
	size_t n = site->n_threads;
	bool sorted = true;

	*all = (struct by_id){ calloc(n + 1, sizeof(*all->threads)), n, 0 };
	if (all->threads == NULL)
		return err_set(e, "no memory");
	/* Newest first is nearly always the highest id first. */
	for (size_t i = 0; i < n; i++) {
		all->threads[n - 1 - i] = &site->threads[i];
		sorted = sorted &&
		    (i == 0 || site->threads[i - 1].id > site->threads[i].id);
	}
	if (!sorted)
		qsort(all->threads, n, sizeof(*all->threads), compare_id);
	return 0;
}

/* The thread of this id, which is not below the last one, or NULL. */
static struct model_thread *
thread_of(struct by_id *all, int64_t id)
{
	while (all->at < all->n && all->threads[all->at]->id < id)
		all->at++;
	return all->at < all->n && all->threads[all->at]->id == id
	    ? all->threads[all->at]
	    : NULL;
}

static int
load_thread_systems(struct store *s, struct by_id *all, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT thread, system FROM thread_system ORDER BY thread, system",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	all->at = 0;
	while ((rc = sql_step(st, e)) == 1) {
		struct model_thread *t = thread_of(all, sql_int(st, 0));
		char **code;

		if (t == NULL)
			continue;
		code = store_grow(&t->systems, &t->n_systems, sizeof(*code));
		if (code == NULL || (*code = store_dup(st, 1)) == NULL)
			return store_no_memory(st, e);
	}
	return rc;
}

static int
load_labels(struct store *s, struct by_id *all, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT thread, kind, name FROM label ORDER BY thread, kind, name",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	all->at = 0;
	while ((rc = sql_step(st, e)) == 1) {
		struct model_thread *t = thread_of(all, sql_int(st, 0));
		char **name;

		if (t == NULL)
			continue;
		name = sql_int(st, 1) == STORE_CATEGORY
		    ? store_grow(
		          &t->categories, &t->n_categories, sizeof(*name))
		    : store_grow(&t->tags, &t->n_tags, sizeof(*name));
		if (name == NULL || (*name = store_dup(st, 2)) == NULL)
			return store_no_memory(st, e);
	}
	return rc;
}

/* Which systems the threads are about, and under what they are filed. */
static int
load_belongings(struct store *s, struct model_site *site, struct err *e)
{
	struct by_id all;
	int rc = order_by_id(site, &all, e);

	if (rc == 0)
		rc = load_thread_systems(s, &all, e);
	if (rc == 0)
		rc = load_labels(s, &all, e);
	free(all.threads);
	return rc;
}

/* When a queue of an open incident is likely to be empty. */
static int
load_recovering(struct store *s, const struct config *c,
    struct model_site *site, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT t.id, f.value, max(f.empty_at) FROM thread t "
	    "JOIN cause x ON x.thread = t.id JOIN finding f ON "
	    "f.system = x.system AND f.\"check\" = x.\"check\" AND "
	    "f.subject = x.subject WHERE t.resolved_at = 0 AND "
	    "x.level IN (2, 3) AND f.empty_at > ? GROUP BY t.id" NEWEST_FIRST,
	    e);
	bool number = (c->public & CONFIG_PUBLIC_QUEUE) != 0;
	size_t at = 0;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, site->loaded_at);
	while ((rc = sql_step(st, e)) == 1) {
		struct model_thread *t = store_next_thread(
		    site, &at, sql_int(st, 0));
		struct buf b;

		if (t == NULL)
			break;
		buf_init(&b, 256);
		template_recovering(
		    &b, number ? sql_double(st, 1) : -1, sql_int(st, 2));
		t->recovering = buf_take(&b);
	}
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

static bool
is_internal(const struct config *c, const char *code)
{
	const struct config_system *s = config_find_system(c, code);

	return s != NULL && s->visibility == 1;
}

static bool
has_internal(const struct config *c)
{
	const struct config_system *s = c->systems.items;

	for (size_t i = 0; i < c->systems.n; i++)
		if (s[i].visibility == 1)
			return true;
	return false;
}

/* Internal systems leave the threads; a thread of none but these goes. */
static void
hide_internal(struct model_site *site, const struct config *c)
{
	size_t kept = 0;

	if (!has_internal(c))
		return;
	for (size_t i = 0; i < site->n_threads; i++) {
		struct model_thread *t = &site->threads[i], gone;
		size_t n = 0, had;

		for (size_t k = 0; k < t->n_systems; k++) {
			if (is_internal(c, t->systems[k]))
				free(t->systems[k]);
			else
				t->systems[n++] = t->systems[k];
		}
		had = t->n_systems;
		t->n_systems = n;
		if (n == 0 && had > 0)
			continue;
		/* Swapped, so that model_free() finds each one once. */
		gone = site->threads[kept];
		site->threads[kept++] = *t;
		if (&site->threads[kept - 1] != t)
			*t = gone;
	}
	for (size_t i = kept; i < site->n_threads; i++)
		model_thread_clear(&site->threads[i]);
	site->n_threads = kept;
}

static int
load_links(struct model_site *site, const struct config *c, struct err *e)
{
	const struct config_link *l = c->links.items;

	for (size_t i = 0; i < c->links.n; i++) {
		struct model_link *m = store_grow(
		    &site->links, &site->n_links, sizeof(*m));

		if (m == NULL || (m->name = strdup(l[i].name)) == NULL ||
		    (m->url = strdup(l[i].url)) == NULL)
			return err_set(e, "no memory");
	}
	return 0;
}

static int
load_all(struct store *s, const struct config *c, const struct store_load *l,
    struct model_site *site, struct err *e)
{
	enum store_view view = l->view;

	if (load_threads(s, site, view, e) == -1 ||
	    load_belongings(s, site, e) == -1 ||
	    store_load_entries(s, site, l, e) == -1 ||
	    load_links(site, c, e) == -1)
		return -1;
	if ((c->public & (CONFIG_PUBLIC_QUEUE | CONFIG_PUBLIC_DELAY)) != 0 &&
	    load_recovering(s, c, site, e) == -1)
		return -1;
	if (view == STORE_PUBLIC)
		hide_internal(site, c);
	return store_load_systems(s, c, site, e);
}

struct model_site *
store_load_site(struct store *s, const struct config *c, enum store_view view,
    int64_t now, struct err *e)
{
	const struct store_load l = { .view = view, .now = now };

	return store_load_part(s, c, &l, e);
}

struct model_site *
store_load_part(struct store *s, const struct config *c,
    const struct store_load *l, struct err *e)
{
	struct model_site *site = calloc(1, sizeof(*site));
	int rc = -1;

	if (site == NULL || (site->title = strdup(c->title)) == NULL ||
	    (site->url = strdup(c->site_url)) == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	site->loaded_at = l->now;
	site->show_availability = (c->public & CONFIG_PUBLIC_AVAILABILITY) != 0;
	/* One picture, though others write meanwhile. */
	if (sql_exec(s->sql, "BEGIN", e) == -1)
		goto out;
	rc = load_all(s, c, l, site, e);
	sql_rollback(s->sql);
out:
	if (rc == -1) {
		(void)err_prefix(e, "load the site");
		model_free(site);
		site = NULL;
	}
	return site;
}
