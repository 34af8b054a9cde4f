#include "lib/sql.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/sql_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define STATEMENTS 96

struct sql_stmt {
	struct sql *sql;
	sqlite3_stmt *st;
	const char *text; /* the caller's literal */
};

struct sql {
	sqlite3 *db;
	sqlite3_file *file; /* the database's; NULL: not asked for yet */
	int last; /* extended code of the last failure */
	size_t n;
	struct sql_stmt stmts[STATEMENTS];
};

static int
fail(struct sql *s, struct err *e, const char *doing)
{
	s->last = sqlite3_extended_errcode(s->db);
	return err_set(e, "%s: %s", doing, sqlite3_errmsg(s->db));
}

/*
 * The first to open a new database changes its journal; who comes at that
 * moment is told "busy" or "cannot open" at once, whatever the time-out.
 */
static int
use_wal(struct sql *s, int busy_ms)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	int64_t end = clock_mono_ms() + busy_ms;
	int rc;

	do {
		rc = sqlite3_exec(s->db,
		    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", NULL,
		    NULL, NULL);
		if (rc == SQLITE_OK)
			return 0;
		rc &= 0xff;
		(void)nanosleep(&pause, NULL);
	} while ((rc == SQLITE_BUSY || rc == SQLITE_CANTOPEN) &&
	    clock_mono_ms() < end);
	return -1;
}

static int
set_up(struct sql *s, enum sql_open_mode mode, int busy_ms, struct err *e)
{
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, busy_ms);
	if (sqlite3_exec(s->db,
	        "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
	        "PRAGMA trusted_schema=OFF;",
	        NULL, NULL, NULL) != SQLITE_OK)
		return fail(s, e, "set up");
	if (mode == SQL_ALONE &&
	    sqlite3_exec(s->db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL,
	        NULL) != SQLITE_OK)
		return fail(s, e, "set up");
	if (mode != SQL_READ_ONLY && use_wal(s, busy_ms) == -1)
		return fail(s, e, "set up");
	return 0;
}

static _Thread_local bool open_was_corrupt;

bool
sql_open_was_corrupt(void)
{
	return open_was_corrupt;
}

