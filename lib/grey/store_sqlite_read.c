#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PORTION 256 /* rows that are read at once */

static void
read_envelope(struct sql_stmt *st, struct grey_envelope *env)
{
	const void *blob;
	size_t n;

	memset(env, 0, offsetof(struct grey_envelope, sender));
	blob = sql_blob(st, 0, &n);
	if (n == KEY_BYTES)
		memcpy(env->key.bytes, blob, n);
	env->record.first_seen = sql_int(st, 1);
	env->record.last_seen = sql_int(st, 2);
	blob = sql_blob(st, 3, &n);
	(void)row_read_origins(blob, n, &env->record);
	(void)snprintf(env->sender, sizeof(env->sender), "%s", sql_text(st, 4));
	(void)snprintf(
	    env->recipient, sizeof(env->recipient), "%s", sql_text(st, 5));
	(void)snprintf(env->client, sizeof(env->client), "%s", sql_text(st, 6));
}

int
store_envelope(struct grey_store *store, const struct key *key,
    struct grey_envelope *env_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	struct sql_stmt *st;
	int rc = -1;

	if (db == NULL)
		return err_prefix(e, "store");
	st = sql_prepare(db,
	    "SELECT key, first, last, origins, sender, recipient, client FROM "
	    "envelope WHERE key = ?1",
	    e);
	if (st != NULL) {
		sql_bind_blob(st, 1, key->bytes, KEY_BYTES);
		rc = sql_step(st, e);
		if (rc == 1)
			read_envelope(st, env_r);
		sql_reset(st);
	}
	store_reader_give(s, db, epoch, rc == -1);
	return rc == -1 ? err_prefix(e, "store") : rc;
}

int
store_credit(struct grey_store *store, uint64_t id,
    struct grey_credit *credit_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	int rc;

	if (db == NULL)
		return err_prefix(e, "store");
	rc = row_get_credit(db, id, credit_r, e);
	store_reader_give(s, db, epoch, rc == -1);
	return rc == -1 ? err_prefix(e, "store") : rc;
}

/* The next portion behind "at".  How many rows, or -1. */
static int
read_portion(struct sqlite_store *s, const struct key *at,
    struct grey_envelope *rows, struct err *e)
{
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	struct sql_stmt *st;
	int n = 0, rc = -1;

	if (db == NULL)
		return err_prefix(e, "store");
	st = sql_prepare(db,
	    "SELECT key, first, last, origins, sender, recipient, client FROM "
	    "envelope WHERE key > ?1 ORDER BY key LIMIT ?2",
	    e);
	if (st != NULL) {
		sql_bind_blob(st, 1, at->bytes, KEY_BYTES);
		sql_bind_int(st, 2, PORTION);
		while (n < PORTION && (rc = sql_step(st, e)) == 1)
			read_envelope(st, &rows[n++]);
		sql_reset(st);
	}
	store_reader_give(s, db, epoch, rc == -1);
	return rc == -1 ? err_prefix(e, "store") : n;
}

int
store_each(struct grey_store *store,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct grey_envelope *rows = calloc(PORTION, sizeof(*rows));
	struct key at = { { 0 } };
	int i, n, rc = 0;

	if (rows == NULL)
		return err_set(e, "no memory");
	do {
		n = read_portion(s, &at, rows, e);
		for (i = 0; i < n && rc == 0; i++)
			rc = each(&rows[i], arg, e);
		/* else it would never end */
		if (n > 0 &&
		    memcmp(rows[n - 1].key.bytes, at.bytes, KEY_BYTES) <= 0)
			rc = err_set(e,
			    "store: the database is damaged: rows "
			    "are not in order");
		if (n > 0)
			at = rows[n - 1].key;
	} while (n == PORTION && rc == 0);
	free(rows);
	return n == -1 ? -1 : rc;
}

static int64_t
count(struct sql *db, const char *text, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db, text, e);
	int64_t n = -1;

	if (st != NULL && sql_step(st, e) == 1) {
		n = sql_int(st, 0);
		sql_reset(st);
	}
	return n;
}

