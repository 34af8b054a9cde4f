#include "statusd/store_probe.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/store_inner.h"

#include <stdlib.h>
#include <string.h>

/* A look that is older than so many of its intervals tells nothing. */
#define INTERVALS 3
#define LATELY_S 30

int
store_probe_put(struct store *s, const struct store_probe *p, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO probe (system, name, answers, since, at, latency, "
	    "expires_at, fault, cert) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
	    "ON CONFLICT (system, name) DO UPDATE SET "
	    "answers = excluded.answers, since = excluded.since, "
	    "at = excluded.at, latency = excluded.latency, "
	    "fault = excluded.fault, expires_at = CASE WHEN "
	    "excluded.expires_at = 0 THEN expires_at ELSE "
	    "excluded.expires_at END, cert_changed_at = CASE WHEN "
	    "excluded.cert <> 0 AND cert <> 0 AND excluded.cert <> cert "
	    "THEN excluded.at ELSE cert_changed_at END, cert = CASE WHEN "
	    "excluded.cert = 0 THEN cert ELSE excluded.cert END",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, p->system);
	sql_bind_text(st, 2, p->name);
	sql_bind_int(st, 3, p->answers);
	sql_bind_int(st, 4, p->since);
	sql_bind_int(st, 5, p->at);
	sql_bind_double(st, 6, p->latency_s);
	sql_bind_int(st, 7, p->expires_at);
	sql_bind_text(st, 8, p->fault);
	sql_bind_int(st, 9, p->cert);
	return sql_run(st, e);
}

int
store_probe_fails(struct store *s, const char *system, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT 1 FROM finding WHERE system = ? AND \"check\" = 'probe' "
	    "AND level = 3 LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

int
store_probe_answers(
    struct store *s, const char *system, int64_t since, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT 1 FROM probe WHERE system = ? AND answers = 1 AND "
	    "at >= ? LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, since);
	rc = sql_step(st, e);
	sql_reset(st);
	return rc;
}

static int
load_one(struct store *s, const char *system, const struct config_probe *p,
    struct model_probe *m, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT answers, since, at, latency, expires_at, "
	    "cert_changed_at FROM probe "
	    "WHERE system = ? AND name = ?",
	    e);
	int rc;

	m->name = strdup(p->name);
	m->kind = strndup(p->url, strcspn(p->url, ":"));
	m->latency_s = -1;
	if (m->name == NULL || m->kind == NULL)
		return err_set(e, "no memory");
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, p->name);
	rc = sql_step(st, e);
	if (rc == 1) {
		m->answers = (enum model_answers)sql_int(st, 0);
		m->since = sql_int(st, 1);
		m->at = sql_int(st, 2);
		m->latency_s = sql_double(st, 3);
		m->expires_at = sql_int(st, 4);
		m->changed_at = sql_int(st, 5);
	}
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

int
store_load_probes(struct store *s, const struct config_system *sys,
    struct model_system *m, int64_t now, struct err *e)
{
	const struct config_probe *p = sys->probes.items;
	size_t answer = 0, silent = 0;

	for (size_t i = 0; i < sys->probes.n; i++) {
		struct model_probe *x = store_grow(
		    &m->probes, &m->n_probes, sizeof(*x));

		if (x == NULL)
			return err_set(e, "no memory");
		if (load_one(s, sys->code, &p[i], x, e) == -1)
			return -1;
		if (now - x->at > p[i].interval_s * INTERVALS + LATELY_S) {
			x->answers = MODEL_NOT_ASKED;
			x->since = 0;
		}
		answer += x->answers == MODEL_ANSWERS;
		silent += x->answers == MODEL_SILENT;
	}
	m->answers = answer > 0 ? MODEL_ANSWERS
	    : silent > 0        ? MODEL_SILENT
	                        : MODEL_NOT_ASKED;
	return 0;
}
