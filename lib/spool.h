#ifndef LIB_SPOOL_H
#define LIB_SPOOL_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/*
 * A bounded ring of records in one preallocated file: what was once made works
 * with the disk full.  A record that a crash tore is found by its checksum and
 * passed over.  One process, one thread at a time (the file is locked).
 *
 * What was appended or taken away stays so when the process is killed.  Against
 * a power cut the caller has spool_fd() flushed, when it likes and where it can
 * wait; only where the oldest make room is the disk waited for here.
 */
struct spool;

#define SPOOL_MIN_BYTES (64 * 1024)

/*
 * Open the file, or make it with "size" bytes (at least SPOOL_MIN_BYTES), all
 * allocated.  A file of another size is kept as it is while records wait in
 * it.  A file that is no spool, or is damaged, is begun anew and what was in it
 * is lost.  "path" NULL: in memory only.  NULL with *e set on failure.
 */
struct spool *spool_open(const char *path, size_t size, struct err *e);
void spool_close(struct spool *s);

/*
 * Add a record.  "seq" must be above the last one's.  The oldest are dropped
 * and counted where room is needed.  Returns 0, or -1 with *e set: too long
 * (over half of the ring), seq not above, or an I/O error.
 */
int spool_append(
    struct spool *s, int64_t seq, const void *data, size_t len, struct err *e);

/*
 * The oldest record into "b" (which is emptied first).  Returns 1, 0 where
 * there is none, or -1 with *e set.
 */
int spool_peek(struct spool *s, int64_t *seq_r, struct buf *b, struct err *e);

/* Take the oldest away, if it is "seq"; else nothing.  Returns 0 or -1. */
int spool_pop(struct spool *s, int64_t seq, struct err *e);

/* The highest seq ever appended, also over restarts; 0: none. */
int64_t spool_last_seq(const struct spool *s);
/* Records that wait; records dropped unread since the file was made. */
size_t spool_count(const struct spool *s);
int64_t spool_dropped(const struct spool *s);

/* The file, for fdatasync() alone. */
int spool_fd(const struct spool *s);

#endif
