#include "statusd/store_system.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/level.h"
#include "statusd/config.h"
#include "statusd/incident.h"
#include "statusd/say.h"
#include "statusd/state.h"
#include "statusd/store_history.h"
#include "statusd/store_inner.h"
#include "statusd/store_probe.h"
#include "statusd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A finding that the newest reports say nothing of counts no longer. */
#define FORGOTTEN_S 3600

struct facts {
	struct state_facts state;
	char cause[64]; /* the worst finding's words */
	const char *said; /* the title of the operator's incident */
};

static int
load_report(struct store *s, const char *code, struct facts *f, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT received_at FROM report WHERE system = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, code);
	rc = sql_step(st, e);
	if (rc == 1)
		f->state.reported_at = sql_int(st, 0);
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

/* What customers may read about a finding: nothing of what is a draft. */
static const char *
public_cause(const struct config *c, const struct config_system *sys,
    const char *check, const char *subject)
{
	if (config_publish_of(c, sys, check).how == CONFIG_PUBLISH_DRAFT)
		return template_trouble(c, "", "");
	return template_trouble(c, check, subject);
}

/* What customers use; a ping is nothing of that. */
static bool
is_felt(const struct config_system *sys, const char *check, const char *subject)
{
	const struct config_probe *p = sys->probes.items;

	for (size_t i = 0;
	     strcmp(check, INCIDENT_PROBE) == 0 && i < sys->probes.n; i++) {
		if (strcmp(p[i].name, subject) == 0)
			return strncmp(p[i].url, "ping:", 5) != 0;
	}
	return config_check_is_felt(check);
}

static void
note_level(struct state_facts *f, enum level level, bool felt)
{
	switch (level) {
	case LEVEL_CRITICAL:
		f->critical = true;
		f->felt_critical = f->felt_critical || felt;
		break;
	case LEVEL_WARNING:
		f->warning = true;
		f->felt_warning = f->felt_warning || felt;
		break;
	case LEVEL_UNKNOWN:
		return;
	case LEVEL_OK:
	case LEVEL_NOTICE:
		break;
	}
	f->felt_known = f->felt_known || felt;
}

/* Whether a look from outside that is not a ping has told something lately. */
static bool
is_probed(const struct model_system *m)
{
	for (size_t i = 0; i < m->n_probes; i++) {
		if (m->probes[i].answers != MODEL_NOT_ASKED &&
		    strcmp(m->probes[i].kind, "ping") != 0)
			return true;
	}
	return false;
}

/* The worst finding; of several the one that customers feel. */
static int
load_findings(struct store *s, const struct config *c,
    const struct config_system *sys, struct facts *f, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT \"check\", subject, level FROM finding "
	    "WHERE system = ? AND seen_at >= ?",
	    e);
	int rc, best = -1;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, sys->code);
	sql_bind_int(st, 2, f->state.reported_at - FORGOTTEN_S);
	while ((rc = sql_step(st, e)) == 1) {
		const char *check = sql_text(st, 0);
		enum level level = (enum level)sql_int(st, 2);
		bool critical = level == LEVEL_CRITICAL;
		bool felt = is_felt(sys, check, sql_text(st, 1));
		int rank = 2 * critical + felt;

		note_level(&f->state, level, felt);
		if (level != LEVEL_WARNING && !critical)
			continue;
		if (rank <= best)
			continue;
		best = rank;
		(void)snprintf(f->cause, sizeof(f->cause), "%s",
		    public_cause(c, sys, check, sql_text(st, 1)));
	}
	return rc;
}

/* What the operator says in threads that are open. */
static void
read_threads(const struct model_site *site, const char *code, struct facts *f)
{
	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];
		bool about = false;

		if (!model_thread_open(t) || !t->published)
			continue;
		for (size_t k = 0; k < t->n_systems; k++)
			about = about || strcmp(t->systems[k], code) == 0;
		if (!about)
			continue;
		if (t->kind == MODEL_PLANNED) {
			if (t->status == MODEL_IN_PROGRESS)
				f->state.maintenance = true;
			continue;
		}
		if (!t->by_hand)
			continue;
		if (f->said == NULL || t->impact > f->state.impact) {
			f->said = t->title;
			f->state.impact = t->impact;
		}
		f->state.by_hand = true;
	}
}

