#ifndef STATUSD_STORE_H
#define STATUSD_STORE_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct config;

/*
 * statusd's database.  A handle belongs to one thread at a time; open one for
 * each thread.  Several processes may work on it at once.
 */
struct store;

/*
 * Open (and create, and bring up to date) the database that c->store names.
 * NULL with *e set on failure.
 */
struct store *store_open(const struct config *c, struct err *e);
/* The same for a path. */
struct store *store_open_path(const char *path, struct err *e);
void store_close(struct store *s);
/*
 * Keep no more than half a MiB of the database's pages in memory: for a handle
 * that reads through most of it, or seldom does anything.
 */
void store_spare(struct store *s);

/*
 * Whether the database was found to be damaged: by the last store_open() of
 * this thread; by this handle.
 */
bool store_open_was_damaged(void);
bool store_is_damaged(const struct store *s);

/* A transaction that writes.  A rollback outside of one is harmless. */
int store_begin(struct store *s, struct err *e);
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* How many rows this handle has changed in its life. */
int64_t store_changes(struct store *s);

/* Single numbers that outlive a restart.  The look-up returns 1, 0 or -1. */
int store_meta_get(
    struct store *s, const char *name, int64_t *value_r, struct err *e);
int store_meta_set(
    struct store *s, const char *name, int64_t value, struct err *e);

enum store_view {
	STORE_PUBLIC, /* published entries of public systems only */
	STORE_ALL, /* drafts and internal systems as well: for the operator */
};

/*
 * All that a rendering needs, as one consistent picture taken at "now".  The
 * caller frees it with model_free().  NULL with *e set on failure.
 */
struct model_site *store_load_site(struct store *s, const struct config *c,
    enum store_view view, int64_t now, struct err *e);

/*
 * The same, but of old threads without their entries ("light" in model.h):
 * what pages, feeds and API show of the newest is there, and the threads
 * "also" names.  For the public.
 */
struct store_load {
	enum store_view view;
	int64_t now;
	bool part; /* false: everything, as store_load_site() */
	const int64_t *also;
	size_t n_also;
};
struct model_site *store_load_part(struct store *s, const struct config *c,
    const struct store_load *l, struct err *e);

/*
 * 1 when another handle or process has changed the database since the last
 * call (or this is the first), 0 when not, -1 on failure.  Cheap enough for
 * four calls a second.
 */
int store_changed(struct store *s, struct err *e);

#endif
