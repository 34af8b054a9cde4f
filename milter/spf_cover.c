#include "milter/spf_cover.h"

#include <stdlib.h>
#include <string.h>

/* The networks that pass; bounded, so that a hostile record costs little. */
#define NETS_MAX 16384

struct walk {
	struct spf_eval *e;
	struct ip_net *nets;
	size_t n, room;
	bool all; /* every address passes */
};

static void
add(struct walk *w, const struct ip_net *net)
{
	if (w->n == w->room) {
		size_t more = w->room == 0 ? 64 : w->room * 2;
		struct ip_net *p;

		p = more > NETS_MAX ? NULL
		                    : realloc(w->nets, more * sizeof(*p));
		if (p == NULL) {
			/* Too many to count: more than any limit. */
			w->all = true;
			return;
		}
		w->nets = p;
		w->room = more;
	}
	w->nets[w->n++] = *net;
}

static void
add_answer(struct walk *w, const struct spf_fact *f, const struct spf_term *t)
{
	bool four = w->e->ask->client.bits == 32;
	struct ip ip = { .bits = w->e->ask->client.bits };

	for (size_t i = 0; i < f->answer.n; i++) {
		struct ip_net net;

		memcpy(ip.bytes, f->answer.values[i].addr, four ? 4 : 16);
		net = ip_net_of(&ip, four ? t->prefix4 : t->prefix6);
		add(w, &net);
	}
}

/* a, mx, exists: YES to go on, WAIT, PERMERROR to stop. */
static enum spf_step
cover_name(struct walk *w, const struct spf_term *t, const char *domain)
{
	enum dns_type type = spf_address_type(w->e);
	const struct spf_fact *f, *host;
	char name[DNS_NAME_SIZE];
	enum spf_step step = spf_expand(w->e, &t->spec, domain, name);

	if (step != SPF_STEP_YES)
		return step == SPF_STEP_WAIT ? step : SPF_STEP_YES;
	if (t->mechanism != SPF_A)
		type = t->mechanism == SPF_MX ? DNS_MX : DNS_A;
	f = spf_zone_find(w->e->zone, name, type);
	if (f == NULL)
		return SPF_STEP_WAIT;
	if (spf_count_void(w->e, f) == SPF_STEP_PERMERROR ||
	    (t->mechanism == SPF_MX && f->answer.n > SPF_HOSTS_MAX))
		return SPF_STEP_PERMERROR;
	if (t->mechanism == SPF_EXISTS)
		w->all = w->all || f->answer.n > 0;
	if (t->mechanism == SPF_A)
		add_answer(w, f, t);
	for (size_t i = 0; t->mechanism == SPF_MX && i < f->answer.n; i++) {
		host = spf_zone_find(w->e->zone, f->answer.values[i].text,
		    spf_address_type(w->e));
		if (host == NULL)
			return SPF_STEP_WAIT;
		add_answer(w, host, t);
	}
	return SPF_STEP_YES;
}

static enum spf_step cover_domain(struct walk *w, const char *domain);

static enum spf_step
cover_other(struct walk *w, const struct spf_spec *spec, const char *domain)
{
	char name[DNS_NAME_SIZE];
	enum spf_step step = spf_count_lookup(w->e);

	if (step == SPF_STEP_YES)
		step = spf_expand(w->e, spec, domain, name);
	if (step == SPF_STEP_NO)
		return SPF_STEP_PERMERROR;
	return step == SPF_STEP_YES ? cover_domain(w, name) : step;
}

static enum spf_step
cover_term(struct walk *w, const struct spf_term *t, const char *domain)
{
	enum spf_step step = SPF_STEP_YES;
	bool passes = t->qualifier == SPF_PASS;

	switch (t->mechanism) {
	case SPF_ALL:
		/* What stands behind it is never reached. */
		w->all = w->all || passes;
		return SPF_STEP_NO;
	case SPF_IP4:
	case SPF_IP6:
		if (passes)
			add(w, &t->net);
		return SPF_STEP_YES;
	case SPF_INCLUDE:
		if (passes)
			return cover_other(w, &t->spec, domain);
		return spf_count_lookup(w->e);
	case SPF_A:
	case SPF_MX:
	case SPF_PTR:
	case SPF_EXISTS:
		break;
	}
	step = spf_count_lookup(w->e);
	if (step != SPF_STEP_YES || !passes || t->mechanism == SPF_PTR ||
	    (t->mechanism == SPF_EXISTS && t->spec.macro))
		return step;
	return cover_name(w, t, domain);
}

/* YES, WAIT or PERMERROR. */
static enum spf_step
cover_domain(struct walk *w, const char *domain)
{
	const struct spf_record *r;
	enum spf_step step = spf_find_record(w->e, domain, &r);

	if (step == SPF_STEP_TEMPERROR)
		return SPF_STEP_YES;
	if (step != SPF_STEP_YES)
		return step == SPF_STEP_WAIT ? step : SPF_STEP_PERMERROR;
	for (size_t i = 0; i < r->n && !w->all; i++) {
		step = cover_term(w, &r->terms[i], domain);
		if (step == SPF_STEP_NO)
			return SPF_STEP_YES;
		if (step != SPF_STEP_YES)
			return step;
	}
	if (r->redirect.text != NULL && !w->all)
		return cover_other(w, &r->redirect, domain);
	return SPF_STEP_YES;
}

/* By family, then address, then the wider first. */
static int
compare(const void *a, const void *b)
{
	const struct ip_net *x = a, *y = b;
	int d = (int)x->ip.bits - (int)y->ip.bits;

	if (d == 0)
		d = memcmp(x->ip.bytes, y->ip.bytes, sizeof(x->ip.bytes));
	return d != 0 ? d : (int)x->prefix - (int)y->prefix;
}

static uint64_t
add_up(uint64_t sum, unsigned bits)
{
	uint64_t more = bits >= 64 ? UINT64_MAX : (uint64_t)1 << bits;

	return sum > UINT64_MAX - more ? UINT64_MAX : sum + more;
}

/* Networks either hold each other or have nothing in common. */
static void
sum(struct walk *w, struct spf_cover *c)
{
	const struct ip_net *last = NULL;

	if (w->n > 0)
		qsort(w->nets, w->n, sizeof(*w->nets), compare);
	for (size_t i = 0; i < w->n; i++) {
		const struct ip_net *net = &w->nets[i];

		if (last != NULL && ip_net_contains(last, &net->ip))
			continue;
		last = net;
		if (net->ip.bits == 32)
			c->four = add_up(c->four, 32U - net->prefix);
		else
			c->six = add_up(
			    c->six, net->prefix < 64 ? 64U - net->prefix : 0);
	}
}

int
spf_cover_run(struct spf_eval *e, struct spf_cover *cover_r)
{
	struct walk w = { .e = e };
	enum spf_step step = cover_domain(&w, e->ask->domain);

	memset(cover_r, 0, sizeof(*cover_r));
	if (w.all) {
		cover_r->four = (uint64_t)1 << 32;
		cover_r->six = UINT64_MAX;
	} else if (step != SPF_STEP_WAIT) {
		sum(&w, cover_r);
	}
	free(w.nets);
	return step != SPF_STEP_WAIT || w.all;
}

bool
spf_cover_exceeds(const struct spf_cover *c, unsigned max4, unsigned max6)
{
	uint64_t most6 = max6 >= 64 ? 1
	                            : (uint64_t)1 << (64 - max6 - (max6 == 0));

	return (max4 > 0 && c->four > (uint64_t)1 << (32 - max4)) ||
	    (max6 > 0 && c->six > most6);
}
