#ifndef QUEUEWATCH_STATE_H
#define QUEUEWATCH_STATE_H

#include <stddef.h>

struct buf;
struct err;

/*
 * What must outlive a restart: one text, in a file of two slots that are
 * allocated when it is made, written in turn.  A write that a crash tore is
 * known by its checksum, and the one before it counts.
 */
struct state;

#define STATE_MOST (1024 * 1024) /* bytes of the text */

/*
 * Open the file, or make it (mode 0640).  NULL with *e set.  One process at a
 * time: the file is locked.
 */
struct state *state_open(const char *path, struct err *e);
void state_close(struct state *s); /* NULL is harmless */
/* The file's descriptor, to change its owner; -1 for NULL. */
int state_fd(const struct state *s);

/* The newest whole text.  Returns 1, or 0 where there is none. */
int state_load(struct state *s, struct buf *out);
int state_save(struct state *s, const void *text, size_t len, struct err *e);

/* The same for who only looks, beside the owner; -1 with *e set. */
int state_peek(const char *path, struct buf *out, struct err *e);

#endif
