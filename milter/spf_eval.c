#include "milter/spf_eval.h"

#include "lib/buf.h"
#include "lib/escape.h"

#include <stdio.h>
#include <string.h>

static void
trace(struct spf_eval *e, const char *text, size_t n, const char *what)
{
	if (e->trace == NULL)
		return;
	buf_printf(e->trace, "%*s", 2 * e->depth, "");
	escape_line(e->trace, text, n);
	buf_printf(e->trace, ": %s\n", what);
}

static const char *
step_word(enum spf_step s)
{
	switch (s) {
	case SPF_STEP_WAIT:
		return "waiting";
	case SPF_STEP_YES:
		return "matches";
	case SPF_STEP_NO:
		return "no match";
	case SPF_STEP_TEMPERROR:
		return "temperror";
	case SPF_STEP_PERMERROR:
		return "permerror";
	}
	return "?";
}

enum spf_step
spf_count_lookup(struct spf_eval *e)
{
	return ++e->lookups > SPF_LOOKUPS_MAX ? SPF_STEP_PERMERROR
	                                      : SPF_STEP_YES;
}

enum spf_step
spf_count_void(struct spf_eval *e, const struct spf_fact *f)
{
	if (f->answer.status != DNS_EMPTY && f->answer.status != DNS_NXDOMAIN)
		return SPF_STEP_YES;
	return ++e->voids > SPF_VOIDS_MAX ? SPF_STEP_PERMERROR : SPF_STEP_YES;
}

enum dns_type
spf_address_type(const struct spf_eval *e)
{
	return e->ask->client.bits == 32 ? DNS_A : DNS_AAAA;
}

bool
spf_in_answer(const struct spf_eval *e, const struct spf_fact *f,
    const struct spf_term *t)
{
	bool four = e->ask->client.bits == 32;
	struct ip ip = { .bits = e->ask->client.bits };

	for (size_t i = 0; i < f->answer.n; i++) {
		struct ip_net net;

		memcpy(ip.bytes, f->answer.values[i].addr, four ? 4 : 16);
		net = ip_net_of(&ip, four ? t->prefix4 : t->prefix6);
		if (ip_net_contains(&net, &e->ask->client))
			return true;
	}
	return false;
}

enum spf_step
spf_find_record(
    struct spf_eval *e, const char *domain, const struct spf_record **record_r)
{
	const struct spf_fact *f = spf_zone_find(e->zone, domain, DNS_TXT);

	if (f == NULL)
		return SPF_STEP_WAIT;
	if (e->trace != NULL)
		buf_printf(e->trace, "%*sTXT %s (%u ms)\n", 2 * e->depth, "",
		    domain, f->ms);
	if (f->answer.status == DNS_FAILED)
		return SPF_STEP_TEMPERROR;
	if (f->publishes == SPF_PUBLISHES_BROKEN)
		return SPF_STEP_PERMERROR;
	*record_r = f->record;
	return f->publishes == SPF_PUBLISHES_ONE ? SPF_STEP_YES : SPF_STEP_NO;
}

/* Look up addresses of a name that the term itself names. */
static enum spf_step
find_addresses(struct spf_eval *e, const char *name, enum dns_type type,
    const struct spf_fact **fact_r)
{
	*fact_r = spf_zone_find(e->zone, name, type);
	if (*fact_r == NULL)
		return SPF_STEP_WAIT;
	if (e->trace != NULL)
		buf_printf(e->trace, "%*s  %s %s: %zu found (%u ms)\n",
		    2 * e->depth, "", dns_type_word(type), name,
		    (*fact_r)->answer.n, (*fact_r)->ms);
	if ((*fact_r)->answer.status == DNS_FAILED)
		return SPF_STEP_TEMPERROR;
	return spf_count_void(e, *fact_r);
}

static enum spf_step
match_mx(struct spf_eval *e, const struct spf_term *t, const char *name)
{
	const struct spf_fact *mx, *host;
	enum spf_step step = find_addresses(e, name, DNS_MX, &mx);

	if (step != SPF_STEP_YES)
		return step;
	if (mx->answer.n > SPF_HOSTS_MAX)
		return SPF_STEP_PERMERROR;
	for (size_t i = 0; i < mx->answer.n; i++) {
		host = spf_zone_find(
		    e->zone, mx->answer.values[i].text, spf_address_type(e));
		if (host == NULL)
			return SPF_STEP_WAIT;
		if (host->answer.status == DNS_FAILED)
			return SPF_STEP_TEMPERROR;
		if (spf_in_answer(e, host, t))
			return SPF_STEP_YES;
	}
	return SPF_STEP_NO;
}

/* a, mx, ptr, exists. */
static enum spf_step
match_name(struct spf_eval *e, const struct spf_term *t, const char *domain)
{
	const struct spf_fact *f;
	char name[DNS_NAME_SIZE];
	enum spf_step step = spf_count_lookup(e);

	if (step == SPF_STEP_YES)
		step = spf_expand(e, &t->spec, domain, name);
	if (step != SPF_STEP_YES)
		return step;
	if (t->mechanism == SPF_PTR)
		return spf_client_name(e, name, domain, NULL);
	if (t->mechanism == SPF_MX)
		return match_mx(e, t, name);
	step = find_addresses(e, name,
	    t->mechanism == SPF_EXISTS ? DNS_A : spf_address_type(e), &f);
	if (step != SPF_STEP_YES)
		return step;
	if (t->mechanism == SPF_EXISTS)
		return f->answer.n > 0 ? SPF_STEP_YES : SPF_STEP_NO;
	return spf_in_answer(e, f, t) ? SPF_STEP_YES : SPF_STEP_NO;
}

static int check_host(
    struct spf_eval *e, const char *domain, enum spf_result *result_r);

