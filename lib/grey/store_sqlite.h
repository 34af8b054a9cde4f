#ifndef LIB_GREY_STORE_SQLITE_H
#define LIB_GREY_STORE_SQLITE_H

#include "lib/err.h"
#include "lib/grey/store.h"
#include "lib/grey/store_recent.h"
#include "lib/log.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside the SQLite store.  Who touches what:
 *
 *   callers       take a reader from the pool, or queue a request; who finds
 *                 nobody writing commits all that is queued, the rest wait
 *   writer        one thread: commits what nobody else has taken; when that
 *                 fails, it looks after the fault until it is over
 *   care          one thread: checkpoints, expiry, the whitelist's copy; it
 *                 may wait for the disk as long as that takes
 *   follow        one thread: the whitelist's changes, notices when the file
 *                 was taken away; it never waits for the disk to write
 *   sync          one thread: fsync of the log, which can take its time
 */
struct sql;
struct sql_stmt;

#define STORE_SCHEMA_VERSION 3
#define STORE_READERS 6
#define STORE_THREADS 4
#define STORE_QUEUE_MAX 8192
#define STORE_BATCH_MAX 512
#define STORE_WAIT_MS 1000
#define STORE_HITS 256

enum request_state { REQUEST_QUEUED, REQUEST_DONE, REQUEST_LEFT };

/*
 * One thing for the writer.  A waiter that gives up marks it REQUEST_LEFT and
 * the writer frees it; else the waiter does.  Without a waiter it starts as
 * REQUEST_LEFT.
 */
struct request {
	struct request *next;
	_Atomic(int) state;
	/* Inside the transaction; NULL: judge "q". */
	int (*run)(struct sql *db, void *arg, struct err *e);
	void *arg; /* malloc()ed; freed with the request */
	struct grey_question q; /* its texts are in "text" */
	struct grey_judgement j;
	sem_t done;
	int rc;
	struct err err;
	char text[];
};

struct grey_whitelist {
	atomic_int refs;
	unsigned long number; /* of each that came into force, another */
	struct allow *allow;
};

struct store_secret {
	struct key_secret secret;
	struct store_secret *older;
};

/*
 * A connection that reads.  It may hold on to what it saw, beyond the question
 * that it was lent for: see store_recent.h.
 */
struct store_reader {
	struct sql *db;
	unsigned epoch; /* of the pool when it was lent */
	bool holds; /* a transaction is open */
	unsigned generation; /* that it began in */
};

struct store_hit {
	int64_t id, hits, last;
};

struct sqlite_store {
	struct grey_store base;
	char *path;
	enum grey_store_use use;
	uid_t uid;
	gid_t gid;
	bool memory; /* an empty store for GREY_STORE_READ */
	_Atomic(const struct key_secret *) secret;
	struct store_secret *secrets; /* all, the newest first */

	pthread_mutex_t option_lock;
	struct grey_store_options options; /* keep and text only */

	/* readers; "epoch" changes when the file is opened again */
	pthread_mutex_t pool_lock;
	pthread_cond_t pool_free;
	struct store_reader readers[STORE_READERS];
	size_t n_free; /* readers[0..n_free) are free */
	size_t n_lent;
	unsigned epoch;

	pthread_mutex_t queue_lock;
	pthread_cond_t queue_filled;
	pthread_cond_t care_wake; /* only to stop: all but the writer */
	struct request *head, **tail;
	size_t queued;
	bool writer_idle;
	bool stop;

	pthread_mutex_t write_lock; /* of what is for who writes */
	struct sql *writer; /* who writes: the connection */
	_Atomic(int64_t) slow_until_ms; /* no commits by callers */
	atomic_bool many; /* commits: only then do callers make them */
	pthread_mutex_t edit_lock; /* GREY_STORE_EDIT: one at a time */
	int64_t
	    edit_begun_ns; /* GREY_STORE_EDIT: the transaction that is open */
	int wal_fd; /* for fsync */
	/* which of STORE_THREADS run */
	pthread_t threads[STORE_THREADS];
	size_t n_threads;

