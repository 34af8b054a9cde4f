#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/log.h"
#include "lib/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char select_all[] = "SELECT " STORE_ALLOW_COLUMNS
                                 " FROM allow ORDER BY kind, value";

/* --- one entry --- */

static void
copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%s", from);
}

int
store_allow_read(struct sql_stmt *st, struct allow_entry *entry, struct err *e)
{
	int kind = allow_word(allow_kind_words, sql_text(st, 1));
	int proof = allow_word(allow_proof_words, sql_text(st, 3));

	if (kind == -1 || proof == -1)
		return err_set(e, "unknown kind or proof");
	if (allow_entry_of((enum allow_kind)kind, sql_text(st, 2), entry, e) ==
	    -1)
		return -1;
	entry->proof = (enum allow_proof)proof;
	entry->id = sql_int(st, 0);
	copy_text(entry->author, sizeof(entry->author), sql_text(st, 4));
	copy_text(entry->note, sizeof(entry->note), sql_text(st, 5));
	entry->created = sql_int(st, 6);
	entry->expires = sql_int(st, 7);
	entry->hits = sql_int(st, 8);
	entry->last_hit = sql_int(st, 9);
	return 0;
}

/* Hear of all entries; "each" returns 0, or -1 with *e set to stop. */
static int
read_all(struct sql *db,
    int (*each)(const struct allow_entry *entry, void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db, select_all, e);
	struct allow_entry entry;
	struct err why;
	int rc = -1;

	if (st == NULL)
		return -1;
	while ((rc = sql_step(st, e)) == 1) {
		if (store_allow_read(st, &entry, &why) == -1)
			log_warn("store: whitelist entry %lld is passed over: "
			         "%s",
			    (long long)sql_int(st, 0), why.text);
		else if (each(&entry, arg, e) == -1)
			break;
	}
	sql_reset(st);
	return rc == 0 ? 0 : -1;
}

struct list {
	struct allow_entry *entries;
	size_t n, room;
};

static int
append(const struct allow_entry *entry, void *arg, struct err *e)
{
	struct list *list = arg;
	struct allow_entry *grown;

	if (list->n == list->room) {
		list->room = list->room * 2 + 64;
		grown = reallocarray(list->entries, list->room, sizeof(*grown));
		if (grown == NULL)
			return err_set(e, "no memory");
		list->entries = grown;
	}
	list->entries[list->n++] = *entry;
	return 0;
}

int
store_allow_list(struct grey_store *store, struct allow_entry **entries_r,
    size_t *n_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	struct list list = { .n = 0 };
	int rc;

	if (db == NULL)
		return err_prefix(e, "store");
	rc = read_all(db, append, &list, e);
	store_reader_give(s, db, epoch, rc == -1);
	if (rc == -1) {
		free(list.entries);
		return err_prefix(e, "store");
	}
	*entries_r = list.entries;
	*n_r = list.n;
	return 0;
}

/* --- the whitelist in memory
 * -------------------------------------------------- */

struct grey_whitelist *
store_whitelist_new(struct allow *a, struct err *e)
{
	struct grey_whitelist *w = a != NULL ? calloc(1, sizeof(*w)) : NULL;

	if (w == NULL) {
		if (a != NULL)
			(void)err_set(e, "no memory");
		allow_free(a);
		return NULL;
	}
	w->allow = a;
	atomic_init(&w->refs, 1);
	return w;
}

static int
take(const struct allow_entry *entry, void *arg, struct err *e)
{
	return allow_add(arg, entry, e);
}

static struct grey_whitelist *
read_whitelist(struct sql *db, struct err *e)
{
	struct allow *a = allow_begin(e);

	if (a != NULL &&
	    (read_all(db, take, a, e) == -1 || allow_ready(a, e) == -1)) {
		allow_free(a);
		a = NULL;
	}
	return store_whitelist_new(a, e);
}

static int64_t
generation(struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "SELECT value FROM meta WHERE name = 'allow'", e);
	int64_t v = -1;

	if (st != NULL && sql_step(st, e) == 1) {
		v = sql_int(st, 0);
		sql_reset(st);
	}
	return v;
}

static void
swap_in(struct sqlite_store *s, struct grey_whitelist *w)
{
	struct grey_whitelist *old;

	(void)pthread_mutex_lock(&s->allow_lock);
	old = s->whitelist;
	w->number = ++s->n_whitelists;
	s->whitelist = w;
	(void)pthread_mutex_unlock(&s->allow_lock);
	if (old != NULL)
		grey_whitelist_release(old);
}

int
store_follow_allow(struct sqlite_store *s, struct sql *db, struct err *e)
{
	int64_t now = generation(db, e);
	struct grey_whitelist *w;

	if (now == -1)
		return -1;
	if (now == s->allow_generation && !atomic_load(&s->allow_reload))
		return 0;
	atomic_store(&s->allow_reload, false);
	w = read_whitelist(db, e);
	if (w == NULL) {
		atomic_store(&s->allow_reload, true);
		return -1;
	}
	log_debug("store: whitelist %lld: %zu entries", (long long)now,
	    allow_count(w->allow));
	s->allow_generation = now;
	swap_in(s, w);
	return 0;
}

