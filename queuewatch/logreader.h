#ifndef QUEUEWATCH_LOGREADER_H
#define QUEUEWATCH_LOGREADER_H

#include "queuewatch/ledger.h"
#include "queuewatch/logfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct state;

/*
 * Reads the mail log in a thread of its own, into a ledger.  Where it stands
 * and what the ledger has learned is kept in "state" every few seconds.
 */
struct logreader;

/*
 * Start the thread; it reads nothing before logreader_aim().  "state" (which
 * the caller closes after logreader_stop()) may be NULL: nothing is kept.
 * "opener" opens the log for who may not by himself.  NULL with *e set.
 */
struct logreader *logreader_start(struct state *state, logfile_opener *opener,
    void *opener_arg, struct err *e);
void logreader_stop(struct logreader *r); /* NULL is harmless */

/* What to read; harmless where nothing changed. */
struct logreader_target {
	const char *source; /* a path, "journal", or "" for nothing */
	const char *content_filter; /* Postfix's; "": none */
	const char *mail_owner; /* Postfix's */
	const struct maillog_names *names; /* its instances'; NULL: one */
};
void logreader_aim(struct logreader *r, const struct logreader_target *to);

/* By this errand, before logreader_aim(); NULL: by the reader's thread. */
struct errand;
void logreader_errand(struct logreader *r, struct errand *x);

/* Keep it there from now on, where it was kept nowhere. */
void logreader_keep(struct logreader *r, struct state *state);

/*
 * Also show every line that means something here to "each", from the reader's
 * thread; before logreader_aim().  "text" is foreign.
 */
typedef void logreader_line(
    struct slice tag, struct slice text, int64_t at, void *arg);
void logreader_tap(struct logreader *r, logreader_line *each, void *arg);

/*
 * The ledger, locked until logreader_unlock(): reading waits meanwhile.
 * "*why_r" is why the log is not read, "" where it is.
 */
struct logreader_status {
	char why[256]; /* "": it is read */
	char source[LOGFILE_PATH]; /* "": none */
	int64_t begun; /* Unix seconds: what came before was found here */
};
struct ledger *logreader_lock(
    struct logreader *r, struct logreader_status *status_r);
void logreader_unlock(struct logreader *r);

/*
 * Which log is meant: "word" is the configuration's, "maillog_file" Postfix's.
 * Returns a path, "journal", or "" where there is none.
 */
const char *logreader_source(const char *word, const char *maillog_file);

#endif
