#include "statusd/store_search.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/sql.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 1000
#define WORDS_MAX 12
#define WORD_MAX 64

struct version {
	int64_t thread;
	int64_t version;
};

struct store_search {
	pthread_mutex_t lock; /* of "sql" */
	struct sql *sql;
	struct version *versions; /* by thread; the writer's alone */
	size_t n, room;
};

/* doc.id is the thread's; found holds the words. */
static const char *const schema[] = {
	"CREATE TABLE doc (id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"
	" at INTEGER NOT NULL, path TEXT NOT NULL);"
	"CREATE INDEX doc_at ON doc (at);"
	"CREATE VIRTUAL TABLE found USING fts5 (title, text,"
	" tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');",
};

static struct version *
look_up(const struct store_search *s, int64_t thread)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->versions[mid].thread == thread)
			return &s->versions[mid];
		if (s->versions[mid].thread < thread)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int
remember(struct store_search *s, int64_t thread, int64_t version)
{
	struct version *v = look_up(s, thread);
	size_t at = s->n;

	if (v != NULL) {
		v->version = version;
		return 0;
	}
	if (s->n == s->room) {
		size_t room = s->room > 0 ? 2 * s->room : 256;

		v = reallocarray(s->versions, room, sizeof(*v));
		if (v == NULL)
			return -1;
		s->versions = v;
		s->room = room;
	}
	while (at > 0 && s->versions[at - 1].thread > thread) {
		s->versions[at] = s->versions[at - 1];
		at--;
	}
	s->versions[at] = (struct version){ thread, version };
	s->n++;
	return 0;
}

static int
load(struct store_search *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT id, version FROM doc ORDER BY id", e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = sql_step(st, e)) == 1)
		if (remember(s, sql_int(st, 0), sql_int(st, 1)) == -1) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
	return rc;
}

static int
open_once(struct store_search *s, const char *path, struct err *e)
{
	s->sql = sql_open(path, SQL_ALONE, BUSY_MS, e);
	if (s->sql == NULL)
		return -1;
	if (sql_exec(s->sql, "PRAGMA cache_size = -512", e) == 0 &&
	    sql_migrate(s->sql, schema, 1, e) == 0 && load(s, e) == 0)
		return 0;
	sql_close(s->sql);
	s->sql = NULL;
	return -1;
}

/* Empty the file: it is only a copy.  It stays, for it is known to be ours. */
static void
clear(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-journal" };
	struct buf name;

	buf_init(&name, 8192);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		buf_reset(&name);
		buf_printf(&name, "%s%s", path, tails[i]);
		/* Where it cannot be, opening it fails again. */
		if (truncate(buf_text(&name), 0) == -1)
			continue;
	}
	buf_free(&name);
}

struct store_search *
store_search_open(const char *path, struct err *e)
{
	struct store_search *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	(void)pthread_mutex_init(&s->lock, NULL);
	if (open_once(s, path, e) == 0)
		return s;
	s->n = 0;
	clear(path);
	if (open_once(s, path, e) == 0)
		return s;
	store_search_close(s);
	return NULL;
}

void
store_search_close(struct store_search *s)
{
	if (s == NULL)
		return;
	sql_close(s->sql);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->versions);
	free(s);
}

int
store_search_version(
    const struct store_search *s, int64_t thread, int64_t *version_r)
{
	const struct version *v = look_up(s, thread);

	if (v == NULL)
		return 0;
	*version_r = v->version;
	return 1;
}

static int
run_with_id(struct store_search *s, const char *text, int64_t id, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql, text, e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	return sql_run(st, e);
}

static int
forget_one(struct store_search *s, int64_t id, struct err *e)
{
	if (run_with_id(s, "DELETE FROM found WHERE rowid = ?", id, e) == -1)
		return -1;
	return run_with_id(s, "DELETE FROM doc WHERE id = ?", id, e);
}

static int
put_one(struct store_search *s, const struct search_doc *d, struct err *e)
{
	struct sql_stmt *st;

	if (forget_one(s, d->thread, e) == -1)
		return -1;
	st = sql_prepare(s->sql,
	    "INSERT INTO doc (id, version, at, path) VALUES (?, ?, ?, ?)", e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, d->thread);
	sql_bind_int(st, 2, d->version);
	sql_bind_int(st, 3, d->at);
	sql_bind_text(st, 4, d->path);
	if (sql_run(st, e) == -1)
		return -1;
	st = sql_prepare(s->sql,
	    "INSERT INTO found (rowid, title, text) VALUES (?, ?, ?)", e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, d->thread);
	sql_bind_text(st, 2, d->title);
	sql_bind_text(st, 3, d->text);
	return sql_run(st, e);
}

