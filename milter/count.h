#ifndef MILTER_COUNT_H
#define MILTER_COUNT_H

#include "lib/grey/check.h"
#include "lib/pressure.h"

#include <stdatomic.h>
#include <stdint.h>

struct buf;
struct grey_store;
struct grey_asked;
struct spf_pool;

/*
 * What greymilter counts: for Prometheus, and for greywl stats.  Any thread
 * may count.
 */
#define COUNT_BUCKETS 14

/* By how long it took, and the sum. */
struct count_times {
	atomic_ullong buckets[COUNT_BUCKETS + 1];
	atomic_ullong sum_us;
};

struct count {
	atomic_ullong verdicts[GREY_VERDICTS];
	atomic_ullong rules[GREY_RULES];
	atomic_ullong deferred;
	atomic_ullong spared; /* would be deferred, but for the mode */
	atomic_ullong braked;
	atomic_ullong dnswl[DNSWL_HIGH + 1];
	atomic_ullong connections;
	atomic_ullong turned_away; /* connections closed at once */
	struct count_times times, spf_times, store_times;
	/* What count_save() has saved already; one thread. */
	unsigned long long saved_verdicts[GREY_VERDICTS];
	unsigned long long saved_rules[GREY_RULES];
	unsigned long long saved_deferred;
};

void count_decision(
    struct count *c, const struct grey_outcome *out, int64_t took_ns);

/* The DNS was asked, for a message. */
void count_dns(struct count *c, const struct grey_asked *asked);
/* The rules and the store have answered. */
void count_store(struct count *c, int64_t took_ns);

/* Add what was counted since the last call to the store's counters. */
void count_save(struct count *c, struct grey_store *store);

/* Whose state is shown beside it. */
struct count_from {
	struct grey_store *store;
	struct spf_pool *spf; /* or NULL */
	enum pressure_level pressure;
	unsigned long long nudges;
};

/* Prometheus text. */
void count_compose(
    struct count *c, const struct count_from *from, struct buf *out);

#endif
