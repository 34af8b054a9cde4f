#include "lib/grey/store_sqlite.h"

#include "lib/err.h"
#include "lib/sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITER_BUSY_MS 900 /* under STORE_WAIT_MS */
#define READER_BUSY_MS 400
#define EDIT_BUSY_MS 20000
#define WAL_LONG_BYTES (16 * 1024 * 1024)

static const char *const schema[] = {
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('allow', 1);"
	"CREATE TABLE envelope ("
	"  key BLOB PRIMARY KEY,"
	"  first INTEGER NOT NULL,"
	"  last INTEGER NOT NULL,"
	"  origins BLOB NOT NULL,"
	"  sender TEXT, recipient TEXT, client TEXT) WITHOUT ROWID;"
	"CREATE TABLE credit ("
	"  id INTEGER PRIMARY KEY,"
	"  passes INTEGER NOT NULL,"
	"  used INTEGER NOT NULL);"
	"CREATE TABLE allow ("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  kind TEXT NOT NULL, value TEXT NOT NULL, proof TEXT NOT NULL,"
	"  author TEXT NOT NULL, note TEXT NOT NULL,"
	"  created INTEGER NOT NULL, expires INTEGER NOT NULL,"
	"  hits INTEGER NOT NULL, last_hit INTEGER NOT NULL,"
	"  UNIQUE (kind, value));"
	"CREATE TABLE counter ("
	"  name TEXT PRIMARY KEY, total INTEGER NOT NULL) WITHOUT ROWID;",
	/* key_trace() of both addresses: what "greywl forget" looks for. */
	"ALTER TABLE envelope ADD COLUMN sender_trace INTEGER;"
	"ALTER TABLE envelope ADD COLUMN recipient_trace INTEGER;",
	/* key_trace() of what own users have written to */
	"CREATE TABLE expected ("
	"  id INTEGER PRIMARY KEY, used INTEGER NOT NULL);"
	"CREATE INDEX expected_used ON expected (used);",
};

_Static_assert(sizeof(schema) / sizeof(schema[0]) == STORE_SCHEMA_VERSION,
    "a step for each version");

/*
 * Make a file that is missing; as root it belongs to the daemon's user from
 * the moment it has its name, so that nobody finds one that he cannot write.
 */
static int
make_file(const struct sqlite_store *s, const char *suffix, struct err *e)
{
	char name[4200], made[4300];
	int fd, rc = 0;

	(void)snprintf(name, sizeof(name), "%s%s", s->path, suffix);
	(void)snprintf(made, sizeof(made), "%s.new-%ld", name, (long)getpid());
	if (access(name, F_OK) == 0)
		return 0;
	fd = open(
	    made, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd == -1)
		return err_set(e, "%s: %s", name, strerror(errno));
	if (geteuid() == 0 && s->uid != (uid_t)-1 &&
	    fchown(fd, s->uid, s->gid) == -1)
		rc = err_set(e, "%s: %s", name, strerror(errno));
	else if (link(made, name) == -1 && errno != EEXIST)
		rc = err_set(e, "%s: %s", name, strerror(errno));
	(void)close(fd);
	(void)unlink(made);
	return rc;
}

/* The database; as root what SQLite keeps beside it, too. */
static int
make_files(const struct sqlite_store *s, struct err *e)
{
	if (s->memory)
		return 0;
	if (make_file(s, "", e) == -1)
		return -1;
	if (geteuid() != 0)
		return 0;
	return make_file(s, "-wal", e) == -1 ? -1 : make_file(s, "-shm", e);
}

/*
 * What a daemon that was killed again and again has left: none lived long
 * enough to care for it, and each start would have more to read.
 */
