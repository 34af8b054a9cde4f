#include "queuewatch/sample_log.h"

#include "lib/err.h"
#include "lib/pressure.h"
#include "queuewatch/check_disk.h"
#include "queuewatch/check_log.h"
#include "queuewatch/multi.h"
#include "queuewatch/watch.h"

#include <string.h>

#define PRESSURE_INTERVALS 3 /* it is good for so long */
#define PRESSURE_LEAST_S 5
#define LOG_EVERY_S 600
#define GROW_INTERVALS_MS 3000 /* what grows is looked for so seldom */

const struct instance *
sample_log_filtered(const struct watch *w)
{
	const struct instance *in;
	size_t i;

	for (i = 0; (in = watch_instance(w, i)) != NULL; i++) {
		if (in->facts.content_filter[0] != '\0')
			return in;
	}
	return &w->first;
}

static void
names_of(const struct watch *w, struct maillog_names *names)
{
	const struct facts *facts[FACTS_INSTANCES];
	const struct instance *in;
	size_t n;

	for (n = 0; n < FACTS_INSTANCES && (in = watch_instance(w, n)) != NULL;
	     n++)
		facts[n] = &in->facts;
	multi_names(facts, n, names);
}

void
sample_log_aim(struct watch *w)
{
	const struct config *c = w->config;
	const struct facts *f = &w->first.facts;
	struct logreader_target to = { "", "", "postfix", NULL };
	struct maillog_names names;

	names_of(w, &names);
	if (c->postfix_config[0] != '\0' && w->facts_known)
		to = (struct logreader_target){ logreader_source(c->maillog,
			                            f->maillog_file),
			sample_log_filtered(w)->facts.content_filter,
			f->mail_owner, &names };
	else if (c->postfix_config[0] != '\0' && w->facts_fault[0] != '\0')
		to.source = logreader_source(c->maillog, "");
	else if (c->postfix_config[0] != '\0')
		return;
	logreader_aim(w->logreader, &to);
}

/* A mail store at its floor: greymilter can make senders wait. */
static bool
store_is_full(const struct watch *w)
{
	const struct watch_disk *d;
	int64_t floor;
	size_t i;

	for (i = 0; w->facts_known && i < w->n_disks; i++) {
		d = w->disks[i];
		if (d->sample.fault != 0 || d->sample.total_bytes == 0 ||
		    (d->disk.uses & (DISK_STORE | DISK_QUEUE)) == 0)
			continue;
		floor = disk_floor(
		    d->disk.uses, watch_floor(w), d->sample.total_bytes);
		if (d->sample.free_bytes <= floor)
			return true;
	}
	return false;
}

static enum level
level_of(const struct watch *w, const char *check, const char *subject)
{
	const struct finding *f = finding_look(&w->findings, check, subject);

	return f != NULL ? f->rule.level : LEVEL_UNKNOWN;
}

static enum pressure_level
pressure_of(const struct watch *w, bool milter_hangs)
{
	enum level filter = level_of(w, "log", "filter");

	if (store_is_full(w))
		return PRESSURE_FULL;
	if (filter == LEVEL_CRITICAL)
		return PRESSURE_CRITICAL;
	if (filter == LEVEL_WARNING || milter_hangs)
		return PRESSURE_HIGH;
	return PRESSURE_OK;
}

/* Written while there is pressure, and once more when it is over. */
static void
tell_pressure(
    struct watch *w, enum pressure_level level, int64_t mono_ms, int64_t now)
{
	int64_t good_s = w->config->interval * PRESSURE_INTERVALS;
	struct err e;

	if (w->config->pressure_file[0] == '\0' ||
	    (level == PRESSURE_OK && w->pressure == PRESSURE_OK))
		return;
	if ((int)level == w->pressure &&
	    mono_ms - w->pressure_ms < w->config->interval * 1000)
		return;
	if (good_s < PRESSURE_LEAST_S)
		good_s = PRESSURE_LEAST_S;
	if (pressure_write(w->config->pressure_file, level, now + good_s, &e) ==
	        -1 &&
	    keeper_pressure(&w->keeper, level, now + good_s, &e) == -1) {
		log_warn_limited(&w->pressure_log, mono_ms, LOG_EVERY_S,
		    "pressure: %s", e.text);
		return;
	}
	if ((int)level != w->pressure)
		log_info("pressure is %s", pressure_words[level]);
	w->pressure = (int)level;
	w->pressure_ms = mono_ms;
}

static const char *
whole(const char *name)
{
	return account_shown(true, name);
}

static const char *
domain(const char *name)
{
	return account_shown(false, name);
}

/* Not at each sample: it is a walk through a table. */
static void
find_growers(
    struct watch *w, const struct ledger *l, int64_t mono_ms, int64_t now)
{
	if (w->growers_ms != 0 &&
	    mono_ms - w->growers_ms < w->config->interval * GROW_INTERVALS_MS)
		return;
	w->growers_ms = mono_ms;
	ledger_growers(l, now,
	    w->config->evidence == EVIDENCE_ADDRESSES ? whole : domain,
	    &w->growers);
}

void
sample_log(struct watch *w, int64_t mono_ms, int64_t now)
{
	const struct rule_policy policy = {
		.hold = (int)w->config->hold_samples,
		.clear = (int)w->config->clear_samples
	};
	struct logreader_status status;
	struct log_view v = { .config = w->config,
		.policy = &policy,
		.status = &status,
		.now = now };
	const struct instance *in = sample_log_filtered(w);
	const struct ledger_fault *milter;
	struct ledger *l;
	bool hangs;

	if (w->config->postfix_config[0] == '\0')
		return;
	log_view_scan(&v, in->lister.passed ? &in->lister.result : NULL);
	l = logreader_lock(w->logreader, &status);
	log_check(&w->findings, &v, l);
	w->log_counts = l->counts;
	find_growers(w, l, mono_ms, now);
	w->no_space_at = l->faults[MAILLOG_NO_SPACE].at;
	w->dead_at = l->dead_at;
	memcpy(w->dead, l->dead, sizeof(w->dead));
	w->dead_instance = l->dead_instance;
	w->log_read = status.why[0] == '\0' || l->counts.lines > 0;
	if (w->log_read)
		pace_take(&w->pace, &w->log_counts, mono_ms);
	milter = &l->faults[MAILLOG_MILTER];
	hangs = milter->count >= 3 &&
	    now - milter->at < w->config->interval * PRESSURE_INTERVALS;
	logreader_unlock(w->logreader);
	tell_pressure(w, pressure_of(w, hangs), mono_ms, now);
}
