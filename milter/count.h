#ifndef MILTER_COUNT_H
#define MILTER_COUNT_H

#include "lib/grey/check.h"

#include <stdatomic.h>
#include <stdint.h>

struct buf;
struct grey_store;

/*
 * What greymilter counts: for Prometheus, and for greywl stats.  Any thread
 * may count.
 */
#define COUNT_BUCKETS 14

struct count {
	atomic_ullong verdicts[GREY_VERDICTS];
	atomic_ullong rules[GREY_RULES];
	atomic_ullong deferred;
	atomic_ullong connections;
	/* Decisions by how long they took, and their sum. */
	atomic_ullong buckets[COUNT_BUCKETS + 1];
	atomic_ullong sum_us;
	/* What count_save() has saved already; one thread. */
	unsigned long long saved_verdicts[GREY_VERDICTS];
	unsigned long long saved_rules[GREY_RULES];
	unsigned long long saved_deferred;
};

void count_decision(
    struct count *c, const struct grey_outcome *out, int64_t took_ns);

/* Add what was counted since the last call to the store's counters. */
void count_save(struct count *c, struct grey_store *store);

/* Prometheus text. */
void count_compose(struct count *c, struct grey_store *store, struct buf *out);

#endif
