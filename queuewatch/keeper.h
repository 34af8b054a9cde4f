#ifndef QUEUEWATCH_KEEPER_H
#define QUEUEWATCH_KEEPER_H

#include "lib/daemon.h"
#include "lib/pressure.h"
#include "queuewatch/desk.h"

#include <stdint.h>

struct config;
struct config_source;
struct err;

/*
 * "queuewatch: remedy": the process that keeps the rights queuewatch was
 * started with, has no network and does what it is asked over its sockets: it
 * starts a scanner, opens the mail log and files that the configuration names,
 * writes the pressure file, and carries out what the operator prepared, by the
 * orders that the desk admits.  It dies with its parent, the scanner and a
 * remedy that runs with it.
 */
struct keeper {
	int socket;
	int orders; /* to and from the desk; readable when it has news */
	pid_t pid; /* -1: it is a service of its own */
};

/*
 * Fork it.  Call in the main thread, before threads are made and before rights
 * are dropped.  Returns 0, or -1 with *e set.
 */
int keeper_start(struct keeper *k, struct config *config,
    const struct config_source *source, const struct daemon_user *user,
    struct err *e);

/*
 * Instead: connect to the remedy process that is a service of its own, at the
 * socket "path"; it serves root and the configuration's user alone.  Returns 0,
 * or -1 with *e set.  Also after keeper_lost(), with other threads asking.
 */
int keeper_connect(struct keeper *k, const char *path, struct err *e);

/*
 * The life of that service: "listener" is its socket (SOCK_SEQPACKET).  One
 * client at a time, the newest; ends by itself when there has been none for a
 * while and nothing runs.  A remedy runs to its end, whoever goes away.
 */
_Noreturn void keeper_serve(int listener, struct config *config,
    const struct config_source *source, const struct daemon_user *user);

/*
 * Open the mail log for reading: the file that the configuration names, or
 * Postfix's maillog_file where it says "auto"; no other, whoever asks.  Returns
 * a descriptor, or -1 with *e set.  Any thread.
 */
int keeper_log(const struct keeper *k, struct err *e);

/*
 * Open for reading a file that the configuration names as a login_file or a
 * certificate's file; no other, whoever asks.  Returns a descriptor, or -1 with
 * *e set.  Any thread.
 */
int keeper_file(const struct keeper *k, const char *path, struct err *e);

/*
 * Start a process that looks into a maildir that a canary names (mailbox.h).
 * Returns its socket (close it to end it), or -1 with *e and errno set: ENOENT
 * where there is no such maildir yet.  Any thread.
 */
int keeper_mailbox(const struct keeper *k, const char *path, struct err *e);

/*
 * Write the configuration's pressure file, in a folder that only root may
 * write to.  Returns 0, or -1 with *e set.  Any thread.
 */
int keeper_pressure(const struct keeper *k, enum pressure_level level,
    int64_t expires, struct err *e);

/*
 * Start a scanner for this queue directory.  Returns its socket (close it to
 * end the scanner), or -1 with *e set.
 */
int keeper_scanner(
    const struct keeper *k, const char *queue_directory, struct err *e);

/*
 * Hand an order to the desk; id alone with DESK_TOLD, nothing with DESK_RELOAD.
 * Never waits.  Returns 0, or -1 with *e set.
 */
int keeper_order(
    const struct keeper *k, const struct desk_order *order, struct err *e);
/* The next news from the desk: 1, 0 where there is none, -1 when it is gone. */
int keeper_news(const struct keeper *k, struct desk_news_frame *news_r);

/* It is gone: nothing more is looked for. */
void keeper_lost(struct keeper *k);

void keeper_stop(struct keeper *k);

#endif