int
store_first_allow(struct sqlite_store *s, struct sql *db, struct err *e)
{
	struct grey_whitelist *w = store_whitelist_held(s);

	if (w != NULL) {
		grey_whitelist_release(w);
		return 0;
	}
	w = read_whitelist(db, e);
	if (w == NULL)
		return -1;
	swap_in(s, w);
	return 0;
}

struct grey_whitelist *
store_whitelist_held(struct sqlite_store *s)
{
	struct grey_whitelist *w;

	(void)pthread_mutex_lock(&s->allow_lock);
	w = s->n_whitelists > 0 ? s->whitelist : NULL;
	if (w != NULL)
		atomic_fetch_add(&w->refs, 1);
	(void)pthread_mutex_unlock(&s->allow_lock);
	return w;
}

struct grey_whitelist *
store_whitelist(struct grey_store *store)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct grey_whitelist *w;
	unsigned epoch;
	struct sql *db;
	struct err e;

	(void)pthread_mutex_lock(&s->allow_lock);
	w = s->whitelist;
	if (w != NULL)
		atomic_fetch_add(&w->refs, 1);
	(void)pthread_mutex_unlock(&s->allow_lock);
	if (w != NULL)
		return w;
	db = s->use == GREY_STORE_SERVE ? NULL
	                                : store_reader_take(s, &epoch, &e);
	if (db != NULL) {
		(void)store_follow_allow(s, db, &e);
		store_reader_give(s, db, epoch, false);
	}
	(void)pthread_mutex_lock(&s->allow_lock);
	if (s->whitelist == NULL)
		s->whitelist = store_whitelist_new(allow_new(NULL, 0, &e), &e);
	w = s->whitelist;
	if (w != NULL)
		atomic_fetch_add(&w->refs, 1);
	(void)pthread_mutex_unlock(&s->allow_lock);
	return w;
}

const struct allow *
grey_whitelist_allow(const struct grey_whitelist *w)
{
	return w->allow;
}

void
grey_whitelist_release(struct grey_whitelist *w)
{
	if (atomic_fetch_sub(&w->refs, 1) > 1)
		return;
	allow_free(w->allow);
	free(w);
}

int
store_restore_allow(struct sqlite_store *s, struct sql *db, struct err *e)
{
	struct grey_whitelist *w;
	struct allow_entry entry;
	size_t i;
	int rc = 0;

	if (!s->restore)
		return 0;
	w = store_whitelist_held(s);
	if (w == NULL)
		w = store_read_export(s);
	if (w == NULL)
		return 0;
	for (i = 0; i < allow_count(w->allow) && rc == 0; i++) {
		allow_whole(w->allow, i, &entry);
		rc = store_allow_put(db, &entry, e);
	}
	grey_whitelist_release(w);
	return rc == 0 ? store_allow_bump(db, e) : -1;
}

/* --- hits --- */

void
store_hit(struct grey_store *store, int64_t entry_id, int64_t now)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	size_t i;

	(void)pthread_mutex_lock(&s->hit_lock);
	for (i = 0; i < s->n_hits && s->hits[i].id != entry_id; i++)
		;
	if (i == s->n_hits && i < STORE_HITS)
		s->hits[s->n_hits++] = (struct store_hit){ .id = entry_id };
	if (i < s->n_hits) {
		s->hits[i].hits++;
		s->hits[i].last = now;
	}
	(void)pthread_mutex_unlock(&s->hit_lock);
}

struct hits {
	size_t n;
	struct store_hit hits[STORE_HITS];
};

static int
write_hits(struct sql *db, void *arg, struct err *e)
{
	const struct hits *h = arg;
	struct sql_stmt *st;
	size_t i;

	for (i = 0; i < h->n; i++) {
		st = sql_prepare(db,
		    "UPDATE allow SET hits = hits + ?2, last_hit = ?3 WHERE "
		    "id = ?1",
		    e);
		if (st == NULL)
			return -1;
		sql_bind_int(st, 1, h->hits[i].id);
		sql_bind_int(st, 2, h->hits[i].hits);
		sql_bind_int(st, 3, h->hits[i].last);
		if (sql_run(st, e) == -1)
			return -1;
	}
	return 0;
}

void
store_flush_hits(struct sqlite_store *s)
{
	struct hits *h = NULL;

	(void)pthread_mutex_lock(&s->hit_lock);
	if (s->n_hits > 0)
		h = malloc(sizeof(*h));
	if (h != NULL) {
		h->n = s->n_hits;
		memcpy(h->hits, s->hits, sizeof(h->hits));
		s->n_hits = 0;
	}
	(void)pthread_mutex_unlock(&s->hit_lock);
	if (h != NULL)
		store_post(s, write_hits, h);
}