int
store_search_put(struct store_search *s, const struct search_doc *docs,
    size_t n, struct err *e)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = sql_begin(s->sql, e);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_one(s, &docs[i], e);
	if (rc == 0)
		rc = sql_commit(s->sql, e);
	if (rc == -1)
		sql_rollback(s->sql);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < n && rc == 0; i++)
		if (remember(s, docs[i].thread, docs[i].version) == -1)
			rc = err_set(e, "no memory");
	return rc;
}

int
store_search_forget(struct store_search *s,
    int (*keeps)(void *ctx, int64_t thread), void *ctx, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		int64_t thread = s->versions[i].thread;
		int rc = 0;

		if (!keeps(ctx, thread)) {
			pthread_mutex_lock(&s->lock);
			rc = forget_one(s, thread, e);
			pthread_mutex_unlock(&s->lock);
			if (rc == 0)
				continue;
		}
		s->versions[kept++] = s->versions[i];
		if (rc == -1) {
			memmove(&s->versions[kept], &s->versions[i + 1],
			    (s->n - i - 1) * sizeof(*s->versions));
			s->n -= i + 1 - kept;
			return -1;
		}
	}
	s->n = kept;
	return 0;
}

/* Letters and digits of any script; what the tokenizer takes is among them. */
static bool
is_word_char(unsigned cp)
{
	return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
	    (cp >= 'A' && cp <= 'Z') || cp >= 0xc0;
}

/*
 * What is typed, as words in quotes that longer words may begin with:
 * "disk" * AND "full" *.  Returns how many.
 */
static size_t
match_of(const char *query, struct buf *out)
{
	size_t left = strlen(query), n = 0, len = 0;

	while (left > 0) {
		unsigned cp;
		size_t size = escape_utf8(query, left, &cp);
		bool in_word = size > 0 && is_word_char(cp);

		if (size == 0)
			size = 1;
		if (in_word && len == 0 && n == WORDS_MAX)
			break;
		if (in_word && len == 0)
			buf_str(out, n++ > 0 ? " AND \"" : "\"");
		if (in_word && len < WORD_MAX)
			buf_add(out, query, size);
		if (!in_word && len > 0)
			buf_str(out, "\" *");
		len = in_word ? len + size : 0;
		query += size;
		left -= size;
	}
	if (len > 0)
		buf_str(out, "\" *");
	return n;
}

static int
count_found(
    struct store_search *s, const char *match, size_t *n_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT count(*) FROM found WHERE found MATCH ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, match);
	rc = sql_step(st, e);
	if (rc == 1)
		*n_r = (size_t)sql_int(st, 0);
	sql_reset(st);
	return rc == 1 ? 0 : -1;
}

static int
show_found(struct store_search *s, const struct search_ask *ask,
    const char *match, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "WITH hit AS MATERIALIZED (SELECT d.id, d.at, d.path FROM doc d"
	    " WHERE d.id IN (SELECT rowid FROM found WHERE found MATCH ?1)"
	    " ORDER BY d.at DESC, d.id DESC LIMIT ?2)"
	    " SELECT h.id, h.at, h.path,"
	    " highlight(found, 0, char(1), char(2)),"
	    " snippet(found, 1, char(1), char(2), '…', 32)"
	    " FROM hit h JOIN found ON found.rowid = h.id"
	    " WHERE found MATCH ?1 ORDER BY h.at DESC, h.id DESC",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, match);
	sql_bind_int(st, 2, (int64_t)ask->most);
	while ((rc = sql_step(st, e)) == 1) {
		struct search_doc d = { .thread = sql_int(st, 0),
			.at = sql_int(st, 1),
			.path = sql_text(st, 2),
			.title = sql_text(st, 3),
			.text = sql_text(st, 4) };

		ask->each(ask->ctx, &d);
	}
	return rc;
}

int
store_search_find(struct store_search *s, const struct search_ask *ask,
    size_t *found_r, struct err *e)
{
	struct buf match;
	int rc = 0;

	*found_r = 0;
	buf_init(&match, 4096);
	if (match_of(ask->query, &match) > 0 && !match.bad) {
		pthread_mutex_lock(&s->lock);
		rc = count_found(s, buf_text(&match), found_r, e);
		if (rc == 0 && *found_r > 0)
			rc = show_found(s, ask, buf_text(&match), e);
		pthread_mutex_unlock(&s->lock);
	}
	buf_free(&match);
	return rc;
}
