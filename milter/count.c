#include "milter/count.h"

#include "lib/buf.h"
#include "lib/grey/ask.h"
#include "lib/grey/spf.h"
#include "lib/grey/store.h"
#include "lib/metrics_http.h"

#include <stdio.h>

/* Upper bounds in microseconds. */
static const unsigned bounds_us[COUNT_BUCKETS] = { 20, 50, 100, 200, 500, 1000,
	2000, 5000, 10000, 20000, 50000, 200000, 1000000, 2000000 };

static void
count_time(struct count_times *t, unsigned long long us)
{
	size_t i;

	for (i = 0; i < COUNT_BUCKETS && us > bounds_us[i]; i++)
		;
	atomic_fetch_add_explicit(&t->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&t->sum_us, us, memory_order_relaxed);
}

void
count_dns(struct count *c, const struct grey_asked *asked)
{
	count_time(&c->spf_times, (unsigned long long)asked->spf.elapsed_us);
	atomic_fetch_add(&c->dnswl[asked->dnswl], 1);
}

void
count_store(struct count *c, int64_t took_ns)
{
	count_time(&c->store_times, (unsigned long long)took_ns / 1000);
}

void
count_decision(struct count *c, const struct grey_outcome *out, int64_t took_ns)
{
	count_time(&c->times, (unsigned long long)took_ns / 1000);
	atomic_fetch_add_explicit(
	    &c->verdicts[out->verdict], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
	    &c->rules[out->rule], 1, memory_order_relaxed);
	if (out->defer)
		atomic_fetch_add_explicit(
		    &c->deferred, 1, memory_order_relaxed);
	else if (out->wait_s > 0)
		atomic_fetch_add_explicit(&c->spared, 1, memory_order_relaxed);
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
compose_times(
    struct buf *b, const char *name, const char *help, struct count_times *t)
{
	struct metrics_label labels[2] = { { "le", NULL }, { NULL, NULL } };
	unsigned long long n = 0;
	char full[64], le[32];
	size_t i;

	metrics_head(b, name, "histogram", help);
	(void)snprintf(full, sizeof(full), "%s_bucket", name);
	for (i = 0; i <= COUNT_BUCKETS; i++) {
		n += atomic_load(&t->buckets[i]);
		if (i < COUNT_BUCKETS)
			(void)snprintf(
			    le, sizeof(le), "%g", (double)bounds_us[i] / 1e6);
		else
			(void)snprintf(le, sizeof(le), "+Inf");
		labels[0].value = le;
		metrics_sample(b, full, labels, (double)n);
	}
	(void)snprintf(full, sizeof(full), "%s_sum", name);
	metrics_sample(b, full, NULL, (double)atomic_load(&t->sum_us) / 1e6);
	(void)snprintf(full, sizeof(full), "%s_count", name);
	metrics_sample(b, full, NULL, (double)n);
}

static void
compose_kinds(struct buf *b, const char *name, const uint64_t n[SPF_KINDS])
{
	struct metrics_label labels[2] = { { "child", "stranger" },
		{ NULL, NULL } };

	metrics_sample(b, name, labels, (double)n[SPF_STRANGER]);
	labels[0].value = "listed";
	metrics_sample(b, name, labels, (double)n[SPF_LISTED]);
}

static void
compose_sources(struct buf *b, const struct spf_stats *st)
{
	static const char name[] = "greymilter_spf_unanswered_total";
	static const char *const words[SPF_SOURCES] = {
		[SPF_NOT_ASKED] = "nothing_to_ask",
		[SPF_SHUNNED] = "shunned",
		[SPF_CHILD_DIED] = "child_died",
		[SPF_LATE] = "late",
		[SPF_BUSY] = "busy",
	};
	struct metrics_label labels[2] = { { "why", NULL }, { NULL, NULL } };
	size_t i;

	metrics_head(b, name, "counter",
	    "SPF questions without an answer, which count as none");
	for (i = 0; i < SPF_SOURCES; i++) {
		labels[0].value = words[i];
		if (words[i] != NULL)
			metrics_sample(b, name, labels, (double)st->sources[i]);
	}
}

static void
compose_spf(struct buf *b, struct spf_pool *pool)
{
	struct metrics_label labels[2] = { { "result", NULL }, { NULL, NULL } };
	struct spf_stats st = { .open = 0 };
	size_t i;

	if (pool != NULL)
		spf_stats(pool, &st);
	metrics_head(b, "greymilter_spf_results_total", "counter",
	    "Answers of SPF, one a message, by result (RFC 7208)");
	for (i = 0; i < SPF_RESULTS; i++) {
		labels[0].value = spf_result_word((enum spf_result)i);
		metrics_sample(b, "greymilter_spf_results_total", labels,
		    (double)st.results[i]);
	}
	metrics_single(b, "greymilter_spf_proofs_total", "counter",
	    "Answers of SPF that are an identity", (double)st.proofs);
	compose_sources(b, &st);
	metrics_head(b, "greymilter_spf_child_starts_total", "counter",
	    "Processes greymilter-spf started");
	compose_kinds(b, "greymilter_spf_child_starts_total", st.starts);
	metrics_head(b, "greymilter_spf_child_deaths_total", "counter",
	    "Processes greymilter-spf that died or were replaced");
	compose_kinds(b, "greymilter_spf_child_deaths_total", st.deaths);
	metrics_single(b, "greymilter_spf_open", "gauge",
	    "SPF questions that wait for an answer", st.open);
	metrics_single(b, "greymilter_spf_shunned", "gauge",
	    "Names that are not asked about for an hour: a child died of one",
	    st.shunned);
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
	metrics_head(b, "greymilter_store_batch_size", "summary",
	    "Requests in a transaction");
	metrics_sample(
	    b, "greymilter_store_batch_size_sum", NULL, (double)st.written);
	metrics_sample(
	    b, "greymilter_store_batch_size_count", NULL, (double)st.commits);
	metrics_single(b, "greymilter_store_batch_max", "gauge",
	    "The most requests in one transaction since the last look",
	    (double)st.batch_max);
	metrics_single(b, "greymilter_store_wal_bytes", "gauge",
	    "Size of the write-ahead log", (double)st.wal_bytes);
}

void
count_compose(struct count *c, const struct count_from *from, struct buf *out)
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
	metrics_single(out, "greymilter_spared_total", "counter",
	    "Recipients that only the mode has kept from being deferred",
	    (double)atomic_load(&c->spared));
	metrics_single(out, "greymilter_braked_total", "counter",
	    "Recipients answered 452 because a mail store is full",
	    (double)atomic_load(&c->braked));
	metrics_single(out, "greymilter_pressure_level", "gauge",
	    "Pressure: 0 ok, 1 high, 2 critical, 3 full", from->pressure);
	metrics_single(out, "greymilter_connections_total", "counter",
	    "Connections of the mail server",
	    (double)atomic_load(&c->connections));
	metrics_single(out, "greymilter_turned_away_total", "counter",
	    "Connections closed at once because none could be taken",
	    (double)atomic_load(&c->turned_away));
	metrics_single(out, "greymilter_nudges_total", "counter",
	    "Connections to itself, made because one stood unread",
	    (double)from->nudges);
	compose_times(out, "greymilter_decision_seconds",
	    "How long decisions took, SPF and the store included", &c->times);
	compose_times(out, "greymilter_spf_seconds",
	    "How long messages waited for SPF", &c->spf_times);
	compose_times(out, "greymilter_store_seconds",
	    "How long the rules took, most of it for the store's answer",
	    &c->store_times);
	metrics_head(out, "greymilter_dnswl_total", "counter",
	    "Answers of the DNS allow list, one a message");
	compose_words(out, "greymilter_dnswl_total", "level", dnswl_level_words,
	    c->dnswl);
	compose_spf(out, from->spf);
	compose_store(out, from->store);
}
