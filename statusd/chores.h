#ifndef STATUSD_CHORES_H
#define STATUSD_CHORES_H

#include <stdbool.h>

struct config;
struct err;
struct outbox;

/*
 * What waits for the disk, in a thread and with a handle of the store of its
 * own, so that neither the page nor a report waits with it: messages to the
 * outbox, and the copy of the database.  All but the thread itself is called
 * by one thread.
 */
struct chores;

/*
 * Opens the store; "c" must live until the next chores_configure(), the outbox
 * until chores_stop().  NULL with *e set on failure.
 */
struct chores *chores_new(
    const struct config *c, struct outbox *o, struct err *e);
/* Begin; call after fork and after signals are blocked. */
int chores_start(struct chores *ch, struct err *e);
/* Ends the thread, and frees; NULL is allowed. */
void chores_stop(struct chores *ch);

/* A new configuration.  Waits for what is under way, as do the next two. */
void chores_configure(struct chores *ch, const struct config *c);
/* Close the database: until chores_reopen() nothing is done. */
void chores_suspend(struct chores *ch);
/* The database was replaced: open it anew.  0, or -1 with *e set. */
int chores_reopen(struct chores *ch, struct err *e);
/* Whether a damaged database was met. */
bool chores_met_damage(const struct chores *ch);

#endif
