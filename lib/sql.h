#ifndef LIB_SQL_H
#define LIB_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sqlite3;

/*
 * A thin layer over SQLite: WAL, prepared statements that are kept, errors in
 * words.  A connection and its statements belong to one thread at a time.
 */
struct sql;
struct sql_stmt;

/*
 * SQL_ALONE: as SQL_CREATE, for a file that no other process opens: without the
 * file of shared memory, which can need room where the disk has none.
 */
enum sql_open_mode { SQL_CREATE, SQL_READ_WRITE, SQL_READ_ONLY, SQL_ALONE };

/*
 * Open the database at "path" in WAL mode with synchronous=NORMAL and a busy
 * time-out of "busy_ms".  New files get mode 0640.  NULL with *e set on
 * failure.
 */
struct sql *sql_open(
    const char *path, enum sql_open_mode mode, int busy_ms, struct err *e);
/*
 * Whether the last sql_open() of this thread failed because the file is
 * damaged, or no database at all.
 */
bool sql_open_was_corrupt(void);
void sql_close(struct sql *s);

/* Run statements that return no rows. */
int sql_exec(struct sql *s, const char *text, struct err *e);

/*
 * Bring the schema up to date: steps[i] takes it from version i to i + 1
 * (PRAGMA user_version), each in a transaction of its own, safe against
 * another process that does the same.  A database newer than the program is
 * refused.
 */
int sql_migrate(
    struct sql *s, const char *const *steps, int n_steps, struct err *e);

/*
 * The prepared statement for "text", made at first use and kept until
 * sql_close (the pointer "text" must be of a literal: it is the key).  It comes
 * reset and with nothing bound.  NULL with *e set on failure.
 */
struct sql_stmt *sql_prepare(struct sql *s, const char *text, struct err *e);

/* Parameters count from 1.  Text and blobs must live until the reset. */
void sql_bind_int(struct sql_stmt *st, int i, int64_t v);
void sql_bind_double(struct sql_stmt *st, int i, double v);
void sql_bind_text(struct sql_stmt *st, int i, const char *v); /* NULL: null */
void sql_bind_blob(struct sql_stmt *st, int i, const void *v, size_t n);

/* 1: a row; 0: done; -1 with *e set (the statement is reset). */
int sql_step(struct sql_stmt *st, struct err *e);
/* End a statement before its last row; harmless otherwise. */
void sql_reset(struct sql_stmt *st);
/* Run a statement whose rows, if any, do not matter: 0 or -1; resets it. */
int sql_run(struct sql_stmt *st, struct err *e);

/* Columns count from 0; text and blob live until the next step or reset. */
int64_t sql_int(struct sql_stmt *st, int col);
double sql_double(struct sql_stmt *st, int col);
const char *sql_text(struct sql_stmt *st, int col); /* never NULL */
bool sql_is_null(struct sql_stmt *st, int col);
const void *sql_blob(struct sql_stmt *st, int col, size_t *n_r);

/* BEGIN IMMEDIATE; COMMIT; ROLLBACK. */
int sql_begin(struct sql *s, struct err *e);
int sql_commit(struct sql *s, struct err *e);
void sql_rollback(struct sql *s);

int64_t sql_last_id(struct sql *s);
int64_t sql_changes(struct sql *s);
/* Rows that this connection has changed since it was opened. */
int64_t sql_total_changes(struct sql *s);

/*
 * For a small database that must be written when the disk is full: at least
 * "bytes" of the file and of its log are allocated now and used again later.
 * For one connection that makes small transactions.  Returns 0 or -1.
 */
int sql_reserve(struct sql *s, size_t bytes, struct err *e);

/*
 * Whether memory that connections of this process share with others was lost
 * since the last call, because somebody cut its file ("-shm"): close them all
 * before any is opened again.
 */
bool sql_memory_was_lost(void);

/* As sql_begin(), for reading: all statements see the same, until the end. */
int sql_begin_read(struct sql *s, struct err *e);
void sql_end_read(struct sql *s);
/*
 * The count of transactions that were ever committed to the database, by
 * whatever process; where it is kept ("The WAL-Index Header" of SQLite's file
 * format), valid while the connection is open.  NULL before the first
 * transaction, and for a database without shared memory.
 */
const volatile uint32_t *sql_wal_changes(struct sql *s);

/* What the last failure was: the store is full; it is busy; it is damaged. */
bool sql_was_full(struct sql *s);
bool sql_was_busy(struct sql *s);
bool sql_was_corrupt(struct sql *s);

/* For what is special to one store (checkpoints, hooks). */
struct sqlite3 *sql_handle(struct sql *s);

/* From "sqlite:/path" the path, or NULL with *e set for another form. */
const char *sql_path(const char *url, struct err *e);

#endif
