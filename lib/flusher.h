#ifndef LIB_FLUSHER_H
#define LIB_FLUSHER_H

struct err;

/*
 * Flushes a file to its disk in a thread of its own, so that whoever writes
 * does not wait for the disk, however long that takes.
 */
struct flusher;

/* Call after fork and after signals are blocked.  NULL with *e set. */
struct flusher *flusher_start(struct err *e);

/*
 * The file behind "fd" was written to: it is flushed soon, at the latest when
 * the flush that is under way has ended.  For one file at a time; the
 * descriptor may be closed behind this.  Any thread; NULL is allowed.
 */
void flusher_note(struct flusher *f, int fd);

/* Waits for what was noted, and frees; NULL is allowed. */
void flusher_stop(struct flusher *f);

#endif