static int64_t
file_bytes(const char *path)
{
	char name[4200];
	struct stat st;
	int64_t n = 0;

	if (stat(path, &st) == 0)
		n += st.st_size;
	(void)snprintf(name, sizeof(name), "%s-wal", path);
	if (stat(name, &st) == 0)
		n += st.st_size;
	return n;
}

/* The first row of the check is "ok" or a fault. */
static int
verify(struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db, "PRAGMA integrity_check(1)", e);
	int rc;

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	rc = strcmp(sql_text(st, 0), "ok") == 0
	    ? 0
	    : err_set(e, "the database is damaged: %s", sql_text(st, 0));
	sql_reset(st);
	return rc;
}

int
store_verify(struct grey_store *store, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	int64_t version;
	int rc;

	if (db == NULL)
		return err_prefix(e, "store");
	rc = verify(db, e);
	if (rc == 0) {
		version = count(db, "PRAGMA user_version", e);
		if (version != -1 && version != STORE_SCHEMA_VERSION)
			rc = err_set(e,
			    "the database is of version %lld, this program "
			    "knows %d",
			    (long long)version, STORE_SCHEMA_VERSION);
		else if (version == -1)
			rc = -1;
	}
	store_reader_give(s, db, epoch, rc == -1);
	return rc == -1 ? err_prefix(e, "store") : 0;
}

static int
add_waiting(const struct grey_envelope *env, void *arg, struct err *e)
{
	struct grey_stats *stats = arg;

	(void)e;
	stats->envelopes++;
	stats->waiting += grey_record_waits(&env->record);
	return 0;
}

int
store_stats(struct grey_store *store, struct grey_stats *stats_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	unsigned epoch;
	struct sql *db;
	int rc;

	*stats_r = (struct grey_stats){ .bytes = file_bytes(s->path) };
	if (store_each(store, add_waiting, stats_r, e) == -1)
		return -1;
	db = store_reader_take(s, &epoch, e);
	if (db == NULL)
		return err_prefix(e, "store");
	stats_r->credits = count(db, "SELECT count(*) FROM credit", e);
	stats_r->entries = count(db, "SELECT count(*) FROM allow", e);
	rc = stats_r->credits == -1 || stats_r->entries == -1 ? -1 : 0;
	store_reader_give(s, db, epoch, rc == -1);
	return rc == -1 ? err_prefix(e, "store") : 0;
}

/* --- counters
 * ----------------------------------------------------------------- */

static int
write_counter(struct sql *db, void *arg, struct err *e)
{
	const struct grey_counter *c = arg;
	struct sql_stmt *st = sql_prepare(db,
	    "INSERT INTO counter (name, total) VALUES (?1, ?2) "
	    "ON CONFLICT (name) DO UPDATE SET total = total + ?2",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, c->name);
	sql_bind_int(st, 2, c->total);
	return sql_run(st, e);
}

void
store_count(struct grey_store *store, const char *name, int64_t n)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct grey_counter *c;

	if (s->use != GREY_STORE_SERVE || n == 0)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	(void)snprintf(c->name, sizeof(c->name), "%s", name);
	c->total = n;
	store_post(s, write_counter, c);
}

int
store_counters(struct grey_store *store, struct grey_counter **counters_r,
    size_t *n_r, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct grey_counter *list = NULL, *grown;
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, e);
	struct sql_stmt *st;
	size_t n = 0;
	int rc = -1;

	if (db == NULL)
		return err_prefix(e, "store");
	st = sql_prepare(
	    db, "SELECT name, total FROM counter ORDER BY name", e);
	while (st != NULL && (rc = sql_step(st, e)) == 1) {
		grown = realloc(list, (n + 1) * sizeof(*grown));
		if (grown == NULL) {
			rc = err_set(e, "no memory");
			break;
		}
		list = grown;
		(void)snprintf(
		    list[n].name, sizeof(list[n].name), "%s", sql_text(st, 0));
		list[n++].total = sql_int(st, 1);
	}
	if (st != NULL)
		sql_reset(st);
	store_reader_give(s, db, epoch, rc == -1);
	if (rc == -1) {
		free(list);
		return err_prefix(e, "store");
	}
	*counters_r = list;
	*n_r = n;
	return 0;
}
