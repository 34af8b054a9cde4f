#include "milter/count.h"

#include "lib/buf.h"
#include "lib/grey/store.h"
#include "lib/metrics_http.h"

#include <stdio.h>

/* Upper bounds in microseconds. */
static const unsigned bounds_us[COUNT_BUCKETS] = { 20, 50, 100, 200, 500, 1000,
	2000, 5000, 10000, 20000, 50000, 200000, 1000000, 2000000 };

void
count_decision(struct count *c, const struct grey_outcome *out, int64_t took_ns)
{
	unsigned long long us = (unsigned long long)took_ns / 1000;
	size_t i;

	for (i = 0; i < COUNT_BUCKETS && us > bounds_us[i]; i++)
		;
	atomic_fetch_add_explicit(&c->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->sum_us, us, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &c->verdicts[out->verdict], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &c->rules[out->rule], 1, memory_order_relaxed);
	if (out->defer)
		atomic_fetch_add_explicit(
		    &c->deferred, 1, memory_order_relaxed);
}

static void
save_one(struct grey_store *store, const char *group, const char *name,
    atomic_ullong *now, unsigned long long *saved)
{
	unsigned long long v = atomic_load(now);
	char full[48];

	if (v == *saved)
		return;
	(void)snprintf(full, sizeof(full), "%s%s", group, name);
	grey_store_count(store, full, (int64_t)(v - *saved));
	*saved = v;
}

void
count_save(struct count *c, struct grey_store *store)
{
	size_t i;

	for (i = 0; i < GREY_VERDICTS; i++)
		save_one(store, "verdict.", grey_verdict_words[i],
		    &c->verdicts[i], &c->saved_verdicts[i]);
	for (i = 0; i < GREY_RULES; i++)
		save_one(store, "rule.", grey_rule_words[i], &c->rules[i],
		    &c->saved_rules[i]);
	save_one(store, "deferred", "", &c->deferred, &c->saved_deferred);
}

/* --- Prometheus --- */

static void
compose_words(struct buf *b, const char *name, const char *label,
    const char *const *words, atomic_ullong *values)
{
	struct metrics_label labels[2] = { { label, NULL }, { NULL, NULL } };
	size_t i;

	for (i = 0; words[i] != NULL; i++) {
		labels[0].value = words[i];
		metrics_sample(
		    b, name, labels, (double)atomic_load(&values[i]));
	}
}

static void
compose_histogram(struct buf *b, struct count *c)
{
	static const char name[] = "greymilter_decision_seconds";
	struct metrics_label labels[2] = { { "le", NULL }, { NULL, NULL } };
	unsigned long long n = 0;
	char le[32];
	size_t i;

	metrics_head(b, name, "histogram",
	    "How long decisions took, the store's answer included");
	for (i = 0; i <= COUNT_BUCKETS; i++) {
		n += atomic_load(&c->buckets[i]);
		if (i < COUNT_BUCKETS)
			(void)snprintf(
			    le, sizeof(le), "%g", (double)bounds_us[i] / 1e6);
		else
			(void)snprintf(le, sizeof(le), "+Inf");
		labels[0].value = le;
		metrics_sample(
		    b, "greymilter_decision_seconds_bucket", labels, (double)n);
	}
	metrics_sample(b, "greymilter_decision_seconds_sum", NULL,
	    (double)atomic_load(&c->sum_us) / 1e6);
	metrics_sample(b, "greymilter_decision_seconds_count", NULL, (double)n);
}

static void
compose_store(struct buf *b, struct grey_store *store)
{
	struct grey_store_state st;

	grey_store_state(store, &st);
	metrics_single(b, "greymilter_store_up", "gauge",
	    "1: the store answers", st.faulty ? 0 : 1);
	metrics_single(b, "greymilter_fail_open_total", "counter",
	    "Recipients accepted because the store did not answer",
	    (double)st.faults);
	metrics_single(b, "greymilter_store_commits_total", "counter",
	    "Transactions", (double)st.commits);
	metrics_single(b, "greymilter_store_written_total", "counter",
	    "Requests answered by these transactions", (double)st.written);
	metrics_single(b, "greymilter_store_reads_total", "counter",
	    "Decisions that needed no transaction", (double)st.reads);
	metrics_single(b, "greymilter_store_commit_seconds_total", "counter",
	    "Time spent in transactions", (double)st.commit_us / 1e6);
	metrics_single(b, "greymilter_store_commit_worst_seconds", "gauge",
	    "The longest transaction since the last look",
	    (double)st.worst_commit_us / 1e6);
	metrics_single(b, "greymilter_store_batch_max", "gauge",
	    "The most requests in one transaction since the last look",
	    (double)st.batch_max);
	metrics_single(b, "greymilter_store_wal_bytes", "gauge",
	    "Size of the write-ahead log", (double)st.wal_bytes);
}

void
count_compose(struct count *c, struct grey_store *store, struct buf *out)
{
	metrics_head(out, "greymilter_decisions_total", "counter",
	    "Decisions on a recipient, by verdict");
	compose_words(out, "greymilter_decisions_total", "verdict",
	    grey_verdict_words, c->verdicts);
	metrics_head(out, "greymilter_rules_total", "counter",
	    "Decisions on a recipient, by the rule that decided");
	compose_words(
	    out, "greymilter_rules_total", "rule", grey_rule_words, c->rules);
	metrics_single(out, "greymilter_deferred_total", "counter",
	    "Recipients deferred", (double)atomic_load(&c->deferred));
	metrics_single(out, "greymilter_connections_total", "counter",
	    "Connections of the mail server",
	    (double)atomic_load(&c->connections));
	compose_histogram(out, c);
	compose_store(out, store);
}