	/* which file is open */
	_Atomic(dev_t) dev;
	_Atomic(ino_t) ino;
	ino_t wal_ino, shm_ino; /* who writes */

	atomic_bool faulty; /* writes fail */
	atomic_bool gone; /* another file, or none, stands at "path" */
	atomic_bool damaged; /* SQLite says so */
	atomic_bool checkpoints; /* readers that hold on would be in its way */
	atomic_bool want_checkpoint; /* the last frames, by the writer */
	atomic_int wal_frames;
	struct err fault; /* who writes */
	struct recent *recent;
	bool wrote; /* who writes: the commit had something to write */
	bool starts_again; /* who writes: the next commit begins the WAL anew */
	bool restore; /* who writes: the database was made anew */
	int64_t n_expected; /* who writes: rows, about; under 0: unknown */
	bool lost_memory; /* who writes: see sql_memory_was_lost() */
	struct log_limit fault_log, well_log;

	pthread_mutex_t allow_lock;
	struct grey_whitelist *whitelist;
	unsigned long n_whitelists; /* that came into force; 0: none was read */
	int64_t allow_generation; /* the following thread only */
	atomic_bool
	    allow_reload; /* another file may have the same generation */
	unsigned long exported; /* care thread only: its number */
	int64_t next_export_ms; /* care thread only */
	struct log_limit export_log;

	pthread_mutex_t hit_lock;
	struct store_hit hits[STORE_HITS];
	size_t n_hits;

	atomic_ullong faults, commits, written, reads, commit_us;
	atomic_ullong worst_commit_us, batch_max;
};

/* --- store_sqlite_file.c: connections --- */

/* Open everything at "path"; sets secret, dev, ino.  0, or -1. */
int store_open_all(struct sqlite_store *s, struct err *e);
/*
 * GREY_STORE_EDIT and GREY_STORE_READ: one connection, lent to one at a time.
 */
int store_open_single(struct sqlite_store *s, struct err *e);
/* A secret to begin with, while no database is open. */
int store_first_secret(struct sqlite_store *s, struct err *e);
/* Close it again; readers that are lent are closed when they come back. */
void store_close_all(struct sqlite_store *s);
/* A connection of its own, for edits. NULL with *e set. */
struct sql *store_open_writer(struct sqlite_store *s, struct err *e);

/* --- store_sqlite_pool.c: connections that read --- */

/* NULL when the store is closed just now (*e set). */
struct sql *store_reader_take(
    struct sqlite_store *s, unsigned *epoch_r, struct err *e);
/* "failed": a statement on it failed; *e says how. */
void store_reader_give(
    struct sqlite_store *s, struct sql *db, unsigned epoch, bool failed);

/* Whether holding on to a look at the database is worth it just now. */
bool store_may_hold(struct sqlite_store *s);
/* One that may hold on already.  0, or -1 when the store is closed. */
int store_holder_take(
    struct sqlite_store *s, struct store_reader *r, struct err *e);
/* Look anew, unless it did within this generation (see store_recent.h). */
int store_holder_look(
    struct store_reader *r, unsigned generation, struct err *e);
/* "failed": as with store_reader_give(). */
void store_holder_give(
    struct sqlite_store *s, struct store_reader *r, bool failed);
/* All that are free let go: the log can be brought into the database. */
void store_holders_let_go(struct sqlite_store *s);

/* --- store_sqlite_row.c: rows --- */

/* 1, 0, -1; a record that cannot be read counts as none. */
int row_get(struct sql *db, const struct key *key, struct grey_record *rec_r,
    struct err *e);
int row_get_credit(
    struct sql *db, uint64_t id, struct grey_credit *credit_r, struct err *e);
