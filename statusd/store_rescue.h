#ifndef STATUSD_STORE_RESCUE_H
#define STATUSD_STORE_RESCUE_H

#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * For the day on which the database is damaged or lost: a copy of what cannot
 * be measured again (posts, incidents, tokens, uptime), and the way back.
 */

/*
 * Bring the copy at "copy" up to date; it is made where it is missing, and made
 * anew where it is no good.  What did not change is not written.
 */
int store_keep(struct store *s, const char *copy, struct err *e);
/* A number that changes when store_keep() has to be called soon. */
int store_keep_mark(struct store *s, int64_t *mark_r, struct err *e);

/*
 * Rename the database at "path", and what SQLite has beside it, to
 * PATH.damaged-TIME, which is put into "aside".  Nobody may have it open.
 */
int store_set_aside(
    const char *path, int64_t now, char *aside, size_t size, struct err *e);
/* Undo that: the one that stands at "path" now goes. */
void store_put_back(const char *path, const char *aside);

/* Whether store_restore() was never called for this database. */
bool store_is_new(struct store *s);

/*
 * Fill a new database with what can be read of the one set aside ("": there is
 * none), and from the copy what that lacks.
 */
struct store_restored {
	int64_t rows; /* from the damaged one */
	int64_t more; /* from the copy */
	int64_t threads;
};
int store_restore(struct store *s, const char *aside, const char *copy,
    struct store_restored *r, struct err *e);

#endif
