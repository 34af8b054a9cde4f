#include "statusd/probe_take.h"

#include "lib/err.h"
#include "statusd/announce.h"
#include "statusd/config.h"
#include "statusd/state.h"
#include "statusd/store_probe.h"
#include "statusd/store_report.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define EXPIRES_WARNING_S (14 * (int64_t)DAY_S)
#define EXPIRES_CRITICAL_S (3 * (int64_t)DAY_S)
#define CERTIFICATE "certificate"
/* Before the name in a certificate's subject: it is not a report's. */
#define SUBJECT_PREFIX "probe:"

static const struct config_probe *
find_probe(const struct config_system *s, const char *name)
{
	const struct config_probe *p = s->probes.items;

	for (size_t i = 0; i < s->probes.n; i++) {
		if (strcmp(p[i].name, name) == 0)
			return &p[i];
	}
	return NULL;
}

/* Whether a report or another probe says that the system is there. */
static int
is_vouched(struct announce *a, struct err *e)
{
	struct store_reporter r;
	int rc = store_reporter_get(a->store, a->system->code, &r, e);

	if (rc == -1)
		return -1;
	if (rc == 1 &&
	    state_is_fresh(r.received_at, a->now, a->config->late_after_s))
		return 1;
	return store_probe_answers(a->store, a->system->code, a->now - 300, e);
}

/* One finding of ours, taken as if a report held it. */
static int
take_finding(struct announce *a, struct report_finding *f, struct err *e)
{
	struct store_finding marks = { .seen_at = a->now,
		.changed_at = a->now };
	struct incident_finding x = { .check = f->check,
		.subject = f->subject,
		.level = f->level,
		.muted = a->muted };
	struct store_findings all;
	const struct store_finding *old;

	if (store_findings_load(a->store, a->system->code, &all, e) == -1)
		return -1;
	old = store_findings_find(&all, f->check, f->subject);
	if (old != NULL) {
		bool same = old->level == f->level;

		marks.changed_at = same ? old->changed_at : a->now;
		marks.changes = old->changes + !same;
		marks.began_at = old->began_at;
	}
	if (!incident_stands(f->level))
		marks.began_at = 0;
	else if (marks.began_at == 0)
		marks.began_at = a->now;
	store_findings_free(&all);
	x.began = marks.began_at;
	f->since = marks.changed_at;
	if (store_finding_put(a->store, a->system->code, f, &marks, e) == -1)
		return -1;
	return announce_finding(a, &x, "", e);
}

static int
take_answer(struct announce *a, const struct probe_result *r, struct err *e)
{
	char summary[300];
	struct report_finding f = { .check = INCIDENT_PROBE,
		.subject = r->name,
		.level = LEVEL_OK,
		.unit = "seconds",
		.summary = summary,
		.evidence = "",
		.has_value = r->latency_s >= 0,
		.value = r->latency_s };
	int vouched = 0;

	if (r->answers == MODEL_NOT_ASKED)
		return 0;
	if (r->answers == MODEL_SILENT) {
		if (r->ping && (vouched = is_vouched(a, e)) == -1)
			return -1;
		f.level = vouched == 1 ? LEVEL_WARNING : LEVEL_CRITICAL;
	}
	(void)snprintf(summary, sizeof(summary), "The probe %s %s%s%s.",
	    r->name, r->answers == MODEL_SILENT ? "fails" : "is answered",
	    r->fault[0] != '\0' ? ": " : "", r->fault);
	return take_finding(a, &f, e);
}

static int
take_certificate(
    struct announce *a, const struct probe_result *r, struct err *e)
{
	int64_t left = r->expires_at - a->now;
	char summary[200], subject[128];
	struct report_finding f = { .check = CERTIFICATE,
		.subject = subject,
		.level = left < EXPIRES_CRITICAL_S ? LEVEL_CRITICAL
		    : left < EXPIRES_WARNING_S     ? LEVEL_WARNING
		                                   : LEVEL_OK,
		.unit = "days",
		.summary = summary,
		.evidence = "",
		.has_value = true,
		.value = (double)(left / DAY_S) };