/* With the envelope's texts, or with none where "text" is false. */
struct row_text {
	const char *sender, *recipient, *client;
	uint64_t sender_trace, recipient_trace; /* 0: none */
	bool readable;
};
int row_put(struct sql *db, const struct key *key,
    const struct grey_record *rec, const struct row_text *text, struct err *e);
/* Traces by the store's secret; readable as its options say of "rec". */
struct row_text row_text_of(struct sqlite_store *s,
    const struct grey_record *rec, const char *sender, const char *recipient,
    const char *client);
int row_put_credit(
    struct sql *db, const struct grey_credit *credit, struct err *e);
/* Read the record in a blob; -1 where it is none. */
int row_read_origins(const void *blob, size_t n, struct grey_record *rec_r);
/* Read what *rows does not have yet; it has all then. */
int row_read(struct sql *db, const struct grey_question *q,
    struct recent_rows *rows, struct err *e);
/* Read, judge, and write what has changed: for who writes. */
int row_judge(struct sqlite_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e);

/* --- store_sqlite_judge.c: the queue --- */

int store_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e);
/* Queue work for the writer and do not wait; takes "arg" over, always. */
void store_post(struct sqlite_store *s,
    int (*run)(struct sql *db, void *arg, struct err *e), void *arg);
/* Wake the writer where something is queued and it sleeps. */
void store_rouse(struct sqlite_store *s);
/*
 * Have the writer copy the last frames of the log, now: with each moment there
 * are more of them, and answers wait while they are copied.
 */
void store_ask_checkpoint(struct sqlite_store *s);
/* The writer: until there is something to do, or "wait_ms". */
void store_wait_for_work(struct sqlite_store *s, int wait_ms);
/* All that is queued (at most STORE_BATCH_MAX), NULL for none. */
struct request *store_take_batch(struct sqlite_store *s);
/* Wake whoever waits, or free it. */
void store_answer(struct request *batch, int rc, const struct err *e);

/* --- store_sqlite_write.c --- */

void *store_writer_main(void *arg);
/*
 * A caller that has queued its request: commit what is queued in this thread,
 * where there are many commits, nobody else is writing and they are quick; else
 * leave it to who is.  On a disk that stands still the caller would stand still
 * with it, beyond STORE_WAIT_MS; so this is done only where speed needs it.
 */
void store_write_now(struct sqlite_store *s);

/* --- store_sqlite_care.c --- */

/*
 * Checkpoints, expiry, the whitelist's export and hits: what writes now and
 * then, and may wait for the disk as long as that takes.
 */
void *store_care_main(void *arg);

/* --- store_sqlite_follow.c --- */

/*
 * Follows what others change: the whitelist, and the database's file itself.
 * It never waits for the disk to write, so that an entry counts within a second
 * whatever the disk does.
 */
void *store_follow_main(void *arg);

/* --- store_sqlite_expire.c --- */

/* A walk through the rows, from all zero; it begins anew when it has ended. */
struct expiry {
	struct key key; /* behind which it goes on */
	bool in_credits;
	int64_t credit;
	bool at_once; /* delete before the next portion is read */
};
/*
 * Look at the next portion, and have deleted what counts no more at "now".
 * 1: there is more, 0: that was the last, -1.
 */
int store_expire_portion(struct sqlite_store *s, struct sql *db,
    struct expiry *x, int64_t now, struct err *e);
int store_expire(struct grey_store *s, int64_t now, struct err *e);

/* --- store_sqlite_sync.c --- */

/* Brings the log to the disk, so that a power cut loses less than a second. */
void *store_sync_main(void *arg);
/* For the threads that work now and then: true when they are to end. */
bool store_rest(struct sqlite_store *s, int ms);

/* --- store_sqlite_allow_edit.c: the whitelist's changes --- */

int store_allow_add(struct grey_store *s, const struct allow_entry *entries,
    size_t n, struct grey_allow_added *added_r, struct err *e);
int store_allow_remove(struct grey_store *s, const struct allow_entry *entries,
    size_t n, size_t *removed_r, struct err *e);
