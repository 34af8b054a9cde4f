#include "statusd/store_thread.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/store_inner.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 21

/* 20 letters, 94 bits: unguessable, and nothing that looks like a number. */
static void
make_key(char out[KEY_SIZE])
{
	for (int i = 0; i < KEY_SIZE - 1; i++)
		out[i] = (char)('a' + randombytes_uniform(26));
	out[KEY_SIZE - 1] = '\0';
}

int
store_thread_get(
    struct store *s, int64_t id, struct store_thread *t_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT kind, status, impact, by_hand, prefix, title, opened_at, "
	    "resolved_at, published_at, planned_from, planned_until, "
	    "next_update_at, acked_at FROM thread WHERE id = ?",
	    e);
	int rc;

	memset(t_r, 0, sizeof(*t_r));
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	rc = sql_step(st, e);
	if (rc == 1) {
		t_r->id = id;
		t_r->kind = (enum model_kind)sql_int(st, 0);
		t_r->status = (enum model_status)sql_int(st, 1);
		t_r->impact = (enum model_impact)sql_int(st, 2);
		t_r->by_hand = sql_int(st, 3) != 0;
		t_r->prefix = store_dup(st, 4);
		t_r->title = store_dup(st, 5);
		t_r->opened_at = sql_int(st, 6);
		t_r->resolved_at = sql_int(st, 7);
		t_r->published_at = sql_int(st, 8);
		t_r->planned_from = sql_int(st, 9);
		t_r->planned_until = sql_int(st, 10);
		t_r->next_update_at = sql_int(st, 11);
		t_r->acked_at = sql_int(st, 12);
		if (t_r->prefix == NULL || t_r->title == NULL) {
			store_thread_free(t_r);
			rc = err_set(e, "no memory");
		}
	}
	sql_reset(st);
	return rc;
}

void
store_thread_free(struct store_thread *t)
{
	free(t->prefix);
	free(t->title);
	memset(t, 0, sizeof(*t));
}

static int
add_system(struct store *s, int64_t thread, const char *system, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT OR IGNORE INTO thread_system (thread, system) "
	    "VALUES (?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	sql_bind_text(st, 2, system);
	return sql_run(st, e);
}

