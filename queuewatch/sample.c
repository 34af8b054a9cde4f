#include "queuewatch/sample.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/outbox.h"
#include "queuewatch/check_log.h"
#include "queuewatch/check_lost.h"
#include "queuewatch/check_stuck.h"
#include "queuewatch/compose.h"
#include "queuewatch/sample_log.h"
#include "queuewatch/watch.h"

#include <stdio.h>
#include <string.h>

#define PASS_WAIT_MS 100
#define LATE_INTERVALS 2 /* older figures are no longer shown */
#define DEEP_EVERY_MS 60000
#define CAUSES_BEFORE_S 60 /* what came so long before counts as well */
#define CAUSES_INTERVALS 3 /* causes are looked for so seldom */
#define LOST_INTERVALS 60 /* the greylist's store is read so seldom */
#define STEP_LEAST_MS 5000
#define STALE_EVERY_MS 60000
#define STEP_SHOWN_MS (10 * 60 * 1000)

struct rule_policy
sample_policy(const struct watch *w)
{
	return (struct rule_policy){ .hold = (int)w->config->hold_samples,
		.clear = (int)w->config->clear_samples };
}

static void
sample_facts(struct watch *w)
{
	struct facts before = w->facts;
	bool known = w->facts_known;

	w->facts_known = asker_get(
	    w->asker, &w->facts, w->facts_fault, sizeof(w->facts_fault));
	if (known != w->facts_known ||
	    memcmp(&before, &w->facts, sizeof(before)) != 0)
		sample_disk_list(w);
	lister_aim(&w->lister, w->facts_known ? w->facts.queue_directory : "");
	sample_log_aim(w);
}

/* Why there are no figures of the queue; NULL: there are. */
static const char *
no_pass(const struct watch *w, int64_t mono_ms)
{
	const struct lister *l = &w->lister;
	int64_t late_ms = w->config->interval * LATE_INTERVALS * 1000;

	if (!w->facts_known)
		return w->facts_fault[0] != '\0'
		    ? w->facts_fault
		    : "Postfix has not told yet where its queue is.";
	if (l->passed && mono_ms - l->passed_ms <= late_ms)
		return NULL;
	if (l->fault[0] != '\0')
		return l->fault;
	return l->passed ? "The pass over the spool does not end."
	                 : "The first pass over the spool is under way.";
}

/* When the queue grows: of what?  And when it is well again: of nothing. */
static void
ask_for_causes(struct watch *w, int64_t mono_ms, int64_t now)
{
	const struct finding *f = finding_look(&w->findings, "queue", "");
	const struct causer_order order = {
		.queue_directory = w->facts.queue_directory,
		.since = w->quiet_at - CAUSES_BEFORE_S,
		.addresses = w->config->evidence == EVIDENCE_ADDRESSES,
	};

	if (f == NULL)
		return;
	if (f->rule.above[LEVEL_WARNING] > 0 ||
	    (f->rule.level >= LEVEL_WARNING &&
	        f->rule.level != LEVEL_UNKNOWN)) {
		causer_ask(w->causer, &order, mono_ms,
		    w->config->interval * CAUSES_INTERVALS * 1000);
		return;
	}
	w->quiet_at = now;
	causer_forget(w->causer);
}

static void
check_stuck(struct watch *w, const struct rule_policy *policy, int64_t mono_ms,
    int64_t now)
{
	struct stuck_view v = { .policy = policy,
		.now = now,
		.active_limit = w->facts.active_limit,
		.dead = w->dead,
		.dead_at = w->dead_at,
		.stale = w->stale };

	if (w->stepped_ms != 0 && w->step_ms < 0 &&
	    mono_ms - w->stepped_ms < STEP_SHOWN_MS)
		v.stepped_back_s = -w->step_ms / 1000;
	if (!w->facts.chroots) {
		w->stale[0] = '\0';
	} else if (w->stale_ms == 0 ||
	    mono_ms - w->stale_ms >= STALE_EVERY_MS) {
		w->stale_ms = mono_ms;
		stuck_stale(
		    w->facts.queue_directory, "", w->stale, sizeof(w->stale));
	}
	stuck_check(&w->findings, &v, &w->lister.result);
}

void
sample_queue(struct watch *w, int wait_ms, int64_t mono_ms, int64_t wall_ms)
{
	struct rule_policy policy = sample_policy(w);
	struct queue_view v = { .config = w->config,
		.policy = &policy,
		.now = wall_ms / 1000,
		.now_ms = wall_ms,
		.trends = w->queue_trends };
	struct causes causes;
	const char *why;

	if (w->config->postfix_config[0] == '\0')
		return;
	if (lister_take(&w->lister, wait_ms, mono_ms)) {
		causes.n = 0;
		(void)causer_get(w->causer, &causes);
		log_causes(&w->findings, &causes);
		if (causes.n > 0)
			v.causes = &causes;
		queue_check(&w->findings, &v, &w->lister.result);
		check_stuck(w, &policy, mono_ms, v.now);
		ask_for_causes(w, mono_ms, wall_ms / 1000);
		return;
	}
	why = no_pass(w, mono_ms);
	if (why != NULL)
		queue_check_unknown(&w->findings, &v, why);
}

static void
ask_for_pass(struct watch *w, int64_t mono_ms, int64_t wall_ms)
{
	struct scan_order order = lister_order(
	    &w->facts, wall_ms / 1000, w->first_start);

	lister_ask(&w->lister, &order, mono_ms, DEEP_EVERY_MS);
}

