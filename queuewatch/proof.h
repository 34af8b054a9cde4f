#ifndef QUEUEWATCH_PROOF_H
#define QUEUEWATCH_PROOF_H

#include "lib/report.h"
#include "queuewatch/disk.h"
#include "queuewatch/finding.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Whether a remedy helped: how it was before, how it is now.  Pure, but for the
 * finding "remedy" that it fills.
 */
#define PROOF_COMPLAINTS 24
#define PROOF_WATCH_S (15 * 60) /* it has so long to show that it helped */
#define PROOF_SHOWN_S (24 * 3600)
#define PROOF_QUIET_S                                          \
	30 /* without a complaint before that proves something \
	    */

struct proof_state {
	int64_t messages; /* that wait; -1: not known */
	int64_t no_space_at; /* Postfix last said so; 0: never */
	size_t n_disks;
	const struct disk *disks[DISKS_MOST];
	const struct disk_sample *samples[DISKS_MOST];
};

struct proof {
	char remedy[REPORT_MAX_NAME + 1]; /* "": none */
	bool over;
	enum report_outcome outcome;
	int64_t began_at, over_at; /* Unix seconds */
	/* As it was before. */
	int64_t messages, no_space_at;
	size_t n_disks;
	struct {
		char path[FACTS_PATH];
		int64_t total_bytes;
	} disks[DISKS_MOST];
	size_t n_complaints; /* findings that were warning or critical */
	struct {
		char check[FINDING_CHECK];
		char subject[128];
	} complaints[PROOF_COMPLAINTS];
};

/* It begins now: note how things are. */
void proof_begin(struct proof *p, const char *remedy, const struct findings *fs,
    const struct proof_state *s, int64_t now);
void proof_over(struct proof *p, enum report_outcome outcome, int64_t now);

/* Say in the finding "remedy" how things are by now. */
void proof_check(struct proof *p, struct findings *fs,
    const struct proof_state *s, int64_t now);

#endif