int
store_label_add(struct store *s, int64_t thread, enum store_label kind,
    const char *name, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT OR IGNORE INTO label (thread, kind, name) VALUES (?, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	sql_bind_int(st, 2, kind);
	sql_bind_text(st, 3, name);
	return sql_run(st, e);
}

int
store_thread_add(struct store *s, struct store_thread *t,
    const char *const *systems, size_t n, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO thread (key, kind, status, impact, by_hand, prefix, "
	    "title, opened_at, resolved_at, posted_at, planned_from, "
	    "planned_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    e);
	char key[KEY_SIZE];

	if (st == NULL)
		return -1;
	make_key(key);
	sql_bind_text(st, 1, key);
	sql_bind_int(st, 2, t->kind);
	sql_bind_int(st, 3, t->status);
	sql_bind_int(st, 4, t->impact);
	sql_bind_int(st, 5, t->by_hand);
	sql_bind_text(st, 6, t->prefix);
	sql_bind_text(st, 7, t->title);
	sql_bind_int(st, 8, t->opened_at);
	sql_bind_int(st, 9, t->resolved_at);
	sql_bind_int(st, 10, t->opened_at);
	sql_bind_int(st, 11, t->planned_from);
	sql_bind_int(st, 12, t->planned_until);
	if (sql_run(st, e) == -1)
		return -1;
	t->id = sql_last_id(s->sql);
	for (size_t i = 0; i < n; i++) {
		if (add_system(s, t->id, systems[i], e) == -1)
			return -1;
	}
	return 0;
}

int
store_thread_put(
    struct store *s, const struct store_thread *t, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE thread SET status = ?1, impact = ?2, resolved_at = ?3, "
	    "posted_at = ?4, next_said = CASE next_update_at WHEN ?6 THEN "
	    "next_said ELSE 0 END, next_update_at = ?6, acked_at = ?7, "
	    "planned_from = ?8, planned_until = ?9 WHERE id = ?5",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, t->status);
	sql_bind_int(st, 2, t->impact);
	sql_bind_int(st, 3, t->resolved_at);
	sql_bind_int(st, 4, now);
	sql_bind_int(st, 5, t->id);
	sql_bind_int(st, 6, t->next_update_at);
	sql_bind_int(st, 7, t->acked_at);
	sql_bind_int(st, 8, t->planned_from);
	sql_bind_int(st, 9, t->planned_until);
	return sql_run(st, e);
}

int
store_path_is_taken(struct store *s, const char *path, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT 1 FROM thread WHERE path = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, path);
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

/* "2026/03/19/slug", or "2026/03/19/slug-2" ... */
static int
free_path(
    struct store *s, const char *slug, int64_t at, char out[256], struct err *e)
{
	char day[CLOCK_RFC3339_SIZE];
	int taken = 1;

	(void)clock_rfc3339(at, day);
	for (int i = 1; taken == 1 && i < 10000; i++) {
		char tail[16] = "";

		if (i > 1)
			(void)snprintf(tail, sizeof(tail), "-%d", i);
		(void)snprintf(out, 256, "%.4s/%.2s/%.2s/%.200s%s", day,
		    day + 5, day + 8, slug, tail);
		taken = store_path_is_taken(s, out, e);
	}
	if (taken == 1)
		return err_set(e, "no free address for \"%s\"", slug);
	return taken;
}

int
store_thread_publish(struct store *s, const struct store_thread *t,
    const char *slug, int64_t at, struct err *e)
{
	struct sql_stmt *st;
	char path[256];

	if (free_path(s, slug, at, path, e) == -1)
		return -1;
	st = sql_prepare(s->sql,
	    "UPDATE thread SET title = ?, path = ?, published_at = ? "
	    "WHERE id = ?",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, t->title);
	sql_bind_text(st, 2, path);
	sql_bind_int(st, 3, at);
	sql_bind_int(st, 4, t->id);
	return sql_run(st, e);
}

int
store_entry_add(struct store *s, struct store_entry *en, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO entry (key, thread, kind, status, title, body, "
	    "by_hand, created_at, publish_at) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    e);
	char key[KEY_SIZE];

	if (st == NULL)
		return -1;
	make_key(key);
	sql_bind_text(st, 1, key);
	sql_bind_int(st, 2, en->thread);
	sql_bind_int(st, 3, en->kind);
	sql_bind_int(st, 4, en->status);
	sql_bind_text(st, 5, en->title);
	sql_bind_text(st, 6, en->body);
	sql_bind_int(st, 7, en->by_hand);
	sql_bind_int(st, 8, en->created_at);
	sql_bind_int(st, 9, en->publish_at);
	if (sql_run(st, e) == -1)
		return -1;
	en->id = sql_last_id(s->sql);
	return 0;
}

int
store_entry_get(
    struct store *s, int64_t id, struct store_entry *en_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT thread, kind, status, title, body, by_hand, created_at, "
	    "publish_at, published_at FROM entry WHERE id = ?",
	    e);
	int rc;

	memset(en_r, 0, sizeof(*en_r));
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	rc = sql_step(st, e);
	if (rc == 1) {
		en_r->id = id;
		en_r->thread = sql_int(st, 0);
		en_r->kind = (enum model_entry_kind)sql_int(st, 1);
		en_r->status = (enum model_status)sql_int(st, 2);
		en_r->title = store_dup(st, 3);
		en_r->body = store_dup(st, 4);
		en_r->by_hand = sql_int(st, 5) != 0;
		en_r->created_at = sql_int(st, 6);
		en_r->publish_at = sql_int(st, 7);
		en_r->published_at = sql_int(st, 8);
		if (en_r->title == NULL || en_r->body == NULL) {
			store_entry_free(en_r);
			rc = err_set(e, "no memory");
		}
	}
	sql_reset(st);
	return rc;
}

void
store_entry_free(struct store_entry *en)
{
	free(en->title);
	free(en->body);
	memset(en, 0, sizeof(*en));
}

int
store_entry_publish(struct store *s, const struct store_entry *en, int number,
    int64_t at, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE entry SET kind = ?, title = ?, number = ?, "
	    "published_at = ? WHERE id = ?",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, en->kind);
	sql_bind_text(st, 2, en->title);
	sql_bind_int(st, 3, number);
	sql_bind_int(st, 4, at);
	sql_bind_int(st, 5, en->id);
	return sql_run(st, e);
}

int
store_entries_drop(struct store *s, int64_t thread, int64_t but, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE entry SET dropped = 1 WHERE thread = ? AND "
	    "published_at = 0 AND id <> ?",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	sql_bind_int(st, 2, but);
	return sql_run(st, e);
}

/* One number from a statement that is ready to run: 1, 0 (no row), -1. */
static int
one_number(struct sql_stmt *st, int64_t *n_r, struct err *e)
{
	int rc = sql_step(st, e);

	if (rc == 1)
		*n_r = sql_int(st, 0);
	sql_reset(st);
	return rc;
}

int
store_next_number(struct store *s, int64_t thread, int *number_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT coalesce(max(number), 0) + 1 FROM entry WHERE thread = ?",
	    e);
	int64_t n = 0;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	if (one_number(st, &n, e) != 1)
		return -1;
	*number_r = (int)n;
	return 0;
}

int
store_entry_due(struct store *s, int64_t now, int64_t *id_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT id FROM entry WHERE published_at = 0 AND dropped = 0 AND "
	    "publish_at > 0 AND publish_at <= ? ORDER BY id LIMIT 1",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	return one_number(st, id_r, e);
}

int
store_entry_draft(struct store *s, int64_t thread, int64_t *id_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT id FROM entry WHERE thread = ? AND published_at = 0 AND "
	    "dropped = 0 ORDER BY id LIMIT 1",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, thread);
	return one_number(st, id_r, e);
}
