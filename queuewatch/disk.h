#ifndef QUEUEWATCH_DISK_H
#define QUEUEWATCH_DISK_H

#include "queuewatch/config.h"
#include "queuewatch/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a file system is used for; several can be on one. */
enum disk_use {
	DISK_QUEUE = 1, /* Postfix's queue: its floor stops all mail */
	DISK_STORE = 2, /* mailboxes */
	DISK_LOG = 4,
	DISK_DATA = 8, /* queuewatch's own */
	DISK_NAMED = 16, /* a disk section */
};

#define DISKS_MOST 32

struct disk {
	char path[FACTS_PATH]; /* the finding's subject */
	unsigned uses; /* of enum disk_use */
	struct config_disk limits; /* .path is not used */
};

/* What an unprivileged writer gets. */
struct disk_sample {
	int fault; /* errno; the rest then says nothing */
	uint64_t device;
	int64_t total_bytes; /* in use and available */
	int64_t free_bytes;
	double used; /* share of total_bytes */
	int64_t size_bytes; /* of the file system; its own needs left out */
	int64_t device_bytes; /* of what it is on, to its end; 0: not known */
	bool has_inodes;
	int64_t free_inodes;
	double inodes_used;
};

/*
 * The file systems that are watched: each disk section, then those of spool,
 * mail stores, log and data that are on none of the former's devices and exist.
 * "facts" are of the host's instances of Postfix, none where it has none or
 * does not tell.  Returns how many.  "unsure": of one it is not known which
 * device it is on, since it does not answer; to be asked again.
 */
size_t disk_list(const struct config *c, const struct facts *const *facts,
    size_t n_facts, struct disk disks_r[DISKS_MOST], bool *unsure_r);

/* Can hang where the file system does. */
void disk_sample(const char *path, struct disk_sample *s_r);

/*
 * Bytes of the device that the file system does not use, because it was not
 * made to grow with it; 0: none.  "first" is the first sample there was: what
 * has come since shows earlier.  Pure.
 */
int64_t disk_unused(
    const struct disk_sample *s, const struct disk_sample *first);

#endif