static void
shorten_wal(struct sqlite_store *s)
{
	char name[4200];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s-wal", s->path);
	if (stat(name, &st) == 0 && st.st_size > WAL_LONG_BYTES)
		(void)sqlite3_wal_checkpoint_v2(sql_handle(s->writer), NULL,
		    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static int
keep_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct sqlite_store *s = arg;

	(void)db;
	(void)name;
	atomic_store(&s->wal_frames, frames);
	s->wrote = true;
	return SQLITE_OK;
}

static void
note_damage(struct sqlite_store *s, bool damaged)
{
	if (damaged)
		atomic_store(&s->damaged, true);
}

/* A database without tables: it was made just now, or emptied. */
static bool
is_empty(struct sql *db)
{
	struct err e;
	struct sql_stmt *st = sql_prepare(db, "PRAGMA user_version", &e);
	bool empty = st != NULL && sql_step(st, &e) == 1 && sql_int(st, 0) == 0;

	if (st != NULL)
		sql_reset(st);
	return empty;
}

struct sql *
store_open_writer(struct sqlite_store *s, struct err *e)
{
	bool serve = s->use == GREY_STORE_SERVE;
	struct sql *db;

	if (make_files(s, e) == -1)
		return NULL;
	db = sql_open(s->path, s->memory ? SQL_CREATE : SQL_READ_WRITE,
	    serve ? WRITER_BUSY_MS : EDIT_BUSY_MS, e);
	if (db == NULL) {
		note_damage(s, sql_open_was_corrupt());
		return NULL;
	}
	s->restore = s->restore || is_empty(db);
	if (sql_migrate(db, schema, sizeof(schema) / sizeof(schema[0]), e) ==
	    -1) {
		note_damage(s, sql_was_corrupt(db));
		(void)err_prefix(e, "%s", s->path);
		sql_close(db);
		return NULL;
	}
	if (serve) {
		(void)sql_exec(db,
		    "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-12000;",
		    e);
		(void)sqlite3_wal_hook(sql_handle(db), keep_frames, s);
	}
	return db;
}

static struct sql *
open_reader(struct sqlite_store *s, struct err *e)
{
	struct sql *db = sql_open(s->path,
	    s->use == GREY_STORE_SERVE ? SQL_READ_WRITE : SQL_READ_ONLY,
	    READER_BUSY_MS, e);

	if (db != NULL &&
	    sql_exec(db, "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-400;",
	        e) == -1) {
		sql_close(db);
		return NULL;
	}
	return db;
}

/*
 * Make this the secret from now on.  Others may be using the old one, so it
 * stays until the store is closed.
 */
static int
use_secret(
    struct sqlite_store *s, const struct key_secret *secret, struct err *e)
{
	const struct key_secret *old = atomic_load(&s->secret);
	struct store_secret *node;

	if (old != NULL && memcmp(old, secret, sizeof(*old)) == 0)
		return 0;
	node = calloc(1, sizeof(*node));
	if (node == NULL)
		return err_set(e, "no memory");
	node->secret = *secret;
	node->older = s->secrets;
	s->secrets = node;
	atomic_store(&s->secret, &node->secret);
	return 0;
}

static int
make_secret(struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "INSERT OR IGNORE INTO meta VALUES ('secret', ?1)", e);
	struct key_secret secret;

	if (st == NULL)
		return -1;
	key_secret_new(&secret);
	sql_bind_blob(st, 1, secret.bytes, KEY_SECRET_BYTES);
	return sql_run(st, e);
}

/* The secret of the keys; made once for each database.  1, 0 none, -1. */
static int
load_secret(struct sqlite_store *s, struct sql *db, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "SELECT value FROM meta WHERE name = 'secret'", e);
	struct key_secret secret;
	const void *blob;
	size_t n;
	int rc = st == NULL ? -1 : sql_step(st, e);

	if (rc != 1)
		return rc;
	blob = sql_blob(st, 0, &n);
	if (n == KEY_SECRET_BYTES) {
		memcpy(secret.bytes, blob, n);
		rc = use_secret(s, &secret, e);
	} else {
		rc = err_set(e, "the secret of the keys is damaged");
	}
	sql_reset(st);
	return rc == -1 ? -1 : 1;
}