/* Since when its last period lasts, where that was in this state. */
static int
load_since(struct store *s, struct model_system *m, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT coalesce(min(from_at), 0) FROM period WHERE system = ?1 "
	    "AND from_at > coalesce((SELECT max(from_at) FROM period WHERE "
	    "system = ?1 AND state <> ?2), -1)",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, m->code);
	sql_bind_int(st, 2, m->state);
	rc = sql_step(st, e);
	if (rc == 1)
		m->state_since = sql_int(st, 0);
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

/* Whether the last period is of what the system is now. */
static int
load_noted(struct store *s, struct model_system *m, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT state, felt, planned FROM period WHERE system = ? "
	    "ORDER BY from_at DESC LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, m->code);
	rc = sql_step(st, e);
	m->noted = rc == 1 && sql_int(st, 0) == (int64_t)m->state &&
	    sql_int(st, 1) == (int64_t)m->felt &&
	    (sql_int(st, 2) != 0) == m->planned;
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

/* Why it is not operational. */
static char *
reason(const struct facts *f, enum model_state state, int64_t now)
{
	struct buf b, time;
	const char *said = f->said;
	char *text;

	buf_init(&b, 1024);
	buf_str(&b, "");
	if (state == MODEL_UNKNOWN && f->state.probes_only) {
		buf_str(&b, say(SAY_NOT_LOOKED_AT));
	} else if (state == MODEL_UNKNOWN && f->state.reported_at == 0) {
		buf_str(&b, say(SAY_NO_REPORT));
	} else if (state == MODEL_UNKNOWN) {
		buf_init(&time, 256);
		template_time(&time, f->state.reported_at,
		    now - f->state.reported_at > 12 * 3600);
		say_to(&b, SAY_NO_REPORT_SINCE, "time", buf_text(&time), NULL);
		buf_free(&time);
	} else if (state == MODEL_MAINTENANCE) {
		buf_str(&b, say(SAY_PLANNED_WORK));
	} else if (state != MODEL_OPERATIONAL) {
		if (said != NULL && strstr(said, ": ") != NULL)
			said = strstr(said, ": ") + 2;
		buf_str(&b, said != NULL ? said : f->cause);
	}
	text = strdup(buf_text(&b));
	buf_free(&b);
	return text;
}

static int
load_system(struct store *s, const struct config *c,
    const struct config_system *sys, struct model_site *site, struct err *e)
{
	struct facts f = { .said = NULL };
	struct model_system *m = store_grow(
	    &site->systems, &site->n_systems, sizeof(*m));

	if (m == NULL)
		return err_set(e, "no memory");
	m->code = strdup(sys->code);
	m->role = strdup(sys->role);
	m->city = strdup(sys->city);
	m->country = strdup(sys->country);
	m->internal = sys->visibility == 1;
	if (load_report(s, sys->code, &f, e) == -1 ||
	    load_findings(s, c, sys, &f, e) == -1 ||
	    store_load_probes(s, sys, m, site->loaded_at, e) == -1)
		return -1;
	read_threads(site, sys->code, &f);
	f.state.probes_only = !sys->reports;
	f.state.probed = is_probed(m);
	m->felt = state_felt(&f.state, site->loaded_at, c->late_after_s);
	m->planned = f.state.maintenance;
	m->state = state_of(&f.state, site->loaded_at, c->late_after_s);
	m->last_verified = f.state.reported_at;
	for (size_t i = 0; !sys->reports && i < m->n_probes; i++)
		m->last_verified = m->probes[i].at > m->last_verified
		    ? m->probes[i].at
		    : m->last_verified;
	m->reason = reason(&f, m->state, site->loaded_at);
	if (m->code == NULL || m->role == NULL || m->city == NULL ||
	    m->country == NULL || m->reason == NULL)
		return err_set(e, "no memory");
	if (load_since(s, m, e) == -1 || load_noted(s, m, e) == -1 ||
	    store_load_history(s, c, m, site->loaded_at, e) == -1)
		return -1;
	return store_load_series(s, c, m, site->loaded_at, e);
}

int
store_load_systems(struct store *s, const struct config *c,
    struct model_site *site, struct err *e)
{
	const struct config_system *sys = c->systems.items;

	for (size_t i = 0; i < c->systems.n; i++) {
		if (load_system(s, c, &sys[i], site, e) == -1)
			return -1;
	}
	return 0;
}
