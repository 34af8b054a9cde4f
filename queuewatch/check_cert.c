#include "queuewatch/check_service.h"

#include "lib/clock.h"
#include "lib/json_read.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define TODAY_S DAY_S /* a change is told for so long */

static void
worse(enum level *level, enum level than)
{
	if (than > *level)
		*level = than;
}

/* When it ends, and what that means. */
static void
say_expiry(struct finding *f, const struct config_certificate *c,
    const struct probe_cert *k, int64_t now)
{
	char when[CLOCK_RFC3339_SIZE];
	int64_t left = k->not_after - now;

	(void)clock_rfc3339(k->not_after, when);
	when[10] = '\0';
	if (left < 0)
		finding_say(f, "The certificate of %s has expired on %s.",
		    c->name, when);
	else if (left < 2 * DAY_S)
		finding_say(f, "The certificate of %s expires in %lld h.",
		    c->name, (long long)(left / 3600));
	else
		finding_say(f,
		    "The certificate of %s expires in %lld days (%s).", c->name,
		    (long long)(left / DAY_S), when);
}

static enum level
judge_expiry(
    const struct config_certificate *c, const struct probe_cert *k, int64_t now)
{
	int64_t left = k->not_after - now;

	if (left < c->critical || k->not_before > now)
		return LEVEL_CRITICAL;
	return left < c->warning ? LEVEL_WARNING : LEVEL_OK;
}

static enum level
judge_chain(
    struct finding *f, const struct probe_cert *k, const struct cert_memory *m)
{
	switch (k->chain) {
	case PROBE_CHAIN_SELF:
	case PROBE_CHAIN_FOREIGN:
		finding_say(f, " It is signed by %s.",
		    k->chain == PROBE_CHAIN_SELF ? "itself"
		                                 : "nobody known here");
		return m->found_foreign ? LEVEL_NOTICE : LEVEL_CRITICAL;
	case PROBE_CHAIN_BROKEN:
		finding_say(f, " Its chain is broken: %s.", k->chain_fault);
		return LEVEL_CRITICAL;
	case PROBE_CHAIN_DATES:
		if (k->not_before > 0)
			finding_say(
			    f, " It is not accepted: %s.", k->chain_fault);
		return LEVEL_CRITICAL;
	case PROBE_CHAIN_NOT_JUDGED:
	case PROBE_CHAIN_OK:
	default:
		return LEVEL_OK;
	}
}

static enum level
judge_names(struct finding *f, const struct probe_cert *k)
{
	if (!k->names_judged || k->names_match)
		return LEVEL_OK;
	finding_say(f, " Its names do not match: it is for %.120s.",
	    k->names[0] != '\0' ? k->names : k->subject);
	return LEVEL_CRITICAL;
}

static enum level
judge_change(struct finding *f, const struct cert_memory *m, int64_t now)
{
	if (m->changed_at == 0 || now - m->changed_at >= TODAY_S)
		return LEVEL_OK;
	finding_say(f, " It was changed today.");
	return LEVEL_NOTICE;
}

/* The service may need a moment to take a new file. */
static enum level
judge_file(struct finding *f, const struct config_certificate *c,
    const struct look_view *v, const struct cert_memory *m)
{
	if (v->look->file == LOOK_FILE_UNREADABLE) {
		finding_say(f, " %s cannot be compared: %s.", c->file,
		    v->look->file_fault);
		return LEVEL_NOTICE;
	}
	if (m->differs < v->policy->hold)
		return LEVEL_OK;
	finding_say(f,
	    " It was renewed on disk (%s), but the service still shows the old "
	    "one.",
	    c->file);
	return LEVEL_WARNING;
}

static void
remember(struct cert_memory *m, const struct look_result *r, int64_t now)
{
	const struct probe_cert *k = &r->probe.cert;

	if (m->sha256[0] == '\0')
		m->found_foreign = k->chain == PROBE_CHAIN_SELF ||
		    k->chain == PROBE_CHAIN_FOREIGN;
	else if (strcmp(m->sha256, k->sha256) != 0)
		m->changed_at = now;
	/* What has been trusted once must stay so. */
	if (k->chain == PROBE_CHAIN_OK)
		m->found_foreign = false;
	memcpy(m->sha256, k->sha256, sizeof(m->sha256));
	if (r->file != LOOK_FILE_DIFFERS)
		m->differs = 0;
	else if (m->differs < 1000)
		m->differs++;
}

static json_t *
clean(const char *text)
{
	return json_clean_text(text, 1024);
}

static json_t *
evidence(const struct probe_cert *k, const struct cert_memory *m)
{
	char from[CLOCK_RFC3339_SIZE], to[CLOCK_RFC3339_SIZE];
	json_t *o = json_pack("{s:o, s:o, s:o, s:s, s:s, s:s}", "subject",
	    clean(k->subject), "issuer", clean(k->issuer), "names",
	    clean(k->names), "not_before", clock_rfc3339(k->not_before, from),
	    "not_after", clock_rfc3339(k->not_after, to), "sha256", k->sha256);
	char changed[CLOCK_RFC3339_SIZE];

	if (o != NULL && m->changed_at != 0)
		(void)json_object_set_new(o, "changed_at",
		    json_string(clock_rfc3339(m->changed_at, changed)));
	return o;
}

void
certificate_check(struct findings *fs, const struct config_certificate *c,
    const struct look_view *v, struct cert_memory *m)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f = finding_get(fs, "certificate", c->name);
	const struct probe_cert *k = &v->look->probe.cert;
	enum level level;
	struct rule_sample s;
	char why[400];

	if (f == NULL)
		return;
	if (!k->given) {
		(void)snprintf(why, sizeof(why),
		    "The certificate of %.100s cannot be seen: %s.", c->name,
		    v->look->probe.reason);
		(void)finding_unknown(f, v->now, why);
		return;
	}
	remember(m, v->look, v->now);
	say_expiry(f, c, k, v->now);
	level = judge_expiry(c, k, v->now);
	worse(&level, judge_chain(f, k, m));
	worse(&level, judge_names(f, k));
	worse(&level, judge_change(f, m, v->now));
	worse(&level, judge_file(f, c, v, m));
	s = (struct rule_sample){ level, level };
	(void)rule_feed(&f->rule, &at_once, &s, v->now);
	finding_value(f, (double)(k->not_after - v->now) / DAY_S, "days");
	finding_evidence(f, evidence(k, m));
}
