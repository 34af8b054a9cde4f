#include "statusd/vault.h"

#include "lib/err.h"
#include "lib/log.h"
#include "statusd/vault_inner.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 2000
#define RESERVE_BYTES (256 * 1024)

static const char *const steps[] = {
	"CREATE TABLE used ("
	" name TEXT PRIMARY KEY, step INTEGER NOT NULL,"
	" papers INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE session ("
	" hash BLOB PRIMARY KEY, name TEXT NOT NULL,"
	" enrolled_at INTEGER NOT NULL, since INTEGER NOT NULL,"
	" seen INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE orders ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" system TEXT NOT NULL, remedy TEXT NOT NULL, title TEXT NOT NULL,"
	" by TEXT NOT NULL, state INTEGER NOT NULL,"
	" at INTEGER NOT NULL, until INTEGER NOT NULL,"
	" sent_at INTEGER NOT NULL DEFAULT 0,"
	" over_at INTEGER NOT NULL DEFAULT 0,"
	" outcome INTEGER NOT NULL DEFAULT 0,"
	" exit_status INTEGER NOT NULL DEFAULT -1,"
	" text TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX orders_waiting ON orders (system) WHERE state = 0;"
	"CREATE TABLE note ("
	" number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
	" who TEXT NOT NULL, \"from\" TEXT NOT NULL, what TEXT NOT NULL);",
};
#define N_STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

/* Codes are on no disk: what waited has none any more. */
#define ENDED "The status host was restarted meanwhile."

static struct sql *
open_file(const char *path, struct err *e)
{
	struct sql *s = sql_open(path, SQL_ALONE, BUSY_MS, e);
	struct err why;

	if (s == NULL || sql_migrate(s, steps, N_STEPS, e) == -1 ||
	    sql_exec(s, "PRAGMA synchronous=FULL", e) == -1) {
		sql_close(s);
		return NULL;
	}
	/* What was taken before may be enough. */
	if (sql_reserve(s, RESERVE_BYTES, &why) == -1)
		log_warn("%s: no room is left to grow: %s", path, why.text);
	if (sql_exec(s,
	        "UPDATE orders SET state = 2, over_at = at, text = '" ENDED
	        "' WHERE state = 0",
	        &why) == -1)
		log_warn("%s: %s", path, why.text);
	return s;
}

/* Damaged, or something else: it is kept under another name. */
static void
set_aside(const char *path)
{
	char *other = NULL;

	if (asprintf(&other, "%s.damaged", path) == -1)
		return;
	if (rename(path, other) == 0)
		log_warn("%s is damaged: set aside as %s", path, other);
	free(other);
	if (asprintf(&other, "%s-wal", path) == -1)
		return;
	(void)unlink(other);
	free(other);
}

struct vault *
vault_open(const char *path, struct err *e)
{
	struct vault *v = calloc(1, sizeof(*v));
	struct err why;

	e->text[0] = '\0';
	if (v == NULL)
		return NULL;
	(void)pthread_mutex_init(&v->lock, NULL);
	v->sql = open_file(path, e);
	if (v->sql == NULL && sql_open_was_corrupt()) {
		set_aside(path);
		e->text[0] = '\0';
		v->sql = open_file(path, e);
	}
	if (v->sql == NULL) {
		v->sql = sql_open(":memory:", SQL_ALONE, BUSY_MS, &why);
		if (v->sql == NULL ||
		    sql_migrate(v->sql, steps, N_STEPS, &why) == -1) {
			*e = why;
			vault_close(v);
			return NULL;
		}
	}
	return v;
}

void
vault_close(struct vault *v)
{
	if (v == NULL)
		return;
	sql_close(v->sql);
	(void)pthread_mutex_destroy(&v->lock);
	sodium_memzero(v->codes, sizeof(v->codes));
	free(v);
}

void
vault_copy(char *out, size_t size, struct sql_stmt *st, int col)
{
	(void)snprintf(out, size, "%s", sql_text(st, col));
}

