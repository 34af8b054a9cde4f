#include "statusd/tick.h"

#include "lib/err.h"
#include "lib/log.h"
#include "statusd/announce.h"
#include "statusd/config.h"
#include "statusd/fault.h"
#include "statusd/post.h"
#include "statusd/probe_take.h"
#include "statusd/remind.h"
#include "statusd/state.h"
#include "statusd/store_history.h"
#include "statusd/store_probe.h"
#include "statusd/store_report.h"

#include <stdio.h>

#define SLOW_EVERY_S 5
#define EXPIRE_EVERY_S 3600
#define KEEP_SAMPLES_S ((int64_t)400 * 86400)
#define RENDER_EVERY_S 60
#define NOTE_EVERY_S 10
/* A check that the reports say nothing of for so long is no longer made. */
#define FORGOTTEN_S 3600

/* It was silent for long enough: an incident of its own. */
static int
announce_silence(struct tick *t, const struct config_system *sys,
    int64_t reported_at, int64_t now, struct err *e)
{
	struct announce a = { .store = t->store,
		.config = t->config,
		.system = sys,
		.now = now };
	struct incident_finding f = {
		.check = INCIDENT_SILENCE,
		.subject = "",
		.level = LEVEL_CRITICAL,
		.value = (double)reported_at,
		.began = now,
	};
	int rc;

	if (announce_begin(&a, e) == -1)
		return -1;
	f.muted = a.muted;
	rc = announce_finding(&a, &f, "", e);
	if (rc == 0)
		rc = announce_say(&a, e);
	announce_end(&a);
	return rc;
}

/* For too long, or late while a look from outside fails too. */
static int
is_silent(struct tick *t, const struct config_system *sys, int64_t quiet_s,
    bool *silent_r, struct err *e)
{
	int fails = 0;

	if (quiet_s > t->config->late_after_s &&
	    quiet_s <= t->config->silent_after_s)
		fails = store_probe_fails(t->store, sys->code, e);
	*silent_r = fails == 1 || quiet_s > t->config->silent_after_s;
	return fails == -1 ? -1 : 0;
}

static int
look_after(
    struct tick *t, const struct config_system *sys, int64_t now, struct err *e)
{
	struct store_reporter r;
	int rc = store_reporter_get(t->store, sys->code, &r, e);
	int64_t heard;
	bool silent = false;

	if (rc == -1)
		return -1;
	heard = r.received_at > t->started_at ? r.received_at : t->started_at;
	if (rc == 1 && sys->reports &&
	    is_silent(t, sys, now - heard, &silent, e) == -1)
		return -1;
	if (silent && announce_silence(t, sys, r.received_at, now, e) == -1)
		return -1;
	return fault_review(t->store, sys->code, now, e);
}

static int
expire(struct tick *t, int64_t now, struct err *e)
{
	if (now - t->expired_at < EXPIRE_EVERY_S)
		return 0;
	t->expired_at = now;
	if (store_samples_sum_up(t->store, now, e) == -1)
		return -1;
	return store_samples_expire(t->store, now - KEEP_SAMPLES_S, e);
}

/* What the clock alone brings about in the system's incidents. */
static int
look_at_incidents(
    struct tick *t, const struct config_system *sys, int64_t now, struct err *e)
{
	struct announce a = { .store = t->store,
		.config = t->config,
		.system = sys,
		.now = now };
	int rc;

	if (announce_begin(&a, e) == -1)
		return -1;
	rc = announce_clock(&a, e);
	if (rc == 0)
		rc = announce_forgotten(&a, FORGOTTEN_S, e);
	if (rc == 0)
		rc = probe_take_gone(&a, e);
	if (rc == 0)
		rc = announce_say(&a, e);
	announce_end(&a);
	return rc;
}

/* Every few seconds. */
static int
run_slow(struct tick *t, int64_t now, struct err *e)
{
	const struct config_system *sys = t->config->systems.items;

	t->slow_at = now;
	for (size_t i = 0; i < t->config->systems.n; i++) {
		if (look_at_incidents(t, &sys[i], now, e) == -1)
			return -1;
	}
	if (remind_review(t->store, t->config, now, e) == -1)
		return -1;
	return expire(t, now, e);
}

/* Within a transaction. */
static int
run(struct tick *t, int64_t now, struct err *e)
{
	const struct config_system *sys = t->config->systems.items;
	bool slow = now - t->slow_at >= SLOW_EVERY_S || now < t->slow_at;
	int due = announce_due(t->store, now, e);

	if (due == -1 || post_planned_due(t->store, now, e) == -1)
		return -1;
	for (size_t i = 0; i < t->config->systems.n; i++) {
		if (look_after(t, &sys[i], now, e) == -1)
			return -1;
	}
	if (slow && run_slow(t, now, e) == -1)
		return -1;
	return due > 0;
}

int
tick_run(struct tick *t, int64_t now, struct err *e)
{
	int64_t before = store_changes(t->store);
	int rc = -1;

	if (store_begin(t->store, e) == -1)
		return -1;
	rc = run(t, now, e);
	if (rc == -1 || store_commit(t->store, e) == -1) {
		store_rollback(t->store);
		return -1;
	}
	return store_changes(t->store) != before;
}

/* A state that is not noted yet, or one noted a while ago. */
static bool
is_to_be_noted(const struct tick *t, const struct model_site *site)
{
	for (size_t i = 0; i < site->n_systems; i++) {
		if (!site->systems[i].noted)
			return true;
	}
	return site->loaded_at - t->noted_at >= NOTE_EVERY_S ||
	    site->loaded_at < t->noted_at;
}

int
tick_note_states(struct tick *t, struct model_site *site, struct err *e)
{
	if (!is_to_be_noted(t, site))
		return 0;
	if (store_begin(t->store, e) == -1)
		return -1;
	for (size_t i = 0; i < site->n_systems; i++) {
		struct model_system *m = &site->systems[i];
		const struct store_moment now = { m->state, m->felt,
			m->planned };

		if (store_period_note(
		        t->store, m->code, &now, site->loaded_at, e) == -1) {
			store_rollback(t->store);
			return -1;
		}
		if (m->state_since == 0)
			m->state_since = site->loaded_at;
	}
	if (store_commit(t->store, e) == -1) {
		store_rollback(t->store);
		return -1;
	}
	t->noted_at = site->loaded_at;
	return 0;
}

int64_t
tick_next_change(const struct model_site *site, const struct config *c)
{
	int64_t now = site->loaded_at, next = now + RENDER_EVERY_S;

	for (size_t i = 0; i < site->n_systems; i++) {
		int64_t late = site->systems[i].last_verified +
		    c->late_after_s + 1;

		if (late > now && late < next)
			next = late;
	}
	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];

		if (t->kind != MODEL_PLANNED)
			continue;
		if (t->planned_from > now && t->planned_from < next)
			next = t->planned_from;
		if (t->planned_until > now && t->planned_until < next)
			next = t->planned_until;
	}
	return next;
}
