#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/log.h"
#include "lib/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_MS 250
#define PROBE_MS 500 /* between two looks at a fault */
#define SLOW_NS 20000000 /* a commit that took longer ... */
#define SLOW_MS 5000 /* ... leaves the next ones to the writer for so long */
#define AWAY_MS 3000 /* a file that is gone this long is made anew */

/* The writer's view of a fault. */
struct fault {
	int64_t next_probe_ms;
	int64_t away_since_ms; /* no file at the path; 0: there is one */
	unsigned probes; /* since it began */
	bool closed; /* nothing is open */
};

/* What the connections share is of this process alone now: all must go. */
static bool
memory_is_lost(struct sqlite_store *s)
{
	if (sql_memory_was_lost())
		s->lost_memory = true;
	return s->lost_memory;
}

static int
run_batch(struct sqlite_store *s, struct request *batch, struct err *e)
{
	const volatile uint32_t *changes;
	struct request *r;
	int rc = 0;

	if (sql_begin(s->writer, e) == -1)
		return -1;
	changes = sql_wal_changes(s->writer);
	if (changes != NULL)
		recent_begin(s->recent, changes);
	s->wrote = false;
	for (r = batch; r != NULL && rc == 0; r = r->next) {
		if (r->run == NULL) {
			rc = row_judge(s, &r->q, &r->j, e);
		} else {
			rc = r->run(s->writer, r->arg, e);
			recent_other(s->recent);
		}
	}
	if (rc == 0 && memory_is_lost(s))
		rc = err_set(e, "the file %s-shm was cut", s->path);
	if (rc == 0)
		rc = sql_commit(s->writer, e);
	if (rc == 0) {
		recent_commit(s->recent, s->wrote);
	} else {
		recent_abort(s->recent);
		sql_rollback(s->writer);
	}
	return rc;
}

static void
count_batch(struct sqlite_store *s, const struct request *batch, int64_t ns)
{
	unsigned long long n = 0, us = (unsigned long long)ns / 1000;

	for (; batch != NULL; batch = batch->next)
		n++;
	atomic_fetch_add(&s->commits, 1);
	atomic_fetch_add(&s->written, n);
	atomic_fetch_add(&s->commit_us, us);
	if (us > atomic_load(&s->worst_commit_us))
		atomic_store(&s->worst_commit_us, us);
	if (n > atomic_load(&s->batch_max))
		atomic_store(&s->batch_max, n);
}

static void
note_fault(struct sqlite_store *s, const struct err *e)
{
	s->fault = *e;
	if (s->writer != NULL && sql_was_corrupt(s->writer))
		atomic_store(&s->damaged, true);
	atomic_store(&s->faulty, true);
}

/*
 * The last frames of the WAL, between two commits: as nobody adds any, the
 * next commit can start the file again from its beginning.
 */
