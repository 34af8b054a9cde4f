#include "queuewatch/sample.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/outbox.h"
#include "queuewatch/check_lost.h"
#include "queuewatch/errand.h"
#include "queuewatch/keep.h"
#include "queuewatch/sample_log.h"
#include "queuewatch/watch.h"

#include <stdio.h>
#include <string.h>

#define PASS_WAIT_MS 100
#define DISK_HANGS_MS 2000
#define LOST_INTERVALS 60 /* the greylist's store is read so seldom */
#define STEP_LEAST_MS 5000

struct rule_policy
sample_policy(const struct watch *w)
{
	return (struct rule_policy){ .hold = (int)w->config->hold_samples,
		.clear = (int)w->config->clear_samples };
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
		watch_deep(w);
	}
	w->wall_offset_ms = offset;
}

/* Of what is kept; a disk that stands still is one reason for all of it. */
static void
kept_faults(const struct watch *w, struct finding *f, enum level *level,
    const struct sender_status *sent)
{
	if (errand_hangs_ms(w->errand) >= DISK_HANGS_MS) {
		reason(f, level, LEVEL_WARNING,
		    "What is kept waits for a disk that does not answer: ",
		    w->config->data_directory);
		return;
	}
	if (w->state_fault[0] != '\0')
		reason(f, level, LEVEL_WARNING, "", w->state_fault);
	if (w->history_fault[0] != '\0')
		reason(f, level, LEVEL_WARNING,
		    "Forecasts are not kept: ", w->history_fault);
	if (sent->in_memory)
		reason(f, level, LEVEL_WARNING,
		    "Reports that wait are kept in memory only", "");
}

static void
sample_self(struct watch *w, int64_t mono_ms, int64_t now)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f = finding_get(&w->findings, "self", "");
	enum level level = LEVEL_OK;
	struct rule_sample s;
	struct sender_status sent;
	const struct instance *in;
	char text[64];
	size_t i;

	if (f == NULL)
		return;
	sender_status(w->sender, &sent);
	keep_counts(w->errand, w->outbox, &w->told);
	if (w->facts_fault[0] != '\0')
		reason(f, &level, LEVEL_WARNING, "", w->facts_fault);
	for (i = 0; (in = watch_instance(w, i)) != NULL; i++) {
		if (in->lister.fault[0] != '\0')
			reason(f, &level, LEVEL_WARNING,
			    "The scanner: ", in->lister.fault);
		if (may_not_look(&in->lister))
			reason(f, &level, LEVEL_WARNING,
			    "There is no right to look at all of ",
			    in->lister.path);
	}
	kept_faults(w, f, &level, &sent);
	if (w->results.fault[0] != '\0')
		reason(
		    f, &level, LEVEL_WARNING, "Remedies: ", w->results.fault);
	if (w->told.store_fault)
		reason(
		    f, &level, LEVEL_WARNING, "Alerts: ", w->told.store_error);
	if (w->stepped_ms != 0 &&
	    mono_ms - w->stepped_ms < SAMPLE_STEP_SHOWN_MS) {
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
	        (json_int_t)w->told.waiting));
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

	s_r->messages = sample_messages(w);
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
	sample_ask(w, mono_ms, wall_ms);
	sample_disks(w, mono_ms, wall_ms);
	inside_sample(&w->inside, &w->findings, wall_ms);
	sample_queue(w, PASS_WAIT_MS, mono_ms, wall_ms);
	sample_log(w, mono_ms, wall_ms / 1000);
	sample_lost(w, mono_ms, wall_ms / 1000);
	sample_self(w, mono_ms, wall_ms / 1000);
	sample_state(w, &state);
	proof_check(&w->proof, &w->findings, &state, wall_ms / 1000);
}
