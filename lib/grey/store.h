#ifndef LIB_GREY_STORE_H
#define LIB_GREY_STORE_H

#include "lib/grey/allow.h"
#include "lib/grey/judge.h"
#include "lib/grey/key.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * Envelopes, identities, the whitelist and counters, kept in a database.
 * Functions return 0 or -1 with *e set, look-ups 1, 0 or -1.  Any thread may
 * call any of them, but for open, start and close.
 */
struct grey_store;

enum grey_store_use {
	GREY_STORE_SERVE, /* greymilter: judges, cares for the database */
	GREY_STORE_EDIT, /* greywl, for what changes something */
	GREY_STORE_READ /* greywl, for what does not; no file is made */
};

struct grey_store_options {
	const char *url; /* "sqlite:/path" */
	enum grey_store_use use;
	/* As root: who owns what is created; (uid_t)-1: as it comes. */
	uid_t uid;
	gid_t gid;
	struct grey_keep keep; /* GREY_STORE_SERVE: what expires when */
	enum { GREY_TEXT_WAITING, GREY_TEXT_NEVER, GREY_TEXT_ALWAYS } text;
	int64_t text_keep_s; /* how long addresses can be read */
};

/*
 * Open, and create what is missing (not with GREY_STORE_READ: what is missing
 * then is read as an empty store).  NULL with *e set on failure.
 */
struct grey_store *grey_store_open(
    const struct grey_store_options *o, struct err *e);

/* GREY_STORE_SERVE: start its threads; after fork and change of user. */
int grey_store_start(struct grey_store *s, struct err *e);
/* What a reload changes: keep, text, text_keep_s. */
void grey_store_configure(
    struct grey_store *s, const struct grey_store_options *o);
/* Commits what was asked, ends the threads.  NULL is harmless. */
void grey_store_close(struct grey_store *s);

/* The secret under which this store's keys are made. */
const struct key_secret *grey_store_secret(const struct grey_store *s);

/* --- judging --- */

struct grey_question {
	struct key key; /* of the envelope */
	struct grey_attempt attempt;
	struct grey_policy policy;
	int64_t now_ms; /* Unix ms */
	/* Readable, kept while the store's options allow it. */
	const char *sender, *recipient, *client;
	bool dry; /* judge only, change nothing */
};

/*
 * Judge, and record the attempt.  It returns when the answer is committed, or
 * needs no commit.  Waits 1 s at most; -1: the store is at fault, and nothing
 * is known.  GREY_STORE_SERVE; with "dry" any use.
 */
int grey_store_judge(struct grey_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e);

/* --- reading --- */

struct grey_envelope {
	struct key key;
	struct grey_record record;
	/* "" where it cannot be read (any more). */
	char sender[KEY_TEXT_SIZE];
	char recipient[KEY_TEXT_SIZE];
	char client[IP_TEXT_SIZE];
};

/* 1 found, 0 not found, -1. */
int grey_store_envelope(struct grey_store *s, const struct key *key,
    struct grey_envelope *env_r, struct err *e);

/* 1 found, 0 not found, -1. */
int grey_store_credit(struct grey_store *s, uint64_t id,
    struct grey_credit *credit_r, struct err *e);

/*
 * All envelopes in the order of their keys, read in small portions so that
 * nobody has to wait; what is written meanwhile may be seen or not.  "each"
 * returns 0, or -1 (with *e set) to stop.
 */
int grey_store_each(struct grey_store *s,
    int (*each)(const struct grey_envelope *env, void *arg, struct err *e),
    void *arg, struct err *e);

/*
 * Read all of the database and say whether it is whole and of this release's
 * schema: 0, or -1 with the first fault in *e.  Takes its time.
 */
int grey_store_verify(struct grey_store *s, struct err *e);

struct grey_stats {
	int64_t envelopes; /* rows */
	int64_t waiting; /* of these, nobody has passed */
	int64_t credits; /* identities that have passed something */
	int64_t entries; /* of the whitelist */
	int64_t bytes; /* of the database's files */
};
int grey_store_stats(
    struct grey_store *s, struct grey_stats *stats_r, struct err *e);

/* --- the whitelist --- */

struct grey_allow_added {
	size_t added;
	size_t changed; /* stood there with another proof, note or expiry */
	size_t same;
	size_t left; /* after a failure: could not be undone, and stand */
};

/*
 * Add entries, all or none, in transactions so short that a loaded greymilter
 * does not notice; on a disk that is full, what the first ones added may be
 * left.  Kind and value make an entry; one that stands already takes
 * the new proof, note, author and expiry, and keeps created and hits.
 */
int grey_store_allow_add(struct grey_store *s,
    const struct allow_entry *entries, size_t n,
    struct grey_allow_added *added_r, struct err *e);

/* Remove the entries of the same kind and value. *removed_r may be 0. */
int grey_store_allow_remove(struct grey_store *s,
    const struct allow_entry *entries, size_t n, size_t *removed_r,
    struct err *e);

/* All entries, by kind and value; free() *entries_r. */
int grey_store_allow_list(struct grey_store *s, struct allow_entry **entries_r,
    size_t *n_r, struct err *e);

/*
 * The whitelist as it stands, for matching: GREY_STORE_SERVE follows what other
 * processes change within a second; others read it at the first call.  Never
 * NULL (empty when it could not be read).  Give it back with
 * grey_whitelist_release().
 */
struct grey_whitelist;
struct grey_whitelist *grey_store_whitelist(struct grey_store *s);
const struct allow *grey_whitelist_allow(const struct grey_whitelist *w);
void grey_whitelist_release(struct grey_whitelist *w);

