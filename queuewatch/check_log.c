#include "queuewatch/check_log.h"

#include "lib/clock.h"
#include "queuewatch/cause.h"
#include "queuewatch/check_queue.h"

#include <string.h>

#define QUIET_S 1200 /* a fault that was not logged for so long is over */
#define QUIET_INTERVALS 10 /* and after this many where mail flows again */
#define DOUBLES_QUIET_S 300
#define DOUBLES_SHOWN_S 86400

struct finding *
log_finding(struct findings *fs, const struct log_view *v, const char *subject,
    enum level level, double value)
{
	struct finding *f = finding_get(fs, "log", subject);
	const struct rule_sample s = { level, level };

	if (f == NULL)
		return NULL;
	(void)rule_feed(&f->rule, v->policy, &s, v->now);
	finding_value(f, value, "messages");
	return f;
}

/* Since it was logged last, mail got through where it had not. */
static bool
has_flowed(const struct ledger *l, const struct ledger_fault *f)
{
	return l->inside_ok_line > f->line ||
	    (l->inside_failed_line < f->line && l->outside_ok_line > f->line);
}

static bool
is_on(const struct log_view *v, const struct ledger *l, int kind)
{
	const struct ledger_fault *f = &l->faults[kind];
	int64_t quiet = v->now - f->at;

	if (f->at == 0 || quiet >= QUIET_S)
		return false;
	return quiet < v->config->interval * QUIET_INTERVALS ||
	    (kind == MAILLOG_NO_SPACE && !has_flowed(l, f));
}

static json_t *
fault_json(const struct ledger_fault *f, enum maillog_fault kind)
{
	char since[CLOCK_RFC3339_SIZE], last[CLOCK_RFC3339_SIZE];

	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "fault",
	    maillog_fault_words[kind], "count", (json_int_t)f->count, "since",
	    clock_rfc3339(f->first, since), "last", clock_rfc3339(f->at, last),
	    "program", f->program, "text", f->text);
}

/* Postfix's own complaints. */
static void
check_faults(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	enum level worst = LEVEL_OK;
	json_t *faults = json_array();
	int64_t count = 0;
	struct finding *f;
	int k, shown = -1;

	for (k = 0; k < MAILLOG_FAULTS; k++) {
		if (!is_on(v, l, k))
			continue;
		count += l->faults[k].count;
		(void)json_array_append_new(
		    faults, fault_json(&l->faults[k], (enum maillog_fault)k));
		worst = LEVEL_WARNING;
		if (shown == -1)
			shown = k;
	}
	f = log_finding(fs, v, "", worst, (double)count);
	if (f == NULL) {
		json_decref(faults);
		return;
	}
	if (shown != -1)
		finding_say(f, "Postfix says \"%s\", %lld times: %s: %s.",
		    maillog_fault_words[shown],
		    (long long)l->faults[shown].count, l->faults[shown].program,
		    l->faults[shown].text);
	else
		finding_say(f,
		    "%lld messages received, %lld delivered, %lld deferrals, "
		    "%lld bounced, %lld rejected since start.",
		    (long long)l->counts.received,
		    (long long)l->counts.delivered,
		    (long long)l->counts.deferred, (long long)l->counts.bounced,
		    (long long)l->counts.rejected);
	finding_evidence(f,
	    json_pack("{s:o, s:s, s:I}", "faults", faults, "source",
	        v->status->source, "lines", (json_int_t)l->counts.lines));
}

static void
check_doubles(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	const struct ledger_doubles *d = &l->doubles;
	struct finding *f = finding_get(fs, "duplicates", "");
	bool shown = d->at != 0 && v->now - d->at < DOUBLES_SHOWN_S;
	enum level level = !shown              ? LEVEL_OK
	    : v->now - d->at < DOUBLES_QUIET_S ? LEVEL_WARNING
	                                       : LEVEL_NOTICE;
	struct rule_sample s = { level, level };

	if (f == NULL)
		return;
	(void)rule_feed(&f->rule, v->policy, &s, v->now);
	finding_value(f, shown ? (double)d->messages : 0, "messages");
	if (!shown) {
		finding_say(f, "No message was delivered twice.");
		return;
	}
	finding_say(f,
	    "%lld message%s %s delivered more than once, %lld for certain; the "
	    "last was %s: %s.",
	    (long long)d->messages, d->messages == 1 ? "" : "s",
	    d->certain == d->messages ? (d->messages == 1 ? "was" : "were")
	                              : "may have been",
	    (long long)d->certain, d->example, d->why);
	finding_evidence(f,
	    json_pack("{s:I, s:I, s:s, s:s}", "messages",
	        (json_int_t)d->messages, "certain", (json_int_t)d->certain,
	        "example", d->example, "why", d->why));
}

static void
all_unknown(struct findings *fs, const struct log_view *v)
{
	static const char *const subjects[] = { "", "account", "reply",
		"destination", "outside", "filter", NULL };
	struct finding *f;
	size_t i;

	for (i = 0; subjects[i] != NULL; i++) {
		f = finding_get(fs, "log", subjects[i]);
		if (f != NULL)
			(void)finding_unknown(f, v->now, v->status->why);
	}
	f = finding_get(fs, "duplicates", "");
	if (f != NULL)
		(void)finding_unknown(f, v->now, v->status->why);
}

void
log_check(struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	if (v->status->why[0] != '\0') {
		all_unknown(fs, v);
		return;
	}
	check_faults(fs, v, l);
	check_doubles(fs, v, l);
	flow_check(fs, v, l);
	account_check(fs, v, l);
}

static int64_t
oldest_s(const struct scan_result *r, int64_t now)
{
	static const int queues[] = { SCAN_INCOMING, SCAN_ACTIVE,
		SCAN_DEFERRED };
	int64_t oldest = 0, t;
	size_t i;

	for (i = 0; i < sizeof(queues) / sizeof(queues[0]); i++) {
		t = r->queue[queues[i]].oldest_waiting;
		if (t != 0 && t < now && now - t > oldest)
			oldest = now - t;
	}
	return oldest;
}

void
log_view_scan(struct log_view *v, const struct scan_result *scan)
{
	v->active = v->waiting = -1;
	if (scan == NULL)
		return;
	v->waiting = queue_sum(scan);
	v->active = scan->queue[SCAN_ACTIVE].messages +
	    scan->queue[SCAN_INCOMING].messages;
	v->oldest_s = oldest_s(scan, v->now);
}

void
log_causes(const struct findings *fs, struct causes *c)
{
	const struct finding *f = finding_look(fs, "log", "filter");
	json_t *o;
	const char *name, *reason;

	if (f == NULL || f->evidence == NULL ||
	    (f->rule.level != LEVEL_WARNING && f->rule.level != LEVEL_CRITICAL))
		return;
	o = json_loads(f->evidence, 0, NULL);
	if (json_unpack(o, "{s:[{s:s, s:s}]}", "causes", "name", &name,
	        "reason", &reason) == 0)
		causes_add(c, CAUSE_FILTER, name, 1, reason);
	json_decref(o);
}