/* include and redirect: another domain's result.  YES with the result. */
static enum spf_step
other_domain(struct spf_eval *e, const struct spf_spec *spec,
    const char *domain, enum spf_result *result_r)
{
	char name[DNS_NAME_SIZE];
	enum spf_step step = spf_count_lookup(e);
	int got;

	if (step == SPF_STEP_YES)
		step = spf_expand(e, spec, domain, name);
	if (step == SPF_STEP_NO) {
		*result_r = SPF_NONE;
		return SPF_STEP_YES;
	}
	if (step != SPF_STEP_YES)
		return step;
	e->depth++;
	got = check_host(e, name, result_r);
	e->depth--;
	return got == 1 ? SPF_STEP_YES : SPF_STEP_WAIT;
}

/* Section 5.2. */
static enum spf_step
match_include(struct spf_eval *e, const struct spf_term *t, const char *domain)
{
	enum spf_result inner;
	enum spf_step step = other_domain(e, &t->spec, domain, &inner);

	if (step != SPF_STEP_YES)
		return step;
	switch (inner) {
	case SPF_PASS:
		return SPF_STEP_YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return SPF_STEP_NO;
	case SPF_TEMPERROR:
		return SPF_STEP_TEMPERROR;
	case SPF_PERMERROR:
	case SPF_NONE:
	case SPF_RESULTS:
		break;
	}
	return SPF_STEP_PERMERROR;
}

static enum spf_step
match(struct spf_eval *e, const struct spf_term *t, const char *domain)
{
	switch (t->mechanism) {
	case SPF_ALL:
		return SPF_STEP_YES;
	case SPF_IP4:
	case SPF_IP6:
		return ip_net_contains(&t->net, &e->ask->client) ? SPF_STEP_YES
		                                                 : SPF_STEP_NO;
	case SPF_INCLUDE:
		return match_include(e, t, domain);
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
		break;
	}
	return match_name(e, t, domain);
}

/* Keep how a term decided: its text, and what it says about the pass. */
static void
note(struct spf_eval *e, const struct spf_term *t, const char *text, size_t n)
{
	size_t at = 0;

	if (t == NULL || t->mechanism != SPF_INCLUDE || e->term[0] == '\0') {
		for (; at < n && at < SPF_TERM_MAX; at++)
			e->term[at] = text[at] > 0x1f && text[at] < 0x7f
			    ? text[at]
			    : '?';
		e->term[at] = '\0';
	}
	if (t == NULL)
		return;
	e->by_macro = e->by_macro || t->spec.macro;
	e->by_ptr = e->by_ptr || t->mechanism == SPF_PTR;
	e->by_all = e->by_all || t->mechanism == SPF_ALL ||
	    (t->mechanism == SPF_EXISTS && !t->spec.macro);
}

/* What an include that did not match has noted does not count. */
static void
forget(struct spf_eval *e, const struct spf_eval *before)
{
	e->by_all = before->by_all;
	e->by_macro = before->by_macro;
	e->by_ptr = before->by_ptr;
	memcpy(e->term, before->term, sizeof(e->term));
}

/* Section 6.1. */
static int
redirect(struct spf_eval *e, const struct spf_record *r, const char *domain,
    enum spf_result *result_r)
{
	enum spf_step step = other_domain(e, &r->redirect, domain, result_r);

	if (step == SPF_STEP_WAIT)
		return 0;
	if (step != SPF_STEP_YES || *result_r == SPF_NONE)
		*result_r = SPF_PERMERROR;
	e->by_macro = e->by_macro || r->redirect.macro;
	return 1;
}

static int
run_terms(struct spf_eval *e, const struct spf_record *r, const char *domain,
    enum spf_result *result_r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct spf_term *t = &r->terms[i];
		struct spf_eval before = *e;
		enum spf_step step = match(e, t, domain);

		if (step == SPF_STEP_WAIT)
			return 0;
		trace(e, t->text, t->len, step_word(step));
		if (step == SPF_STEP_NO) {
			forget(e, &before);
			continue;
		}
		note(e, t, t->text, t->len);
		*result_r = step == SPF_STEP_YES ? t->qualifier
		    : step == SPF_STEP_TEMPERROR ? SPF_TEMPERROR
		                                 : SPF_PERMERROR;
		return 1;
	}
	if (r->redirect.text != NULL)
		return redirect(e, r, domain, result_r);
	note(e, NULL, "default", 7);
	*result_r = SPF_NEUTRAL;
	return 1;
}

static int
check_host(struct spf_eval *e, const char *domain, enum spf_result *result_r)
{
	const struct spf_record *r;

	switch (spf_find_record(e, domain, &r)) {
	case SPF_STEP_WAIT:
		return 0;
	case SPF_STEP_YES:
		return run_terms(e, r, domain, result_r);
	case SPF_STEP_NO:
		*result_r = SPF_NONE;
		break;
	case SPF_STEP_TEMPERROR:
		*result_r = SPF_TEMPERROR;
		break;
	case SPF_STEP_PERMERROR:
		*result_r = SPF_PERMERROR;
		break;
	}
	return 1;
}

/* Section 4.3: two labels at least, and fit to be asked. */
static bool
domain_ok(const char *s)
{
	const char *dot = strchr(s, '.');

	for (const char *c = s; *c != '\0'; c++)
		if (*c <= 0x20 || *c > 0x7e || *c == '[' || *c == ']')
			return false;
	return dns_name_ok(s) && dot != NULL && dot[1] != '\0';
}

int
spf_eval_run(struct spf_eval *e, enum spf_result *result_r)
{
	if (!domain_ok(e->ask->domain)) {
		*result_r = SPF_NONE;
		return 1;
	}
	return check_host(e, e->ask->domain, result_r);
}