/* An entry has exempted a message; written later, in bulk. */
void grey_store_hit(struct grey_store *s, int64_t entry_id, int64_t now);

/* --- what own users have written to --- */

/*
 * Note that an answer may come from an address (any form); written later,
 * GREY_STORE_SERVE.  The table is bounded: the oldest goes.
 */
#define GREY_EXPECTED_MAX 200000
void grey_store_expect(struct grey_store *s, const char *address, int64_t now);

/*
 * Whether somebody has written to it at "since" or later (Unix seconds): 1, 0,
 * or -1 with *e set.  A store that does not keep it says 0.
 */
int grey_store_expected(
    struct grey_store *s, const char *address, int64_t since, struct err *e);

/* --- in bulk: GREY_STORE_EDIT --- */

#define GREY_LOAD_MAX 500 /* of both together */

/* What is known from elsewhere: another program's database, a log. */
struct grey_load {
	const struct grey_envelope *envelopes;
	size_t n_envelopes;
	const struct grey_credit *credits;
	size_t n_credits;
};

/*
 * Add it to what stands there, in one short transaction: grey_record_merge(),
 * of a credit the greater numbers.
 */
int grey_store_load(
    struct grey_store *s, const struct grey_load *load, struct err *e);

struct grey_forgotten {
	size_t envelopes;
	/* Old pages of the database's log may still hold what was deleted; they
	 * are written over in the course of time. */
	bool left_in_log;
};

/*
 * Delete all envelopes from or to an address, in any of its forms (see
 * key_trace()), readable or not, in short transactions.
 */
int grey_store_forget(struct grey_store *s, const char *address,
    struct grey_forgotten *forgotten_r, struct err *e);

/* --- expiry --- */

/*
 * Delete all that counts no more at "now" (Unix seconds), in short
 * transactions.  GREY_STORE_SERVE, which does the same by itself, a little at a
 * time and by the clock.
 */
int grey_store_expire(struct grey_store *s, int64_t now, struct err *e);

/* --- counters --- */

struct grey_counter {
	char name[48]; /* "verdict.new", "rule.whitelist", "fault" */
	int64_t total;
};

/* Add to counters, kept for greywl stats; GREY_STORE_SERVE: written later. */
void grey_store_count(struct grey_store *s, const char *name, int64_t n);
/* All, by name; free() *counters_r. */
int grey_store_counters(struct grey_store *s, struct grey_counter **counters_r,
    size_t *n_r, struct err *e);

/* --- what the metrics show --- */

struct grey_store_state {
	bool faulty; /* answers are not to be had now */
	uint64_t faults; /* questions that were not answered */
	uint64_t commits;
	uint64_t written; /* questions answered by these commits */
	uint64_t reads; /* questions answered without a commit */
	uint64_t commit_us; /* spent in commits */
	uint64_t worst_commit_us; /* since the last look */
	uint64_t batch_max; /* since the last look */
	uint64_t wal_bytes;
};
void grey_store_state(struct grey_store *s, struct grey_store_state *state_r);

/* --- for the implementations --- */

struct grey_store_ops {
	const char *scheme; /* "sqlite:" */
	struct grey_store *(*open)(
	    const struct grey_store_options *o, struct err *e);
	int (*start)(struct grey_store *s, struct err *e);
	void (*configure)(
	    struct grey_store *s, const struct grey_store_options *o);
	void (*close)(struct grey_store *s);
	const struct key_secret *(*secret)(const struct grey_store *s);
	int (*judge)(struct grey_store *s, const struct grey_question *q,
	    struct grey_judgement *j_r, struct err *e);
	int (*envelope)(struct grey_store *s, const struct key *key,
	    struct grey_envelope *env_r, struct err *e);
	int (*credit)(struct grey_store *s, uint64_t id,
	    struct grey_credit *credit_r, struct err *e);
	int (*each)(struct grey_store *s,
	    int (*each)(
	        const struct grey_envelope *env, void *arg, struct err *e),
	    void *arg, struct err *e);
	int (*verify)(struct grey_store *s, struct err *e);
	int (*stats)(
	    struct grey_store *s, struct grey_stats *stats_r, struct err *e);
	int (*allow_add)(struct grey_store *s,
	    const struct allow_entry *entries, size_t n,
	    struct grey_allow_added *added_r, struct err *e);
	int (*allow_remove)(struct grey_store *s,
	    const struct allow_entry *entries, size_t n, size_t *removed_r,
	    struct err *e);
	int (*allow_list)(struct grey_store *s, struct allow_entry **entries_r,
	    size_t *n_r, struct err *e);
	struct grey_whitelist *(*whitelist)(struct grey_store *s);
	/* either both or none */
	void (*expect)(struct grey_store *s, const char *address, int64_t now);
	int (*expected)(struct grey_store *s, const char *address,
	    int64_t since, struct err *e);
	int (*load)(
	    struct grey_store *s, const struct grey_load *load, struct err *e);
	int (*forget)(struct grey_store *s, const char *address,
	    struct grey_forgotten *forgotten_r, struct err *e);
	int (*expire)(struct grey_store *s, int64_t now, struct err *e);
	void (*hit)(struct grey_store *s, int64_t entry_id, int64_t now);
	void (*count)(struct grey_store *s, const char *name, int64_t n);
	int (*counters)(struct grey_store *s, struct grey_counter **counters_r,
	    size_t *n_r, struct err *e);
	void (*state)(struct grey_store *s, struct grey_store_state *state_r);
};

/* The head of every implementation's own struct. */
struct grey_store {
	const struct grey_store_ops *ops;
};

extern const struct grey_store_ops grey_store_sqlite;

#endif