int
vault_used_get(
    struct vault *v, const char *name, struct code_used *used_r, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	*used_r = (struct code_used){ 0 };
	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(
	    v->sql, "SELECT step, papers FROM used WHERE name = ?", e);
	if (st != NULL) {
		sql_bind_text(st, 1, name);
		rc = sql_step(st, e);
		if (rc == 1) {
			used_r->step = sql_int(st, 0);
			used_r->papers = (uint32_t)sql_int(st, 1);
		}
		sql_reset(st);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_used_set(struct vault *v, const char *name, const struct code_used *used,
    struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql,
	    "INSERT INTO used (name, step, papers) VALUES (?1, ?2, ?3) "
	    "ON CONFLICT (name) DO UPDATE SET step = ?2, papers = ?3",
	    e);
	if (st != NULL) {
		sql_bind_text(st, 1, name);
		sql_bind_int(st, 2, used->step);
		sql_bind_int(st, 3, used->papers);
		rc = sql_run(st, e);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

/* Add the row and let the table be no longer than "keep" statement wants. */
static int
add_and_trim(
    struct vault *v, struct sql_stmt *st, const char *trim, struct err *e)
{
	struct sql_stmt *more;

	if (sql_run(st, e) == -1)
		return -1;
	more = sql_prepare(v->sql, trim, e);
	return more == NULL ? -1 : sql_run(more, e);
}

int
vault_note_add(struct vault *v, const struct vault_note *note, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql,
	    "INSERT INTO note (at, who, \"from\", what) VALUES (?, ?, ?, ?)",
	    e);
	if (st != NULL) {
		sql_bind_int(st, 1, note->at);
		sql_bind_text(st, 2, note->who);
		sql_bind_text(st, 3, note->from);
		sql_bind_text(st, 4, note->what);
		rc = add_and_trim(v, st,
		    "DELETE FROM note WHERE number <= "
		    "(SELECT max(number) FROM note) - 500",
		    e);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_notes_list(struct vault *v, struct vault_note *notes, size_t most,
    size_t *n_r, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	*n_r = 0;
	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql,
	    "SELECT at, who, \"from\", what FROM note ORDER BY number DESC "
	    "LIMIT ?",
	    e);
	if (st != NULL) {
		sql_bind_int(st, 1, (int64_t)most);
		while ((rc = sql_step(st, e)) == 1 && *n_r < most) {
			struct vault_note *n = &notes[(*n_r)++];

			n->at = sql_int(st, 0);
			vault_copy(n->who, sizeof(n->who), st, 1);
			vault_copy(n->from, sizeof(n->from), st, 2);
			vault_copy(n->what, sizeof(n->what), st, 3);
		}
		sql_reset(st);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc == -1 ? -1 : 0;
}

int
vault_session_add(struct vault *v, const struct vault_session *s, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql,
	    "INSERT INTO session (hash, name, enrolled_at, since, seen) "
	    "VALUES (?, ?, ?, ?, ?)",
	    e);
	if (st != NULL) {
		sql_bind_blob(st, 1, s->hash, sizeof(s->hash));
		sql_bind_text(st, 2, s->name);
		sql_bind_int(st, 3, s->enrolled_at);
		sql_bind_int(st, 4, s->since);
		sql_bind_int(st, 5, s->seen);
		rc = add_and_trim(v, st,
		    "DELETE FROM session WHERE hash NOT IN (SELECT hash FROM "
		    "session ORDER BY seen DESC LIMIT 32)",
		    e);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_session_find(struct vault *v, const unsigned char hash[VAULT_HASH],
    struct vault_session *s_r, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	memset(s_r, 0, sizeof(*s_r));
	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql,
	    "SELECT name, enrolled_at, since, seen FROM session "
	    "WHERE hash = ?",
	    e);
	if (st != NULL) {
		sql_bind_blob(st, 1, hash, VAULT_HASH);
		rc = sql_step(st, e);
		if (rc == 1) {
			memcpy(s_r->hash, hash, VAULT_HASH);
			vault_copy(s_r->name, sizeof(s_r->name), st, 0);
			s_r->enrolled_at = sql_int(st, 1);
			s_r->since = sql_int(st, 2);
			s_r->seen = sql_int(st, 3);
		}
		sql_reset(st);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

/* A statement about one session. */
static int
session_run(struct vault *v, const char *text, const unsigned char *hash,
    int64_t now, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(v->sql, text, e);
	if (st != NULL) {
		sql_bind_blob(st, 1, hash, VAULT_HASH);
		sql_bind_int(st, 2, now);
		rc = sql_run(st, e);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_session_seen(struct vault *v, const unsigned char hash[VAULT_HASH],
    int64_t now, struct err *e)
{
	return session_run(
	    v, "UPDATE session SET seen = ?2 WHERE hash = ?1", hash, now, e);
}

int
vault_session_end(
    struct vault *v, const unsigned char hash[VAULT_HASH], struct err *e)
{
	return session_run(
	    v, "DELETE FROM session WHERE hash = ?1 AND ?2 = ?2", hash, 0, e);
}
