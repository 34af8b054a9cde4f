/* The queue of each Postfix of this host: the pass, its findings, its causes.
 */
#include "queuewatch/check_log.h"
#include "queuewatch/check_running.h"
#include "queuewatch/check_stuck.h"
#include "queuewatch/multi.h"
#include "queuewatch/sample.h"
#include "queuewatch/sample_log.h"
#include "queuewatch/watch.h"

#include <string.h>

#define DEEP_EVERY_MS 60000
#define CAUSES_BEFORE_S 60 /* what came so long before counts as well */
#define CAUSES_INTERVALS 3 /* causes are looked for so seldom */
#define STALE_EVERY_MS 60000

/* The other instances of this host, as Postfix tells of them. */
static bool
sample_others(struct watch *w)
{
	static struct facts others[FACTS_INSTANCES];
	size_t n = asker_others(w->asker, others), before = w->others.n;
	bool changed = instances_list(
	    &w->others, others, n, &w->keeper, w->logreader);

	/* What is said of one that is gone goes as well. */
	if (changed && w->others.n < before)
		watch_sweep(w);
	return changed;
}

void
sample_facts(struct watch *w)
{
	static struct facts before;
	bool known = w->facts_known, changed;
	struct instance *in;
	size_t i;

	before = w->first.facts;
	w->facts_known = asker_get(
	    w->asker, &w->first.facts, w->facts_fault, sizeof(w->facts_fault));
	changed = sample_others(w);
	if (changed || known != w->facts_known ||
	    memcmp(&before, &w->first.facts, sizeof(before)) != 0)
		sample_disk_list(w);
	if (!w->facts_known)
		lister_aim(&w->first.lister, "");
	for (i = 0; w->facts_known && (in = watch_an_instance(w, i)) != NULL;
	     i++)
		lister_aim(&in->lister, in->facts.queue_directory);
	sample_log_aim(w);
}

void
sample_ask(struct watch *w, int64_t mono_ms, int64_t wall_ms)
{
	struct scan_order order;
	struct instance *in;
	size_t i;

	for (i = 0; (in = watch_an_instance(w, i)) != NULL; i++) {
		order = lister_order(
		    &in->facts, wall_ms / 1000, w->first_start);
		in->lister.interval_ms = w->config->interval * 1000;
		lister_ask(&in->lister, &order, mono_ms, DEEP_EVERY_MS);
	}
}

int64_t
sample_messages(const struct watch *w)
{
	const struct instance *in;
	int64_t sum = 0, n;
	size_t i;

	for (i = 0; (in = watch_instance(w, i)) != NULL; i++) {
		n = in->lister.passed ? queue_sum(&in->lister.result) : -1;
		if (n == -1)
			return -1;
		sum += n;
	}
	return i > 0 ? sum : -1;
}

/* Why there are no figures of the queue; NULL: there are. */
static const char *
no_pass(const struct watch *w, const struct instance *in, int64_t mono_ms)
{
	const struct lister *l = &in->lister;

	if (!w->facts_known)
		return w->facts_fault[0] != '\0'
		    ? w->facts_fault
		    : "Postfix has not told yet where its queue is.";
	if (l->passed && mono_ms - l->passed_ms <= lister_late_ms(l))
		return NULL;
	if (l->fault[0] != '\0')
		return l->fault;
	return l->passed ? "The pass over the spool does not end."
	                 : "The first pass over the spool is under way.";
}

/* When the queue grows: of what?  And when it is well again: of nothing. */
static void
ask_for_causes(
    const struct watch *w, struct instance *in, int64_t mono_ms, int64_t now)
{
	char subject[QUEUE_SUBJECT];
	const struct finding *f = finding_look(&w->findings, "queue",
	    queue_subject(instance_name(in), "", subject));
	const struct causer_order order = {
		.queue_directory = in->facts.queue_directory,
		.instance = multi_key(&in->facts),
		.since = in->quiet_at - CAUSES_BEFORE_S,
		.addresses = w->config->evidence == EVIDENCE_ADDRESSES,
	};

	if (f == NULL || in->causer == NULL)
		return;
	if (f->rule.above[LEVEL_WARNING] > 0 ||
	    (f->rule.level >= LEVEL_WARNING &&
	        f->rule.level != LEVEL_UNKNOWN)) {
		causer_ask(in->causer, &order, mono_ms,
		    w->config->interval * CAUSES_INTERVALS * 1000);
		return;
	}
	in->quiet_at = now;
	causer_forget(in->causer);
}

static void
check_stuck(struct watch *w, struct instance *in,
    const struct rule_policy *policy, int64_t mono_ms, int64_t now)
{
	struct stuck_view v = { .policy = policy,
		.instance = instance_name(in),
		.now = now,
		.active_limit = in->facts.active_limit,
		.dead = w->dead,
		.dead_at = w->dead_at,
		.stale = in->stale };

	if (w->dead_instance != multi_key(&in->facts))
		v.dead_at = 0;
	if (w->stepped_ms != 0 && w->step_ms < 0 &&
	    mono_ms - w->stepped_ms < SAMPLE_STEP_SHOWN_MS)
		v.stepped_back_s = -w->step_ms / 1000;
	if (!in->facts.chroots) {
		in->stale[0] = '\0';
	} else if (in->stale_ms == 0 ||
	    mono_ms - in->stale_ms >= STALE_EVERY_MS) {
		in->stale_ms = mono_ms;
		stuck_stale(in->facts.queue_directory, "", in->stale,
		    sizeof(in->stale));
	}
	stuck_check(&w->findings, &v, &in->lister.result);
}

static void
find_causes(const struct watch *w, struct instance *in, struct causes *c_r)
{
	c_r->n = 0;
	if (in->causer != NULL)
		(void)causer_get(in->causer, c_r);
	if (in == sample_log_filtered(w))
		log_causes(&w->findings, c_r);
}

static void
sample_one(struct watch *w, struct instance *in, int wait_ms, int64_t mono_ms,
    int64_t wall_ms)
{
	struct rule_policy policy = sample_policy(w);
	struct queue_view v = { .config = w->config,
		.policy = &policy,
		.instance = instance_name(in),
		.now = wall_ms / 1000,
		.now_ms = wall_ms,
		.trends = in->trends };
	struct causes causes;
	const char *why;

	if (lister_take(&in->lister, wait_ms, mono_ms)) {
		find_causes(w, in, &causes);
		if (causes.n > 0)
			v.causes = &causes;
		queue_check(&w->findings, &v, &in->lister.result);
		check_stuck(w, in, &policy, mono_ms, v.now);
		running_check(
		    &w->findings, &v, &in->facts, &in->lister.result.lock);
		ask_for_causes(w, in, mono_ms, v.now);
		return;
	}
	why = wait_ms > 0 ? no_pass(w, in, mono_ms) : NULL;
	if (why != NULL)
		queue_check_unknown(&w->findings, &v, why);
}

void
sample_queue(struct watch *w, int wait_ms, int64_t mono_ms, int64_t wall_ms)
{
	struct instance *in;
	size_t i;

	for (i = 0; (in = watch_an_instance(w, i)) != NULL; i++)
		sample_one(w, in, wait_ms, mono_ms, wall_ms);
}
