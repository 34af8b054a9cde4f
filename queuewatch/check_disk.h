#ifndef QUEUEWATCH_CHECK_DISK_H
#define QUEUEWATCH_CHECK_DISK_H

#include "queuewatch/disk.h"
#include "queuewatch/finding.h"
#include "queuewatch/forecast.h"
#include "queuewatch/forecast_days.h"

/* From a file system's sample to its finding "disk". */
struct disk_view {
	const struct disk *disk;
	const struct rule_policy *policy;
	int64_t floor_bytes; /* Postfix's; 0: not known */
	int64_t now; /* Unix seconds */
	int64_t now_ms; /* the same, finer */
	struct trend *trend; /* of the free bytes above the floor */
	const struct outlook *outlook; /* NULL: not yet */
	const struct disk_sample *first; /* the first sample there was */
};

/* Feed a sample. */
void disk_check(struct findings *fs, const struct disk_view *v,
    const struct disk_sample *s);

/*
 * The floor that counts for this file system: Postfix's where its queue is;
 * where mailboxes are, no more than a twentieth of the whole; else 0.
 */
int64_t disk_floor(unsigned uses, int64_t floor_bytes, int64_t total_bytes);

#endif
