#ifndef QUEUEWATCH_LOGJOURNAL_H
#define QUEUEWATCH_LOGJOURNAL_H

#include "queuewatch/logline.h"

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Follows the mail facility in systemd's journal.  What others than root and
 * Postfix's own user wrote there is passed over: the journal knows who it was.
 */
struct logjournal;

#define LOGJOURNAL_CURSOR 512

typedef void logjournal_entry(
    struct slice tag, struct slice text, int64_t at, void *arg);

#define LOGJOURNAL_HEAD "head"

/*
 * This host's journal, behind "cursor", at the end where that is "", at the
 * beginning where it is LOGJOURNAL_HEAD.  "owner" is Postfix's mail_owner.
 * NULL with *e set.
 */
struct logjournal *logjournal_open(
    const char *owner, const char *cursor, struct err *e);
void logjournal_close(struct logjournal *j); /* NULL is harmless */

/* As logfile_read(): 1, 0 or -1. */
int logjournal_read(
    struct logjournal *j, logjournal_entry *each, void *arg, struct err *e);
/* Where reading stands, to begin behind it again. */
const char *logjournal_cursor(const struct logjournal *j);

#endif
