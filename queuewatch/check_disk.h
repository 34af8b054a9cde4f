#ifndef QUEUEWATCH_CHECK_DISK_H
#define QUEUEWATCH_CHECK_DISK_H

#include "queuewatch/disk.h"
#include "queuewatch/finding.h"
#include "queuewatch/forecast.h"
#include "queuewatch/forecast_days.h"
#include "queuewatch/ledger.h"

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
	/* Of a mail store: what mail it got in the last day, and by how much it
	 * grew (bytes, fading alike); NULL: not known. */
	const struct ledger_growers *growers;
	double grown;
};

/* The past days of a file system, and what they make of the next ones. */
struct disk_ahead {
	struct days days; /* of the free bytes */
	struct outlook outlook;
	int64_t outlook_at; /* Unix seconds; 0: none yet */
	int64_t
	    size_bytes; /* of the file system, at the last sample; 0: none */
};

/*
 * Note a sample without a fault.  Returns the outlook, made anew every 5
 * minutes, or NULL before there is a day to make it from.
 */
const struct outlook *disk_look_ahead(struct disk_ahead *a,
    const struct disk *disk, const struct disk_sample *s, int64_t floor_bytes,
    int64_t now);

/* Feed a sample. */
void disk_check(struct findings *fs, const struct disk_view *v,
    const struct disk_sample *s);

/*
 * The floor that counts for this file system: Postfix's where its queue is;
 * where mailboxes are, no more than a twentieth of the whole; else 0.
 */
int64_t disk_floor(unsigned uses, int64_t floor_bytes, int64_t total_bytes);

#endif