static void
checkpoint_rest(struct sqlite_store *s)
{
	if (!atomic_exchange(&s->want_checkpoint, false))
		return;
	store_holders_let_go(s);
	(void)sqlite3_wal_checkpoint_v2(
	    sql_handle(s->writer), NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	s->starts_again = true;
}

static void
work(struct sqlite_store *s, struct request *batch)
{
	int64_t start = clock_mono_ns(), took;
	struct err e = { { 0 } };
	int rc = run_batch(s, batch, &e);

	took = clock_mono_ns() - start;
	if (took > SLOW_NS)
		atomic_store(&s->slow_until_ms, clock_mono_ms() + SLOW_MS);
	if (s->starts_again) {
		s->starts_again = false;
		atomic_store(&s->checkpoints, false);
	}
	if (rc == 0)
		count_batch(s, batch, took);
	else
		note_fault(s, &e);
	store_answer(batch, rc, &e);
}

void
store_write_now(struct sqlite_store *s)
{
	struct request *batch;

	if (!atomic_load(&s->many)) {
		store_rouse(s);
		return;
	}
	if (clock_mono_ms() >= atomic_load(&s->slow_until_ms) &&
	    pthread_mutex_trylock(&s->write_lock) == 0) {
		batch = atomic_load(&s->faulty) ? NULL : store_take_batch(s);
		if (batch != NULL)
			work(s, batch);
		(void)pthread_mutex_unlock(&s->write_lock);
	} else if (clock_mono_ms() >= atomic_load(&s->slow_until_ms)) {
		return; /* who writes looks at the queue once more */
	}
	store_rouse(s);
}

/* --- faults --- */

static void
unlink_own(const char *path, const char *suffix, ino_t ino)
{
	char name[4200];
	struct stat st;

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	if (stat(name, &st) == 0 && st.st_ino == ino)
		(void)unlink(name);
}

/*
 * The file was moved away, deleted or replaced.  What stands in its WAL goes
 * into it first, wherever it is now; the WAL would otherwise be taken for that
 * of the next file at this path.
 */
static void
leave_file(struct sqlite_store *s)
{
	if (s->writer != NULL)
		(void)sqlite3_wal_checkpoint_v2(sql_handle(s->writer), NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	store_close_all(s);
	unlink_own(s->path, "-wal", s->wal_ino);
	unlink_own(s->path, "-shm", s->shm_ino);
}

/* A damaged database is kept for who wants to look at it. */
static void
set_aside(struct sqlite_store *s)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	char from[4200], to[4300], when[CLOCK_RFC3339_SIZE];
	size_t i;

	store_close_all(s);
	(void)clock_rfc3339(clock_now(), when);
	for (i = 0; i < 3; i++) {
		(void)snprintf(
		    from, sizeof(from), "%s%s", s->path, suffixes[i]);
		(void)snprintf(to, sizeof(to), "%s.damaged-%s%s", s->path, when,
		    suffixes[i]);
		if (rename(from, to) == -1 && errno != ENOENT)
			log_error("store: cannot set %s aside: %s", from,
			    strerror(errno));
	}
	log_error("store: %s is damaged (%s): set aside as %s.damaged-%s, "
	          "started afresh",
	    s->path, s->fault.text, s->path, when);
}

/* Whether a file stands at the path; one that stays away is made anew. */
static bool
may_open(struct sqlite_store *s, struct fault *f)
{
	struct stat st;

	if (stat(s->path, &st) == 0 || errno != ENOENT) {
		f->away_since_ms = 0;
		return true;
	}
	if (f->away_since_ms == 0)
		f->away_since_ms = clock_mono_ms();
	(void)err_set(&s->fault, "%s is gone", s->path);
	return clock_mono_ms() - f->away_since_ms >= AWAY_MS;
}

static int
reopen(struct sqlite_store *s, struct fault *f)
{
	struct err e = { { 0 } };
	bool fresh;

	if (!may_open(s, f))
		return -1;
	fresh = f->away_since_ms != 0;

	if (store_open_all(s, &e) == -1) {
		note_fault(s, &e);
		return -1;
	}
	f->closed = false;
	atomic_store(&s->gone, false);
	atomic_store(&s->damaged, false);
	log_debug("store: opened again%s", s->restore ? ", empty" : "");
	if (fresh)
		log_error("store: %s was gone: started afresh", s->path);
	return 0;
}

/* One small commit: is the fault over? */
static int
probe(struct sqlite_store *s, struct err *e)
{
	struct sql_stmt *st;

	if (sql_begin(s->writer, e) == -1)
		return -1;
	st = sql_prepare(s->writer,
	    "INSERT INTO meta (name, value) VALUES ('probe', 1) "
	    "ON CONFLICT (name) DO UPDATE SET value = value + 1",
	    e);
	if (st == NULL || sql_run(st, e) == -1 ||
	    store_restore_allow(s, s->writer, e) == -1 ||
	    sql_commit(s->writer, e) == -1) {
		sql_rollback(s->writer);
		return -1;
	}
	return 0;
}

/* Look at the fault, at most every PROBE_MS. */
static void
look_after(struct sqlite_store *s, struct fault *f)
{
	struct err e = { { 0 } };

	if (clock_mono_ms() < f->next_probe_ms)
		return;
	f->probes++;
	if (s->writer == NULL)
		f->closed = true; /* it could not be opened at start */
	if (!f->closed && atomic_load(&s->gone)) {
		leave_file(s);
		f->closed = true;
	} else if (atomic_load(&s->damaged)) {
		set_aside(s);
		f->closed = true;
	} else if (s->lost_memory && !f->closed) {
		s->lost_memory = false;
		store_close_all(s);
		f->closed = true;
		f->next_probe_ms = clock_mono_ms() + PROBE_MS;
		return; /* readers that are lent have to go as well */
	} else if (!f->closed && f->probes % 4 == 0 && s->writer != NULL &&
	    !sql_was_busy(s->writer)) {
		store_close_all(s); /* perhaps a new look helps */
		f->closed = true;
	}
	if (!f->closed && s->writer != NULL && sql_was_full(s->writer))
		(void)sqlite3_wal_checkpoint_v2(sql_handle(s->writer), NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	if ((!f->closed || reopen(s, f) == 0) && probe(s, &e) == 0 &&
	    store_first_allow(s, s->writer, &e) == 0) {
		log_warn_limited(&s->well_log, clock_mono_ms(), 60,
		    "store: %s answers again", s->path);
		s->restore = false;
		atomic_store(&s->faulty, false);
		*f = (struct fault){ 0 };
		return;
	}
	if (e.text[0] != '\0')
		note_fault(s, &e);
	log_warn_limited(&s->fault_log, clock_mono_ms(), 60,
	    "store: %s: mail is accepted without greylisting until it is over",
	    s->fault.text);
	f->next_probe_ms = clock_mono_ms() + PROBE_MS;
}

void *
store_writer_main(void *arg)
{
	struct sqlite_store *s = arg;
	struct fault fault = { 0 };
	struct request *batch;
	bool stop;

	for (;;) {
		store_wait_for_work(s, IDLE_MS);
		(void)pthread_mutex_lock(&s->write_lock);
		if (atomic_load(&s->gone) || memory_is_lost(s))
			atomic_store(&s->faulty, true);
		batch = store_take_batch(s);
		if (batch != NULL && atomic_load(&s->faulty))
			store_answer(batch, -1, &s->fault);
		else if (batch != NULL)
			work(s, batch);
		if (!atomic_load(&s->faulty)) {
			checkpoint_rest(s);
		} else {
			/* not now; it would keep this thread awake */
			atomic_store(&s->want_checkpoint, false);
			look_after(s, &fault);
		}
		(void)pthread_mutex_unlock(&s->write_lock);
		(void)pthread_mutex_lock(&s->queue_lock);
		stop = s->stop && s->head == NULL;
		(void)pthread_mutex_unlock(&s->queue_lock);
		if (stop)
			return NULL;
	}
}
