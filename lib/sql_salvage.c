#include "lib/sql_salvage.h"

#include "lib/err.h"
#include "lib/sql.h"
#include "lib/sql_vfs.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE 512
#define BUSY_MS 1000

/* One number that a statement gives; -1 where it does not. */
static int64_t
number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *st;
	int64_t v = -1;

	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK)
		return -1;
	if (sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return v;
}

/* "rowid", or the columns of the primary key, each with the direction. */
static int
key_of(sqlite3 *db, const char *table, const char *way, char *out, size_t size)
{
	sqlite3_stmt *st;
	char text[TEXT_SIZE];
	size_t n = 0;

	(void)snprintf(text, sizeof(text), "SELECT rowid FROM %s", table);
	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK) {
		(void)sqlite3_finalize(st);
		(void)snprintf(out, size, "rowid %s", way);
		return 0;
	}
	(void)snprintf(text, sizeof(text),
	    "SELECT name FROM pragma_table_info('%s') WHERE pk > 0 ORDER BY pk",
	    table);
	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK)
		return -1;
	while (n < size && sqlite3_step(st) == SQLITE_ROW)
		n += (size_t)snprintf(out + n, size - n, "%s\"%s\" %s",
		    n > 0 ? ", " : "", (const char *)sqlite3_column_text(st, 0),
		    way);
	(void)sqlite3_finalize(st);
	return n > 0 && n < size ? 0 : -1;
}

static sqlite3_stmt *
reader(sqlite3 *db, const char *table, const char *way)
{
	char key[TEXT_SIZE / 2], text[TEXT_SIZE];
	sqlite3_stmt *st;

	if (key_of(db, table, way, key, sizeof(key)) == -1)
		return NULL;
	(void)snprintf(
	    text, sizeof(text), "SELECT * FROM %s ORDER BY %s", table, key);
	return sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK ? st
	                                                                : NULL;
}

static sqlite3_stmt *
writer(sqlite3 *db, const char *table, int columns)
{
	char text[TEXT_SIZE];
	size_t n = (size_t)snprintf(
	    text, sizeof(text), "INSERT OR IGNORE INTO %s VALUES (?", table);
	sqlite3_stmt *st;

	for (int i = 1; i < columns && n + 4 < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",?");
	(void)snprintf(text + n, sizeof(text) - n, ")");
	return sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK ? st
	                                                                : NULL;
}

/* One row: 1 taken, 0 left out, -1 it could not be written. */
static int
put(sqlite3 *to, sqlite3_stmt *out, sqlite3_stmt *in, struct err *e)
{
	int rc;

	for (int i = 0; i < sqlite3_column_count(in); i++)
		(void)sqlite3_bind_value(
		    out, i + 1, sqlite3_column_value(in, i));
	rc = sqlite3_step(out);
	(void)sqlite3_reset(out);
	if (rc == SQLITE_DONE)
		return sqlite3_changes(to) > 0;
	if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH)
		return 0;
	return err_set(e, "salvage: %s", sqlite3_errmsg(to));
}

/*
 * Read the table from one end; *whole_r says whether it came to the other.
 * Returns the rows taken, or -1.
 */
static int64_t
copy(sqlite3 *from, sqlite3 *to, const char *table, const char *way,
    bool *whole_r, struct err *e)
{
	sqlite3_stmt *in = reader(from, table, way), *out = NULL;
	int64_t taken = 0;
	int rc, step = SQLITE_ERROR;

	*whole_r = false;
	if (in != NULL)
		out = writer(to, table, sqlite3_column_count(in));
	while (out != NULL && taken != -1 &&
	    (step = sqlite3_step(in)) == SQLITE_ROW) {
		rc = put(to, out, in, e);
		taken = rc == -1 ? -1 : taken + rc;
	}
	*whole_r = step == SQLITE_DONE;
	(void)sqlite3_finalize(in);
	(void)sqlite3_finalize(out);
	return taken;
}

static int64_t
copy_all(sqlite3 *from, sqlite3 *to, const char *const *tables, struct err *e)
{
	int64_t taken = 0, n;
	bool whole;

	for (size_t i = 0; tables[i] != NULL; i++) {
		n = copy(from, to, tables[i], "ASC", &whole, e);
		if (n != -1 && !whole) {
			taken += n;
			n = copy(from, to, tables[i], "DESC", &whole, e);
		}
		if (n == -1)
			return -1;
		taken += n;
	}
	return taken;
}

static int64_t
salvage(struct sql *to, sqlite3 *from, const char *const *tables, struct err *e)
{
	sqlite3 *db = sql_handle(to);
	int64_t taken;

	if (number(from, "PRAGMA user_version") !=
	    number(db, "PRAGMA user_version"))
		return 0;
	if (sql_begin(to, e) == -1)
		return -1;
	taken = copy_all(from, db, tables, e);
	if (taken == -1 || sql_commit(to, e) == -1) {
		sql_rollback(to);
		return -1;
	}
	return taken;
}

int64_t
sql_salvage(
    struct sql *to, const char *from, const char *const *tables, struct err *e)
{
	sqlite3 *db = NULL;
	int64_t taken = 0;

	if (sqlite3_open_v2(from, &db,
	        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	        sql_vfs()) == SQLITE_OK) {
		(void)sqlite3_busy_timeout(db, BUSY_MS);
		/* Its log stays beside it, for who wants to look at it. */
		(void)sqlite3_db_config(
		    db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		(void)sqlite3_exec(
		    db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
		taken = salvage(to, db, tables, e);
	}
	(void)sqlite3_close(db);
	return taken;
}
