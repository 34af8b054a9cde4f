#include "queuewatch/check_service.h"

#include "lib/fetch_handle.h"
#include "lib/json_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAPS                                                           \
	3 /* so many failures of the last LOOK_RING looks are a warning \
	   */

static struct rule_sample
both(enum level level)
{
	return (struct rule_sample){ level, level };
}

/* The URL without a name and password in it. */
static json_t *
bare_url(const char *url)
{
	struct fetch_url_parts p;
	json_t *text = fetch_url_split(url, &p) == 0 ? json_string(p.url)
	                                             : NULL;

	free(p.url);
	free(p.user);
	free(p.password);
	return text != NULL ? text : json_string("");
}

static void
service_say(struct finding *f, const struct config_service *s,
    const struct look_result *r)
{
	if (r->probe.state == PROBE_UP)
		finding_say(
		    f, "%s answers in %.2g s", s->name, r->probe.latency_s);
	else
		finding_say(
		    f, "%s does not work: %s", s->name, r->probe.reason);
	if (r->failed > 0 && r->of > 1)
		finding_say(
		    f, "; %d of the last %d looks failed", r->failed, r->of);
	finding_say(f, ".");
}

void
service_check(struct findings *fs, const struct config_service *s,
    const struct look_view *v)
{
	struct finding *f = finding_get(fs, "service", s->name);
	const struct look_result *r = v->look;
	struct rule_sample sample = both(LEVEL_OK);
	char why[400];

	if (f == NULL)
		return;
	if (r->probe.state == PROBE_UNKNOWN) {
		(void)snprintf(why, sizeof(why),
		    "%.100s cannot be looked at: %s.", s->name,
		    r->probe.reason);
		(void)finding_unknown(f, v->now, why);
		return;
	}
	if (r->probe.state == PROBE_DOWN)
		sample = both(LEVEL_CRITICAL);
	else if (r->outages >= FLAPS)
		sample = both(LEVEL_WARNING);
	(void)rule_feed(&f->rule, v->policy, &sample, v->now);
	finding_value(f, r->probe.latency_s, "s");
	service_say(f, s, r);
	finding_evidence(f,
	    json_pack("{s:o, s:b, s:f, s:i, s:i}", "url", bare_url(s->url),
	        "up", r->probe.state == PROBE_UP, "latency_s",
	        r->probe.latency_s, "failed", r->failed, "of", r->of));
}

static json_t *
names_of(const struct config_blocklist *b, const struct dnsbl_result *r,
    enum dnsbl_verdict verdict)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < r->n && i < b->address.n; i++) {
		const struct dnsbl_answer *x = &r->answers[i];

		if (x->verdict == verdict)
			(void)json_array_append_new(a,
			    json_pack("{s:s, s:s, s:o}", "address",
			        b->address.items[i], "code", x->code, "reason",
			        json_clean_text(x->text, DNSBL_TEXT)));
	}
	return a;
}

/* The first of that verdict; NULL where there is none. */
static const struct dnsbl_answer *
first(const struct dnsbl_result *r, enum dnsbl_verdict verdict, size_t *n_r,
    size_t *at_r)
{
	const struct dnsbl_answer *found = NULL;
	size_t i;

	*n_r = *at_r = 0;
	for (i = 0; i < r->n; i++) {
		if (r->answers[i].verdict != verdict)
			continue;
		if (found == NULL) {
			found = &r->answers[i];
			*at_r = i;
		}
		(*n_r)++;
	}
	return found;
}

static void
blocklist_say(struct finding *f, const struct config_blocklist *b,
    const struct dnsbl_result *r)
{
	size_t n, at;
	const struct dnsbl_answer *a = first(r, DNSBL_LISTED, &n, &at);

	if (a == NULL) {
		finding_say(f, "%s lists none of %zu own addresses and names.",
		    b->zone, r->n);
		return;
	}
	finding_say(f, "%s lists %s (%s%s%.150s)", b->zone,
	    b->address.items[at], a->code, a->text[0] != '\0' ? ": " : "",
	    a->text);
	if (n > 1)
		finding_say(f, " and %zu more of our own", n - 1);
	finding_say(f, ".");
}

static void
blocklist_unknown(struct finding *f, const struct config_blocklist *b,
    const struct dnsbl_result *r, int64_t now)
{
	size_t n, at;
	const struct dnsbl_answer *a = first(r, DNSBL_REFUSED, &n, &at);
	char why[400];

	if (a != NULL)
		(void)snprintf(why, sizeof(why),
		    "%.150s does not answer this host's questions: it says %s, "
		    "which is no listing.",
		    b->zone, a->code);
	else
		(void)snprintf(
		    why, sizeof(why), "%.150s gives no answer.", b->zone);
	(void)finding_unknown(f, now, why);
}

void
blocklist_check(struct findings *fs, const struct config_blocklist *b,
    const struct dnsbl_result *r, int64_t now)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f = finding_get(fs, "blocklist", b->zone);
	struct rule_sample sample;
	size_t listed, clean, at;

	if (f == NULL)
		return;
	(void)first(r, DNSBL_LISTED, &listed, &at);
	(void)first(r, DNSBL_CLEAN, &clean, &at);
	if (listed == 0 && clean < r->n) {
		blocklist_unknown(f, b, r, now);
	} else {
		sample = both(listed > 0 ? (enum level)b->level : LEVEL_OK);
		(void)rule_feed(&f->rule, &at_once, &sample, now);
		blocklist_say(f, b, r);
		finding_value(f, (double)listed, "addresses");
	}
	finding_evidence(f,
	    json_pack("{s:o, s:o}", "listed", names_of(b, r, DNSBL_LISTED),
	        "refused", names_of(b, r, DNSBL_REFUSED)));
}
