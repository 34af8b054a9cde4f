#ifndef LIB_SPOOL_FILE_H
#define LIB_SPOOL_FILE_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Internal to lib/spool: the file, its two headers and its ring of bytes.
 *
 *     0       header, even generations
 *     512     header, odd generations
 *     4096    the ring
 *
 * A header is written in turn, each with its checksum: of the two, one is
 * always whole, and what it points to was not overwritten before a newer one
 * was written.
 */
#define SPOOL_FILE_HEAD 4096

struct spool_state {
	uint64_t generation;
	uint64_t ring; /* bytes */
	uint64_t head, tail; /* positions; head == tail: empty */
	uint64_t count;
	uint64_t dropped;
	int64_t last_seq;
};

struct spool_file {
	int fd;
	struct spool_state state; /* as the file has it */
};

/*
 * Open or make it, locked; a damaged one is begun anew.  "ring" is for a new
 * file.  On failure the descriptor in *f may be open: close it.
 */
int spool_file_open(
    struct spool_file *f, const char *path, uint64_t ring, struct err *e);
void spool_file_close(struct spool_file *f);

/* Give an empty file another size; where there is no room it keeps its own. */
int spool_file_resize(struct spool_file *f, uint64_t ring, struct err *e);

/* Bytes at a position of the ring; "n" at most the ring's size. */
int spool_file_read(
    struct spool_file *f, uint64_t pos, void *p, size_t n, struct err *e);
int spool_file_write(
    struct spool_file *f, uint64_t pos, const void *p, size_t n, struct err *e);

/*
 * Write st as the newest header (its generation is set here).  The end of the
 * process cannot undo it, that of the machine can until the next sync.
 */
int spool_file_commit(
    struct spool_file *f, struct spool_state *st, struct err *e);
/* Waits for the disk. */
int spool_file_sync(struct spool_file *f, struct err *e);

#endif