/* Add or change one. */
int store_allow_put(
    struct sql *db, const struct allow_entry *entry, struct err *e);
/* Have the running milter read it. */
int store_allow_bump(struct sql *db, struct err *e);

/* --- store_sqlite_allow.c: the whitelist --- */

#define STORE_ALLOW_COLUMNS                                              \
	"id, kind, value, proof, author, note, created, expires, hits, " \
	"last_hit"
/* A row of these columns; -1: one that this release cannot read. */
int store_allow_read(
    struct sql_stmt *st, struct allow_entry *entry, struct err *e);
int store_allow_list(struct grey_store *s, struct allow_entry **entries_r,
    size_t *n_r, struct err *e);
struct grey_whitelist *store_whitelist(struct grey_store *s);
void store_hit(struct grey_store *s, int64_t entry_id, int64_t now);
/* The care thread: load the whitelist where it has changed. */
int store_follow_allow(struct sqlite_store *s, struct sql *db, struct err *e);
/*
 * Where "restore" is set: the entries that are in memory are added, or, where
 * none were read since the start, those of the copy as text.
 */
int store_restore_allow(struct sqlite_store *s, struct sql *db, struct err *e);
/* Where none was read yet: before the first answer counts. */
int store_first_allow(struct sqlite_store *s, struct sql *db, struct err *e);
/* The one in memory, held; NULL where none was read. */
struct grey_whitelist *store_whitelist_held(struct sqlite_store *s);
/* Takes "a" over, in any case; it may be NULL (*e set).  NULL with *e set. */
struct grey_whitelist *store_whitelist_new(struct allow *a, struct err *e);
/* Hand the hits that have gathered to the writer. */
void store_flush_hits(struct sqlite_store *s);

/* --- store_sqlite_export.c: the whitelist's copy as text, "PATH.whitelist" ---
 */

/* The care thread: write it where the whitelist has changed. */
void store_export_allow(struct sqlite_store *s);
/* As root: make the file, so that it can be written in a folder of root's. */
void store_export_own(struct sqlite_store *s);
/* What it says; NULL where there is none. */
struct grey_whitelist *store_read_export(struct sqlite_store *s);

/* --- store_sqlite_expect.c: what own users have written to --- */

void store_expect(struct grey_store *s, const char *address, int64_t now);
int store_expected(
    struct grey_store *s, const char *address, int64_t since, struct err *e);
/* Delete what is unused for lifetime at "now"; a portion of it. */
void store_expire_expected(struct sqlite_store *s, int64_t now);

/* --- store_sqlite_edit.c: what greywl changes --- */

/*
 * A connection for an edit, a transaction begun; NULL with *e set.  Give it
 * back with store_edit_end(), which commits where "rc" is 0 and returns 0, or
 * -1 with *e set.
 */
struct sql *store_edit_begin(
    struct sqlite_store *s, unsigned *epoch_r, struct err *e);
int store_edit_end(struct sqlite_store *s, struct sql *db, unsigned epoch,
    int rc, struct err *e);
int store_load(
    struct grey_store *s, const struct grey_load *load, struct err *e);
int store_forget(struct grey_store *s, const char *address,
    struct grey_forgotten *forgotten_r, struct err *e);

/* --- store_sqlite_read.c: what greywl looks at --- */

int store_envelope(struct grey_store *s, const struct key *key,
    struct grey_envelope *env_r, struct err *e);
int store_credit(struct grey_store *s, uint64_t id,
    struct grey_credit *credit_r, struct err *e);
int store_each(struct grey_store *s,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e);
int store_verify(struct grey_store *s, struct err *e);
int store_stats(
    struct grey_store *s, struct grey_stats *stats_r, struct err *e);
void store_count(struct grey_store *s, const char *name, int64_t n);
int store_counters(struct grey_store *s, struct grey_counter **counters_r,
    size_t *n_r, struct err *e);

#endif
