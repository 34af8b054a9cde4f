#include "statusd/store_rescue.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/sql_salvage.h"
#include "statusd/store_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 3000

/* What is in the copy; what the next reports bring back is not. */
static const char *const kept[] = { "thread", "thread_system", "cause", "label",
	"entry", "evidence", "token", "series", "sample_day", "period", "meta",
	NULL };
/* All, the most precious first. */
static const char *const all[] = { "thread", "thread_system", "cause", "label",
	"entry", "evidence", "token", "report", "finding", "fault", "notice",
	"told", "probe", "series", "sample_day", "period", "meta", NULL };

/*
 * Tables without their rules: those of the database are what holds.  "gone" are
 * the threads to be copied again.
 */
static const char make[] =
    "CREATE TABLE IF NOT EXISTS thread AS SELECT * FROM src.thread WHERE 0;"
    "CREATE UNIQUE INDEX IF NOT EXISTS thread_id ON thread (id);"
    "CREATE TABLE IF NOT EXISTS thread_system AS"
    " SELECT * FROM src.thread_system WHERE 0;"
    "CREATE INDEX IF NOT EXISTS thread_system_thread ON thread_system (thread);"
    "CREATE TABLE IF NOT EXISTS cause AS SELECT * FROM src.cause WHERE 0;"
    "CREATE INDEX IF NOT EXISTS cause_thread ON cause (thread);"
    "CREATE TABLE IF NOT EXISTS label AS SELECT * FROM src.label WHERE 0;"
    "CREATE INDEX IF NOT EXISTS label_thread ON label (thread);"
    "CREATE TABLE IF NOT EXISTS entry AS SELECT * FROM src.entry WHERE 0;"
    "CREATE INDEX IF NOT EXISTS entry_thread ON entry (thread);"
    "CREATE TABLE IF NOT EXISTS evidence AS SELECT * FROM src.evidence WHERE 0;"
    "CREATE INDEX IF NOT EXISTS evidence_thread ON evidence (thread);"
    "CREATE TABLE IF NOT EXISTS token AS SELECT * FROM src.token WHERE 0;"
    "CREATE TABLE IF NOT EXISTS series AS SELECT * FROM src.series WHERE 0;"
    "CREATE TABLE IF NOT EXISTS sample_day AS"
    " SELECT * FROM src.sample_day WHERE 0;"
    "CREATE UNIQUE INDEX IF NOT EXISTS sample_day_of ON sample_day"
    " (series, day);"
    "CREATE TABLE IF NOT EXISTS period AS SELECT * FROM src.period WHERE 0;"
    "CREATE UNIQUE INDEX IF NOT EXISTS period_of ON period (system, from_at);"
    "CREATE TABLE IF NOT EXISTS meta AS SELECT * FROM src.meta WHERE 0;";

#define OF_THREADS(table)                                                   \
	"DELETE FROM " table " WHERE thread IN (SELECT id FROM temp.gone);" \
	"INSERT INTO " table " SELECT * FROM src." table                    \
	" WHERE thread IN (SELECT id FROM temp.gone);"
#define ANEW(table)                                                            \
	"DELETE FROM " table ";INSERT INTO " table " SELECT * FROM src." table \
	";"

static const char bring[] =
    "CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY);"
    "INSERT INTO temp.gone SELECT t.id FROM src.thread t"
    " LEFT JOIN thread k ON k.id = t.id"
    " WHERE k.rev IS NOT t.rev OR k.status <> t.status"
    " OR t.resolved_at = 0 OR k.resolved_at <> t.resolved_at;"
    "DELETE FROM thread WHERE id IN (SELECT id FROM temp.gone);"
    "INSERT INTO thread SELECT * FROM src.thread"
    " WHERE id IN (SELECT id FROM temp.gone);" OF_THREADS(
        "thread_system") OF_THREADS("cause") OF_THREADS("label") OF_THREADS("entry")
        OF_THREADS("evidence") ANEW("token") ANEW("series") ANEW(
            "meta") "INSERT OR REPLACE INTO sample_day SELECT * FROM src.sample_day"
                    " WHERE day >= (SELECT coalesce(max(day), 0) - 3 FROM sample_day);"
                    "INSERT OR REPLACE INTO period SELECT * FROM src.period"
                    " WHERE until_at = 0 OR until_at >="
                    " (SELECT coalesce(max(until_at), 0) - 7200 FROM period);"
                    "DROP TABLE temp.gone;";

static int64_t
version_of(struct sql *s, const char *text)
{
	struct err e;
	struct sql_stmt *st = sql_prepare(s, text, &e);
	int64_t v = st != NULL && sql_step(st, &e) == 1 ? sql_int(st, 0) : -1;

	if (st != NULL)
		sql_reset(st);
	return v;
}

static void
remove_all(const char *path)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char name[4200];

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		(void)unlink(name);
	}
}

/* Like the database itself nobody else's to read: it has the tokens' hashes. */
static void
make_file(const char *copy)
{
	int fd = open(
	    copy, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd != -1)
		(void)close(fd);
}

/*
 * The copy, with the database attached as "src".  NULL with *bad_r where what
 * is there is no good.
 */
static struct sql *
open_copy(struct store *s, const char *copy, bool *bad_r, struct err *e)
{
	struct sql_stmt *st;
	struct sql *db;
	int64_t had;

	make_file(copy);
	db = sql_open(copy, SQL_CREATE, BUSY_MS, e);
	*bad_r = db == NULL && sql_open_was_corrupt();
	if (db == NULL)
		return NULL;
	had = version_of(db, "PRAGMA user_version");
	if (had != 0 && had != store_n_schema) {
		*bad_r = true;
		(void)err_set(e, "it is of another version");
	} else if ((st = sql_prepare(db, "ATTACH ? AS src", e)) != NULL) {
		sql_bind_text(st, 1, s->path);
		if (sql_run(st, e) == 0)
			return db;
	}
	sql_close(db);
	return NULL;
}

