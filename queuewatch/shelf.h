#ifndef QUEUEWATCH_SHELF_H
#define QUEUEWATCH_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct errand;

/*
 * The reports that wait, oldest first: in a ring on disk, and what the disk did
 * not take (it stands still, it has a fault) in memory as well.  The disk is
 * touched by the errand's thread alone, and waited for no longer than
 * SHELF_WAIT_MS.  Any thread; one of them sends.
 */
struct shelf;

#define SHELF_WAIT_MS 250
#define SHELF_MEMORY                                            \
	((size_t)4 * 1024 * 1024) /* bytes; the oldest go first \
	                           */

/*
 * Open the ring at "path" (made where it is missing, as large as the disk
 * allows); where that fails, the ring is in memory, with a warning.  NULL with
 * *e set only without memory.
 */
struct shelf *shelf_open(const char *path, struct err *e);
/* From now on by this errand; call after fork and after signals are blocked. */
int shelf_start(struct shelf *s, struct errand *x, struct err *e);
/* Before the errand is stopped; leaves a disk that stands still to itself. */
void shelf_close(struct shelf *s);

/* Where the ring is in memory and empty: try to have it at "path" again. */
void shelf_retry(struct shelf *s, const char *path);

/* Returns 0 when it is on the disk, 1 when it is in memory for now. */
int shelf_add(struct shelf *s, int64_t seq, const char *text, size_t len);
/* The oldest that is not done with, into "b": 1, or 0 where there is none. */
int shelf_oldest(struct shelf *s, int64_t *seq_r, struct buf *b);
/* It was accepted, or never will be. */
void shelf_done(struct shelf *s, int64_t seq);

struct shelf_status {
	int64_t last_seq; /* highest ever kept; 0: none */
	size_t waiting;
	int64_t dropped; /* unsent, since the ring was made */
	bool in_memory; /* the ring is, or the disk does not take them */
};
void shelf_status(struct shelf *s, struct shelf_status *status_r);

#endif
