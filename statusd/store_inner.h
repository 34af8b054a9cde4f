#ifndef STATUSD_STORE_INNER_H
#define STATUSD_STORE_INNER_H

#include "lib/sql.h"
#include "statusd/store.h"

#include <stdint.h>

/* What only the store's own files see. */
struct store_past;
struct store_charts;
struct store {
	struct sql *sql;
	char *path;
	bool damaged; /* found by another handle */
	int64_t seen_version; /* PRAGMA data_version of the last look */
	/* Kept between loads: store_history.h. */
	struct store_past *past;
	size_t n_past;
	struct store_charts *charts;
	size_t n_charts;
};
void store_series_forget(struct store *s);

extern const char *const store_schema[];
extern const int store_n_schema;

/* strdup of a column, NULL without memory. */
char *store_dup(struct sql_stmt *st, int col);

/*
 * Make room for one more item of "size" bytes in *items, zeroed; NULL without
 * memory.  Counts it.
 */
void *store_grow(void *items_p, size_t *n, size_t size);

/* Ends the statement; -1 with *e set. */
int store_no_memory(struct sql_stmt *st, struct err *e);

/* The order of model_site.threads. */
#define NEWEST_FIRST " ORDER BY t.opened_at DESC, t.id DESC"

/*
 * The thread with this id; rows come in the threads' order, so the search goes
 * on from where the last one ended.
 */
struct model_thread *store_next_thread(
    struct model_site *site, size_t *at, int64_t id);

/* The entries of the threads, all or a part. */
int store_load_entries(struct store *s, struct model_site *site,
    const struct store_load *l, struct err *e);

#endif