static int
update_copy(struct sql *db, struct err *e)
{
	char set[64];

	(void)snprintf(
	    set, sizeof(set), "PRAGMA main.user_version=%d", store_n_schema);
	if (sql_exec(db, "BEGIN", e) == -1)
		return -1;
	if (sql_exec(db, make, e) == -1 || sql_exec(db, bring, e) == -1 ||
	    sql_exec(db, set, e) == -1 || sql_exec(db, "COMMIT", e) == -1) {
		sql_rollback(db);
		return -1;
	}
	return 0;
}

/* Damage was met: the copy's, or that of the database? */
static bool
is_sound(struct sql *db)
{
	struct err e;
	struct sql_stmt *st = sql_prepare(db, "PRAGMA main.quick_check(1)", &e);
	bool sound = st != NULL && sql_step(st, &e) == 1 &&
	    strcmp(sql_text(st, 0), "ok") == 0;

	if (st != NULL)
		sql_reset(st);
	return sound;
}

static int
keep(struct store *s, const char *copy, bool *bad_r, struct err *e)
{
	struct sql *db = open_copy(s, copy, bad_r, e);
	int rc = db != NULL ? update_copy(db, e) : -1;

	if (rc == -1 && db != NULL && sql_was_corrupt(db)) {
		*bad_r = !is_sound(db);
		s->damaged = s->damaged || !*bad_r;
	}
	sql_close(db);
	return rc;
}

int
store_keep(struct store *s, const char *copy, struct err *e)
{
	bool bad;
	int rc = keep(s, copy, &bad, e);

	if (rc == -1 && bad) {
		remove_all(copy);
		rc = keep(s, copy, &bad, e);
	}
	return rc == -1 ? err_prefix(e, "%s", copy) : 0;
}

int
store_keep_mark(struct store *s, int64_t *mark_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT (SELECT coalesce(max(id), 0) * 1000003 + "
	    "coalesce(sum(rev), 0) FROM thread) + "
	    "(SELECT coalesce(sum(id), 0) * 7919 FROM token)",
	    e);

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	*mark_r = sql_int(st, 0);
	sql_reset(st);
	return 0;
}

static int
move(const char *from, const char *to, struct err *e)
{
	static const char *const tails[] = { "-wal", "-shm", "" };
	char old[4400], new[4400];

	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(old, sizeof(old), "%s%s", from, tails[i]);
		(void)snprintf(new, sizeof(new), "%s%s", to, tails[i]);
		if (rename(old, new) == -1 && errno != ENOENT)
			return err_set(e, "rename %s to %s: %s", old, new,
			    strerror(errno));
	}
	return 0;
}

int
store_set_aside(
    const char *path, int64_t now, char *aside, size_t size, struct err *e)
{
	char when[CLOCK_RFC3339_SIZE];

	(void)clock_rfc3339(now, when);
	(void)snprintf(aside, size, "%s.damaged-%s", path, when);
	return move(path, aside, e);
}

void
store_put_back(const char *path, const char *aside)
{
	struct err e;

	remove_all(path);
	(void)move(aside, path, &e);
}

/* What hangs in the air, or is nonsense, goes. */
static const char tidy[] =
    "DELETE FROM thread WHERE typeof(title) <> 'text' OR"
    " typeof(opened_at) <> 'integer' OR kind NOT BETWEEN 0 AND 2 OR"
    " status NOT BETWEEN 0 AND 7 OR impact NOT BETWEEN 0 AND 3;"
    "DELETE FROM entry WHERE typeof(body) <> 'text' OR"
    " typeof(title) <> 'text' OR kind NOT BETWEEN 0 AND 3 OR"
    " status NOT BETWEEN 0 AND 7;"
    "DELETE FROM period WHERE state NOT BETWEEN 0 AND 5 OR"
    " felt NOT BETWEEN 0 AND 5;"
    "DELETE FROM entry WHERE thread NOT IN (SELECT id FROM thread);"
    "DELETE FROM thread WHERE id NOT IN (SELECT thread FROM entry);"
    "DELETE FROM thread_system WHERE thread NOT IN (SELECT id FROM thread);"
    "DELETE FROM cause WHERE thread NOT IN (SELECT id FROM thread);"
    "DELETE FROM label WHERE thread NOT IN (SELECT id FROM thread);"
    "DELETE FROM evidence WHERE thread NOT IN (SELECT id FROM thread);"
    "DELETE FROM sample_day WHERE series NOT IN (SELECT id FROM series);";

int
store_restore(struct store *s, const char *aside, const char *copy,
    struct store_restored *r, struct err *e)
{
	int rc = -1;

	*r = (struct store_restored){ 0 };
	if (sql_exec(s->sql, "PRAGMA foreign_keys=OFF", e) == -1)
		return -1;
	if (aside[0] != '\0')
		r->rows = sql_salvage(s->sql, aside, all, e);
	if (r->rows != -1 && access(copy, R_OK) == 0)
		r->more = sql_salvage(s->sql, copy, kept, e);
	if (r->rows != -1 && r->more != -1)
		rc = sql_exec(s->sql, tidy, e);
	if (rc == 0)
		rc = store_meta_set(s, "known", 1, e);
	r->threads = version_of(s->sql, "SELECT count(*) FROM thread");
	if (sql_exec(s->sql, "PRAGMA foreign_keys=ON", e) == -1)
		rc = -1;
	return rc;
}

bool
store_is_new(struct store *s)
{
	struct err e;
	int64_t v;

	return store_meta_get(s, "known", &v, &e) == 0;
}