	if (r->expires_at == 0)
		return 0;
	(void)snprintf(subject, sizeof(subject), SUBJECT_PREFIX "%s", r->name);
	(void)snprintf(summary, sizeof(summary),
	    "The certificate at %s expires in %lld days.", r->name,
	    (long long)(left / DAY_S));
	return take_finding(a, &f, e);
}

static int
keep(struct announce *a, const struct probe_result *r, struct err *e)
{
	const struct store_probe row = { .system = r->system,
		.name = r->name,
		.answers = r->answers,
		.since = r->since,
		.at = r->at,
		.latency_s = r->latency_s,
		.expires_at = r->expires_at,
		.cert = r->cert,
		.fault = r->fault };
	char name[96];
	const struct report_sample sample = {
		.name = name, .unit = "seconds", .value = r->latency_s
	};

	(void)snprintf(name, sizeof(name), "latency:%s", r->name);
	if (store_probe_put(a->store, &row, e) == -1)
		return -1;
	return r->latency_s < 0
	    ? 0
	    : store_sample_add(a->store, r->system, &sample, r->at, false, e);
}

static int
take_one(struct announce *a, const struct probe_result *r, struct err *e)
{
	int rc;

	if (keep(a, r, e) == -1 || announce_begin(a, e) == -1)
		return -1;
	rc = take_answer(a, r, e);
	if (rc == 0)
		rc = take_certificate(a, r, e);
	if (rc == 0)
		rc = announce_say(a, e);
	announce_end(a);
	return rc;
}

int
probe_take(struct store *s, const struct config *c,
    const struct probe_found *found, int64_t now, struct err *e)
{
	if (found->n == 0)
		return 0;
	if (store_begin(s, e) == -1)
		return -1;
	for (size_t i = 0; i < found->n; i++) {
		const struct probe_result *r = &found->items[i];
		struct announce a = { .store = s,
			.config = c,
			.system = config_find_system(c, r->system),
			.now = now };

		if (a.system == NULL || find_probe(a.system, r->name) == NULL)
			continue;
		if (take_one(&a, r, e) == -1) {
			store_rollback(s);
			return -1;
		}
	}
	if (store_commit(s, e) == -1) {
		store_rollback(s);
		return -1;
	}
	return 0;
}

static int
drop(struct announce *a, const struct store_finding *f, struct err *e)
{
	const struct incident_finding over = {
		.check = f->check, .subject = f->subject, .level = LEVEL_OK
	};
	struct store_forgotten gone;

	(void)snprintf(gone.check, sizeof(gone.check), "%s", f->check);
	(void)snprintf(gone.subject, sizeof(gone.subject), "%s", f->subject);
	if (announce_finding(a, &over, "", e) == -1)
		return -1;
	return store_finding_drop(a->store, a->system->code, &gone, e);
}

int
probe_take_gone(struct announce *a, struct err *e)
{
	static const size_t prefix = sizeof(SUBJECT_PREFIX) - 1;
	struct store_findings all;
	int rc = 0;

	if (store_findings_load(a->store, a->system->code, &all, e) == -1)
		return -1;
	for (size_t i = 0; i < all.n && rc == 0; i++) {
		const struct store_finding *f = &all.items[i];
		const char *name = NULL;

		if (strcmp(f->check, INCIDENT_PROBE) == 0)
			name = f->subject;
		else if (strcmp(f->check, CERTIFICATE) == 0 &&
		    strncmp(f->subject, SUBJECT_PREFIX, prefix) == 0)
			name = f->subject + prefix;
		if (name != NULL && find_probe(a->system, name) == NULL)
			rc = drop(a, f, e);
	}
	store_findings_free(&all);
	return rc;
}