struct sql *
sql_open(const char *path, enum sql_open_mode mode, int busy_ms, struct err *e)
{
	static const int flags[] = {
		[SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
		[SQL_READ_WRITE] = SQLITE_OPEN_READWRITE,
		[SQL_READ_ONLY] = SQLITE_OPEN_READONLY,
		[SQL_ALONE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
	};
	struct sql *s = calloc(1, sizeof(*s));
	mode_t old;
	int rc;

	if (s == NULL) {
		(void)err_set(e, "%s: no memory", path);
		return NULL;
	}
	old = umask(027);
	rc = sqlite3_open_v2(
	    path, &s->db, flags[mode] | SQLITE_OPEN_NOMUTEX, sql_vfs());
	if (rc != SQLITE_OK) {
		(void)err_set(e, "%s: %s", path,
		    s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
	} else if (set_up(s, mode, busy_ms, e) == -1) {
		(void)err_prefix(e, "%s", path);
		rc = SQLITE_ERROR;
	}
	open_was_corrupt = rc != SQLITE_OK && sql_was_corrupt(s);
	(void)umask(old);
	if (rc != SQLITE_OK) {
		sql_close(s);
		return NULL;
	}
	return s;
}

void
sql_close(struct sql *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		(void)sqlite3_finalize(s->stmts[i].st);
	(void)sqlite3_close(s->db);
	free(s);
}

int
sql_exec(struct sql *s, const char *text, struct err *e)
{
	if (sqlite3_exec(s->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return fail(s, e, "database");
	return 0;
}

static int
user_version(struct sql *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s, "PRAGMA user_version", e);
	int v;

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	v = (int)sql_int(st, 0);
	sql_reset(st);
	return v;
}

/* One step, in its own transaction; the version is read again inside it. */
static int
migrate_step(struct sql *s, const char *const *steps, int v, struct err *e)
{
	char set[64];

	if (sql_begin(s, e) == -1)
		return -1;
	if (user_version(s, e) != v) {
		sql_rollback(s); /* another process was faster */
		return 0;
	}
	(void)snprintf(set, sizeof(set), "PRAGMA user_version=%d", v + 1);
	if (sql_exec(s, steps[v], e) == -1 || sql_exec(s, set, e) == -1 ||
	    sql_commit(s, e) == -1) {
		sql_rollback(s);
		return err_prefix(e, "bring the schema to version %d", v + 1);
	}
	return 0;
}

int
sql_migrate(struct sql *s, const char *const *steps, int n_steps, struct err *e)
{
	int v;

	while ((v = user_version(s, e)) >= 0 && v < n_steps) {
		if (migrate_step(s, steps, v, e) == -1)
			return -1;
	}
	if (v == -1)
		return -1;
	if (v > n_steps)
		return err_set(e,
		    "the database is of version %d, this program knows %d: it "
		    "was written by a newer release",
		    v, n_steps);
	return 0;
}

struct sql_stmt *
sql_prepare(struct sql *s, const char *text, struct err *e)
{
	struct sql_stmt *st;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (s->stmts[i].text == text) {
			(void)sqlite3_reset(s->stmts[i].st);
			(void)sqlite3_clear_bindings(s->stmts[i].st);
			return &s->stmts[i];
		}
	}
	if (s->n == STATEMENTS) {
		(void)err_set(e, "too many statements are prepared");
		return NULL;
	}
	st = &s->stmts[s->n];
	if (sqlite3_prepare_v3(s->db, text, -1, SQLITE_PREPARE_PERSISTENT,
	        &st->st, NULL) != SQLITE_OK) {
		(void)fail(s, e, "prepare");
		return NULL;
	}
	st->sql = s;
	st->text = text;
	s->n++;
	return st;
}

void
sql_bind_int(struct sql_stmt *st, int i, int64_t v)
{
	(void)sqlite3_bind_int64(st->st, i, v);
}

void
sql_bind_double(struct sql_stmt *st, int i, double v)
{
	(void)sqlite3_bind_double(st->st, i, v);
}

void
sql_bind_text(struct sql_stmt *st, int i, const char *v)
{
	(void)sqlite3_bind_text(st->st, i, v, -1, SQLITE_STATIC);
}

void
sql_bind_blob(struct sql_stmt *st, int i, const void *v, size_t n)
{
	(void)sqlite3_bind_blob64(st->st, i, v, n, SQLITE_STATIC);
}

int
sql_step(struct sql_stmt *st, struct err *e)
{
	switch (sqlite3_step(st->st)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		(void)sqlite3_reset(st->st);
		return 0;
	default:
		(void)fail(st->sql, e, "database");
		(void)sqlite3_reset(st->st);
		return -1;
	}
}

void
sql_reset(struct sql_stmt *st)
{
	(void)sqlite3_reset(st->st);
}

int
sql_run(struct sql_stmt *st, struct err *e)
{
	int rc = sql_step(st, e);

	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

int64_t
sql_int(struct sql_stmt *st, int col)
{
	return sqlite3_column_int64(st->st, col);
}

double
sql_double(struct sql_stmt *st, int col)
{
	return sqlite3_column_double(st->st, col);
}

const char *
sql_text(struct sql_stmt *st, int col)
{
	const void *t = sqlite3_column_text(st->st, col);

	return t != NULL ? t : "";
}

bool
sql_is_null(struct sql_stmt *st, int col)
{
	return sqlite3_column_type(st->st, col) == SQLITE_NULL;
}

const void *
sql_blob(struct sql_stmt *st, int col, size_t *n_r)
{
	const void *p = sqlite3_column_blob(st->st, col);

	*n_r = (size_t)sqlite3_column_bytes(st->st, col);
	return p;
}

int
sql_begin(struct sql *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s, "BEGIN IMMEDIATE", e);

	return st == NULL ? -1 : sql_run(st, e);
}

int
sql_commit(struct sql *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s, "COMMIT", e);

	return st == NULL ? -1 : sql_run(st, e);
}

void
sql_rollback(struct sql *s)
{
	int last = s->last;

	if (!sqlite3_get_autocommit(s->db))
		(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->last = last;
}

int
sql_begin_read(struct sql *s, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s, "BEGIN", e);

	return st == NULL ? -1 : sql_run(st, e);
}

void
sql_end_read(struct sql *s)
{
	struct err e;

	if (!sqlite3_get_autocommit(s->db) && sql_commit(s, &e) == -1)
		sql_rollback(s);
}

const volatile uint32_t *
sql_wal_changes(struct sql *s)
{
	if (s->file == NULL &&
	    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER,
	        &s->file) != SQLITE_OK)
		return NULL;
	return sql_vfs_changes(s->file);
}

int64_t
sql_last_id(struct sql *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

int64_t
sql_changes(struct sql *s)
{
	return sqlite3_changes64(s->db);
}

int64_t
sql_total_changes(struct sql *s)
{
	return sqlite3_total_changes64(s->db);
}

bool
sql_was_full(struct sql *s)
{
	return (s->last & 0xff) == SQLITE_FULL ||
	    s->last == SQLITE_IOERR_WRITE || s->last == SQLITE_IOERR_SHMSIZE;
}

bool
sql_was_busy(struct sql *s)
{
	return (s->last & 0xff) == SQLITE_BUSY ||
	    (s->last & 0xff) == SQLITE_LOCKED;
}

bool
sql_was_corrupt(struct sql *s)
{
	return (s->last & 0xff) == SQLITE_CORRUPT ||
	    (s->last & 0xff) == SQLITE_NOTADB;
}

struct sqlite3 *
sql_handle(struct sql *s)
{
	return s->db;
}

const char *
sql_path(const char *url, struct err *e)
{
	static const char scheme[] = "sqlite:";

	if (strncmp(url, scheme, sizeof(scheme) - 1) == 0 &&
	    url[sizeof(scheme) - 1] != '\0')
		return url + sizeof(scheme) - 1;
	(void)err_set(
	    e, "\"%.80s\" is not a store: write sqlite:/path/to/file", url);
	return NULL;
}

int
sql_reserve(struct sql *s, size_t bytes, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s, "PRAGMA freelist_count", e);
	int64_t pages;
	int persist = 1;
	char text[128];

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	pages = sql_int(st, 0);
	sql_reset(st);
	/* the log keeps its length, also when the database is closed */
	(void)sqlite3_file_control(
	    s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	if (sql_exec(s, "PRAGMA wal_autocheckpoint=16", e) == -1)
		return -1;
	if (pages * 4096 >= (int64_t)bytes)
		return 0;
	(void)snprintf(text, sizeof(text),
	    "CREATE TABLE reserve (b); INSERT INTO reserve VALUES "
	    "(zeroblob(%zu)); DROP TABLE reserve",
	    bytes);
	if (sql_begin(s, e) == -1)
		return -1;
	if (sql_exec(s, text, e) == -1 || sql_commit(s, e) == -1) {
		sql_rollback(s);
		return -1;
	}
	return sql_exec(s, "PRAGMA wal_checkpoint(RESTART)", e);
}