/* Read it, and make it where it is missing. */
static int
need_secret(struct sqlite_store *s, struct sql *db, struct err *e)
{
	int rc = load_secret(s, db, e);

	if (rc == 0 && make_secret(db, e) == 0)
		rc = load_secret(s, db, e);
	return rc == 1 ? 0 : -1;
}

int
store_first_secret(struct sqlite_store *s, struct err *e)
{
	struct key_secret secret;

	key_secret_new(&secret);
	return use_secret(s, &secret, e);
}

static ino_t
inode_of(const char *path, const char *suffix)
{
	char name[4200];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? st.st_ino : 0;
}

/* Touch the file by each reader, so that WAL and index are open as well. */
static int
open_readers(struct sqlite_store *s, struct err *e)
{
	struct sql *db[STORE_READERS] = { NULL };
	size_t i;

	for (i = 0; i < STORE_READERS; i++) {
		db[i] = open_reader(s, e);
		if (db[i] == NULL || load_secret(s, db[i], e) == -1)
			goto bad;
	}
	(void)pthread_mutex_lock(&s->pool_lock);
	for (i = 0; i < STORE_READERS; i++)
		s->readers[i] = (struct store_reader){ .db = db[i] };
	s->n_free = STORE_READERS;
	(void)pthread_mutex_unlock(&s->pool_lock);
	(void)pthread_cond_broadcast(&s->pool_free);
	return 0;
bad:
	for (i = 0; i < STORE_READERS; i++)
		sql_close(db[i]);
	return -1;
}

static void
open_wal(struct sqlite_store *s)
{
	char name[4200];
	int fd;

	(void)snprintf(name, sizeof(name), "%s-wal", s->path);
	fd = open(name, O_RDWR | O_CLOEXEC);
	(void)pthread_mutex_lock(&s->pool_lock);
	s->wal_fd = fd;
	(void)pthread_mutex_unlock(&s->pool_lock);
	s->wal_ino = inode_of(s->path, "-wal");
	s->shm_ino = inode_of(s->path, "-shm");
}

int
store_open_all(struct sqlite_store *s, struct err *e)
{
	struct stat st;

	s->writer = store_open_writer(s, e);
	if (s->writer == NULL || need_secret(s, s->writer, e) == -1)
		goto bad;
	shorten_wal(s);
	if (stat(s->path, &st) == -1) {
		(void)err_set(e, "%s: %s", s->path, strerror(errno));
		goto bad;
	}
	atomic_store(&s->dev, st.st_dev);
	atomic_store(&s->ino, st.st_ino);
	if (open_readers(s, e) == -1)
		goto bad;
	atomic_store(&s->allow_reload, true);
	open_wal(s);
	return 0;
bad:
	note_damage(s, s->writer != NULL && sql_was_corrupt(s->writer));
	store_close_all(s);
	return -1;
}

int
store_open_single(struct sqlite_store *s, struct err *e)
{
	bool edit = s->use == GREY_STORE_EDIT || s->memory;
	struct sql *db = edit ? store_open_writer(s, e) : open_reader(s, e);

	if (db == NULL)
		return -1;
	if ((edit ? need_secret(s, db, e) : load_secret(s, db, e)) == -1) {
		sql_close(db);
		return -1;
	}
	s->readers[0] = (struct store_reader){ .db = db };
	s->n_free = 1;
	return 0;
}

void
store_close_all(struct sqlite_store *s)
{
	size_t i;

	(void)pthread_mutex_lock(&s->pool_lock);
	for (i = 0; i < s->n_free; i++)
		sql_close(s->readers[i].db);
	s->n_free = s->n_lent = 0;
	s->epoch++;
	if (s->wal_fd != -1)
		(void)close(s->wal_fd);
	s->wal_fd = -1;
	(void)pthread_mutex_unlock(&s->pool_lock);
	(void)pthread_cond_broadcast(&s->pool_free);
	sql_close(s->writer);
	s->writer = NULL;
}
