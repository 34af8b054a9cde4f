#ifndef STATUSD_PLACE_H
#define STATUSD_PLACE_H

struct config;
struct daemon_user;
struct err;

/*
 * Where statusd's files lie, and to whom they belong.
 */

/*
 * As root: make the folders of store and site, and the store's file, where they
 * are missing, owned by "user".  Not root: make them as they are.
 */
int place_prepare(
    const struct config *c, const struct daemon_user *user, struct err *e);
/* The same for the folder and file of the store alone. */
int place_prepare_store(
    const struct config *c, const struct daemon_user *user, struct err *e);
/* As root: what was made beside the store since belongs to "user", too. */
int place_give(
    const struct config *c, const struct daemon_user *user, struct err *e);

/* The outbox's file, beside the store; NULL without memory. */
char *place_outbox(const struct config *c);
/* The copy of what cannot be measured again, likewise. */
char *place_copy(const struct config *c);
/* The index of the search, likewise. */
char *place_search(const struct config *c);

/* The console's own database, likewise. */
char *place_vault(const struct config *c);

/* A file named for the store: "status" and "tail".  free() it; or NULL. */
char *place_beside(const struct config *c, const char *tail);

/* For -t: warn on standard error of what is missing on this host. */
void place_check(const struct config *c);

/* Warn of what a reload does not change. */
void place_warn_fixed(const struct config *was, const struct config *is);

#endif
