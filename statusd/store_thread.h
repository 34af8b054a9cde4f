#ifndef STATUSD_STORE_THREAD_H
#define STATUSD_STORE_THREAD_H

#include "statusd/incident.h"
#include "statusd/model.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Threads, their entries and the causes behind them, as rows.  What is said
 * when, and when it becomes public, is decided in post.h.  Look-ups return 1
 * found, 0 not found, -1 with *e set.
 */
struct store_thread {
	int64_t id;
	enum model_kind kind;
	enum model_status status;
	enum model_impact impact;
	bool by_hand;
	char *prefix; /* "NC036" */
	char *title; /* "NC036: Mail is delayed" */
	int64_t opened_at;
	int64_t resolved_at;
	int64_t published_at;
	int64_t planned_from, planned_until;
	int64_t next_update_at; /* promised; 0: not */
	int64_t acked_at; /* the operator knows of it; 0: not */
};

int store_thread_get(
    struct store *s, int64_t id, struct store_thread *t_r, struct err *e);
void store_thread_free(struct store_thread *t);
/* Adds it with its systems; sets t->id. */
int store_thread_add(struct store *s, struct store_thread *t,
    const char *const *systems, size_t n, struct err *e);
/*
 * Keep status, impact, resolved_at, the times of planned work, the promise and
 * acked_at; "now": something was said in it.
 */
int store_thread_put(
    struct store *s, const struct store_thread *t, int64_t now, struct err *e);
/*
 * It is public from "at" on, under this title and a path made of the day and
 * "slug" (and a number where another has that path).
 */
int store_thread_publish(struct store *s, const struct store_thread *t,
    const char *slug, int64_t at, struct err *e);

/* Whether planned work is in progress at the system: 1, 0, -1. */
int store_in_maintenance(
    struct store *s, const char *system, int64_t now, struct err *e);
/*
 * Planned work whose stored status is not what the clock says at "now": 1 with
 * its number, 0, -1.
 */
int store_planned_due(
    struct store *s, int64_t now, int64_t *id_r, struct err *e);
/* Incidents whose promise is due: see remind.h. */
struct store_promise {
	int64_t thread;
	int64_t at; /* promised */
	int64_t said; /* how often the operator was told; for this promise */
	char system[33]; /* one of its systems */
	char title[256];
};
/* The first that is due before "until" and was told of less than "said". */
int store_promise_due(struct store *s, int64_t until, int64_t said,
    struct store_promise *p_r, struct err *e);
int store_promise_said(
    struct store *s, int64_t thread, int64_t said, struct err *e);

int store_path_is_taken(struct store *s, const char *path, struct err *e);
/* Whether this was imported before: 1, 0, -1. */
int store_imported_before(struct store *s, const char *source, struct err *e);
/* A thread that came from elsewhere: public since "at", under its own path. */
struct store_import {
	int64_t thread;
	const char *path;
	const char *source;
	int64_t old_id;
	int64_t at;
};
int store_thread_imported(
    struct store *s, const struct store_import *from, struct err *e);

/* What a thread belongs to; a name that it has already is harmless. */
enum store_label { STORE_CATEGORY, STORE_TAG };
int store_label_add(struct store *s, int64_t thread, enum store_label kind,
    const char *name, struct err *e);

struct store_entry {
	int64_t id;
	int64_t thread;
	enum model_entry_kind kind;
	enum model_status status;
	char *title;
	char *body;
	bool by_hand;
	int64_t created_at;
	int64_t publish_at; /* 0: a draft */
	int64_t published_at; /* 0: not yet */
};

/* Sets en->id. */
int store_entry_add(struct store *s, struct store_entry *en, struct err *e);
int store_entry_get(
    struct store *s, int64_t id, struct store_entry *en_r, struct err *e);
void store_entry_free(struct store_entry *en);
/* Public from "at" on, with its kind, title and number. */
int store_entry_publish(struct store *s, const struct store_entry *en,
    int number, int64_t at, struct err *e);
/* What of the thread is not public, but "but", will never be. */
int store_entries_drop(
    struct store *s, int64_t thread, int64_t but, struct err *e);
/* The number that the thread's next update gets: 1, 2, ... */
int store_next_number(
    struct store *s, int64_t thread, int *number_r, struct err *e);
/* An entry that is to be public by now. */
int store_entry_due(struct store *s, int64_t now, int64_t *id_r, struct err *e);
/* The oldest entry of a thread that waits for the operator. */
int store_entry_draft(
    struct store *s, int64_t thread, int64_t *id_r, struct err *e);

/* The incidents of a system that incident_step() needs. */
int store_incidents_load(struct store *s, const char *system, int64_t now,
    struct incident_set *set_r, struct err *e);
struct store_cause_of {
	int64_t thread;
	const char *system;
};
int store_cause_put(struct store *s, const struct store_cause_of *of,
    const struct incident_cause *c, int64_t now, struct err *e);

int store_calm_put(struct store *s, int64_t thread,
    const struct incident_calm *k, struct err *e);

/*
 * Calls "each" for what of the thread, or at its systems, still stands, as
 * "NC036 disk /var: critical".  Returns 0 or -1.
 */
int store_standing_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, const char *what), void *ctx, struct err *e);
/* The operator knows of the incident. */
int store_ack(struct store *s, int64_t thread, int64_t now, struct err *e);

/* What the operator alone may read. */
int store_evidence_add(struct store *s, int64_t thread, int64_t at,
    const char *what, struct err *e);
/* Calls "each" for the thread's evidence, oldest first. */
int store_evidence_each(struct store *s, int64_t thread,
    void (*each)(void *ctx, int64_t at, const char *what), void *ctx,
    struct err *e);

#endif
