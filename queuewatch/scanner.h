#ifndef QUEUEWATCH_SCANNER_H
#define QUEUEWATCH_SCANNER_H

#include "lib/daemon.h"
#include "queuewatch/scan.h"

/*
 * "queuewatch: scanner": a process that lists the spool and stats its files,
 * and can do nothing else: its one capability is CAP_DAC_READ_SEARCH, Landlock
 * confines it to listing below the queue directory, seccomp leaves it no
 * socket, no file to open, no program to run.  Started without root's rights
 * it has none, and says what it may not see.
 *
 * It takes a struct scan_order from the socket and answers with a struct
 * scan_result, one after the other, until the socket closes.
 */

/*
 * The process's life, to be called in a fresh child of "parent"; never
 * returns.  "user" is whom it becomes when it is root.
 */
_Noreturn void scanner_main(int socket, const char *queue_directory,
    const struct daemon_user *user, pid_t parent);

#endif