/* One reason that queuewatch itself is not well, behind the others. */
static void
reason(struct finding *f, enum level *level, enum level bad, const char *what,
    const char *which)
{
	if (bad > *level)
		*level = bad;
	if (f->summary[0] != '\0')
		finding_say(f, " ");
	finding_say(f, "%s%s.", what, which);
}

static bool
may_not_look(const struct lister *l)
{
	int q;

	for (q = 0; l->passed && q < SCAN_QUEUES; q++) {
		if (l->result.queue[q].fault != 0)
			return true;
	}
	return false;
}

/* Set since: by how much; shown for a while. */
static void
note_step(struct watch *w, int64_t mono_ms, int64_t wall_ms)
{
	int64_t offset = wall_ms - mono_ms, step;

	step = offset - w->wall_offset_ms;
	if (w->wall_offset_ms != 0 &&
	    (step > STEP_LEAST_MS || step < -STEP_LEAST_MS)) {
		w->stepped_ms = mono_ms;
		/* Two clocks are read, one after the other. */
		w->step_ms = (step + (step < 0 ? -500 : 500)) / 1000 * 1000;
		/* Time stamps mean something else now. */
		lister_deep(&w->lister);
	}
	w->wall_offset_ms = offset;
}

static void
sample_self(struct watch *w, int64_t mono_ms, int64_t now)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f = finding_get(&w->findings, "self", "");
	enum level level = LEVEL_OK;
	struct rule_sample s;
	struct sender_status sent;
	struct outbox_counts told;
	char text[64];

	if (f == NULL)
		return;
	sender_status(w->sender, &sent);
	outbox_counts(w->outbox, NULL, &told);
	if (w->facts_fault[0] != '\0')
		reason(f, &level, LEVEL_WARNING, "", w->facts_fault);
	if (w->facts_known && w->lister.fault[0] != '\0')
		reason(
		    f, &level, LEVEL_WARNING, "The scanner: ", w->lister.fault);
	if (may_not_look(&w->lister))
		reason(f, &level, LEVEL_WARNING,
		    "There is no right to look at all of ", w->lister.path);
	if (w->state_fault[0] != '\0')
		reason(f, &level, LEVEL_WARNING, "", w->state_fault);
	if (w->results.fault[0] != '\0')
		reason(
		    f, &level, LEVEL_WARNING, "Remedies: ", w->results.fault);
	if (w->history_fault[0] != '\0')
		reason(f, &level, LEVEL_WARNING,
		    "Forecasts are not kept: ", w->history_fault);
	if (sent.in_memory)
		reason(f, &level, LEVEL_WARNING,
		    "Reports that wait are kept in memory only", "");
	if (told.store_fault)
		reason(f, &level, LEVEL_WARNING, "Alerts: ", told.store_error);
	if (w->stepped_ms != 0 && mono_ms - w->stepped_ms < STEP_SHOWN_MS) {
		(void)snprintf(
		    text, sizeof(text), "%lld", (long long)(w->step_ms / 1000));
		reason(f, &level, LEVEL_NOTICE, "The clock was set by %s s.",
		    text);
	}
	if (level == LEVEL_OK)
		finding_say(f, "queuewatch is well.");
	s.enter = s.leave = level;
	(void)rule_feed(&f->rule, &at_once, &s, now);
	finding_evidence(f,
	    json_pack("{s:I, s:I, s:I}", "reports_waiting",
	        (json_int_t)sent.waiting, "reports_dropped",
	        (json_int_t)sent.dropped, "alerts_waiting",
	        (json_int_t)told.waiting));
}

/* Mail that greylisting made its senders lose. */
static void
sample_lost(struct watch *w, int64_t mono_ms, int64_t now)
{
	const struct config *c = w->config;
	const struct losses_order order = { .url = c->greylist_store,
		.window_s = c->lost_after,
		.pause_ms = c->interval * LOST_INTERVALS * 1000 };
	struct losses_view v;

	losses_ask(w->losses, &order, mono_ms);
	losses_get(w->losses, &v);
	lost_check(&w->findings, &v, c->lost_after, now);
}

void
sample_state(const struct watch *w, struct proof_state *s_r)
{
	size_t i;

	s_r->messages = w->lister.passed ? queue_sum(&w->lister.result) : -1;
	s_r->no_space_at = w->no_space_at;
	s_r->n_disks = w->n_disks;
	for (i = 0; i < w->n_disks; i++) {
		s_r->disks[i] = &w->disks[i]->disk;
		s_r->samples[i] = &w->disks[i]->sample;
	}
}

void
sample_round(struct watch *w, int64_t mono_ms, int64_t wall_ms)
{
	struct proof_state state;

	note_step(w, mono_ms, wall_ms);
	sample_facts(w);
	if (w->config->postfix_config[0] != '\0')
		ask_for_pass(w, mono_ms, wall_ms);
	sample_disks(w, mono_ms, wall_ms);
	inside_sample(&w->inside, &w->findings, wall_ms);
	sample_queue(w, PASS_WAIT_MS, mono_ms, wall_ms);
	sample_log(w, mono_ms, wall_ms / 1000);
	sample_lost(w, mono_ms, wall_ms / 1000);
	sample_self(w, mono_ms, wall_ms / 1000);
	sample_state(w, &state);
	proof_check(&w->proof, &w->findings, &state, wall_ms / 1000);
}
