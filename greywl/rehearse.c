#include "greywl/rehearse.h"

#include "greywl/heap.h"
#include "greywl/intern.h"
#include "greywl/tally.h"

#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/key.h"
#include "lib/grey/name.h"
#include "lib/grey/spf.h"
#include "lib/grey/store_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A message under way: all tries of an envelope within a retry window. */
struct trip {
	int64_t first, last; /* tries */
	uint32_t tries;
	bool open, deferred, assumed, let_in;
};

struct play {
	const struct rehearse *r;
	struct grey_config config; /* with the setting that is tried */
	struct grey_config lenient; /* for those who do not wait in it */
	struct grey_store *store;
	struct intern envelopes;
	uint32_t *envelope; /* of each event */
	struct trip *trips; /* by envelope */
	struct heap back; /* tries that are assumed: events */
	struct tally waited, never_back;
	int64_t *waits;
	size_t n_waits, waits_room;
	int64_t start;
	struct rehearse_result *out;
	struct err *e;
};

/* --- what the log says of an attempt ------------------------------------ */

static bool
name_speaks_for(
    const char *name, const struct ip *client, const char *sender_domain)
{
	char a[DOMAIN_MAX + 1], b[DOMAIN_MAX + 1];

	return *name != '\0' && !name_is_dynamic(name, client) &&
	    name_registrable(name, a) == 1 &&
	    name_registrable(sender_domain, b) == 1 && strcmp(a, b) == 0;
}

void
rehearse_facts(const struct rehearse *r, const struct logbook_event *v,
    struct spf_answer *spf, struct grey_facts *f_r)
{
	const struct logbook_client *c = logbook_client(r->book, v->client);
	const char *name = logbook_text(r->book, c->name);
	const char *sender = logbook_text(r->book, v->sender);
	const char *domain = address_domain(sender);

	*spf = (struct spf_answer){ .result = SPF_NONE,
		.source = SPF_NOT_ASKED };
	if (domain != NULL && strlen(domain) <= DOMAIN_MAX &&
	    (v->spf || name_speaks_for(name, &c->ip, domain))) {
		spf->result = SPF_PASS;
		spf->source = SPF_ANSWERED;
		spf->proves = true;
		(void)address_lower(domain, spf->domain, sizeof(spf->domain));
	}
	*f_r = (struct grey_facts){ .client = &c->ip,
		.client_name = name,
		.helo = "",
		.sender = sender,
		.recipient = logbook_text(r->book, v->recipient),
		.spf = spf };
}

/* Which envelope each event is about. */
static int
number_envelopes(struct play *p)
{
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE], both[2 * KEY_TEXT_SIZE];
	const struct logbook_event *v;
	const char *recipient;
	size_t i;
	int n;

	p->envelope = calloc(p->r->n + 1, sizeof(*p->envelope));
	if (p->envelope == NULL)
		return err_set(p->e, "no memory");
	for (i = 0; i < p->r->n; i++) {
		v = &p->r->events[i];
		recipient = logbook_text(p->r->book, v->recipient);
		key_normal_sender(
		    logbook_text(p->r->book, v->sender), recipient, from);
		key_normal_recipient(recipient, to);
		n = snprintf(both, sizeof(both), "%s %s", from, to);
		p->envelope[i] = intern_add(
		    &p->envelopes, both, (size_t)n, NULL);
	}
	p->trips = calloc(p->envelopes.n + 1, sizeof(*p->trips));
	return p->trips == NULL || p->envelopes.no_memory
	    ? err_set(p->e, "no memory")
	    : 0;
}

/* --- the end of a message's way --------------------------------------- */

static void
describe(const struct play *p, const struct logbook_event *v,
    const struct trip *t, struct tally_item *item)
{
	const struct logbook_client *c = logbook_client(p->r->book, v->client);
	struct spf_answer spf;
	struct grey_facts f;

	rehearse_facts(p->r, v, &spf, &f);
	*item = (struct tally_item){ .sender = f.sender,
		.client = &c->ip,
		.proven = spf.proves,
		.named = *f.client_name != '\0' &&
		    !name_is_dynamic(f.client_name, &c->ip),
		.wait_s = t->last - t->first,
		.at = t->last };
}

static void
arrive(struct play *p, const struct logbook_event *v, struct trip *t,
    enum grey_rule rule)
{
	bool warm = t->last - p->start >= REHEARSE_WARM_S;
	struct tally_item item;
	int64_t *grown;

	p->out->messages++;
	p->out->by_rule[rule]++;
	p->out->warm_messages += warm;
	if (!t->deferred)
		return;
	p->out->delayed++;
	p->out->warm_delayed += warm;
	p->out->assumed += t->assumed;
	describe(p, v, t, &item);
	tally_add(&p->waited, &item);
	if (p->n_waits == p->waits_room) {
		grown = reallocarray(
		    p->waits, p->waits_room * 2 + 1024, sizeof(*grown));
		if (grown == NULL)
			return;
		p->waits = grown;
		p->waits_room = p->waits_room * 2 + 1024;
	}
	p->waits[p->n_waits++] = item.wait_s;
}

static void
give_up(struct play *p, const struct logbook_event *v, struct trip *t)
{
	struct tally_item item;

	t->open = false;
	if (t->let_in)
		return;
	describe(p, v, t, &item);
	tally_add(&p->never_back, &item);
	p->out->stopped++;
	p->out->stopped_attempts += t->tries;
	p->out->stopped_proven += item.proven;
	p->out->stopped_named += item.named;
}

/* --- a try -------------------------------------------------------------- */

static bool
is_own(enum grey_rule rule)
{
	return rule == GREY_RULE_TRUSTED || rule == GREY_RULE_AUTHENTICATED ||
	    rule == GREY_RULE_ORIGINATING || rule == GREY_RULE_NO_ADDRESS;
}

static int
judge(struct play *p, const struct logbook_event *v, int64_t at,
    struct grey_outcome *out_r)
{
	struct grey_check check = {
		.config = &p->config, .store = p->store, .allow = p->r->allow
	};
	struct spf_answer spf;
	struct grey_facts f;
	struct grey_who who;

	rehearse_facts(p->r, v, &spf, &f);
	if (p->config.defer == GREY_DEFER_UNPROVEN && spf.proves)
		check.config = &p->lenient;
	grey_who(check.config, grey_store_secret(p->store), &f, &who);
	grey_check(&check, &f, &who, at * 1000, out_r, p->e);
	return out_r->rule == GREY_RULE_STORE_FAULT ? -1 : 0;
}

/* "again": nobody knows whether and when it was; it is assumed. */
static int
attempt(struct play *p, size_t event, int64_t at, bool again)
{
	const struct logbook_event *v = &p->r->events[event];
	struct trip *t = &p->trips[p->envelope[event]];
	struct grey_outcome out;

	if (judge(p, v, at, &out) == -1)
		return -1;
	if (is_own(out.rule)) {
		p->out->own++;
		return 0;
	}
	if (t->open && at - t->last > p->config.retry_window_s)
		give_up(p, v, t);
	if (!t->open)
		*t = (struct trip){ .first = at, .open = true };
	t->last = at;
	t->tries++;
	if (out.defer) {
		t->deferred = true;
		t->assumed = t->assumed || v->taken;
		return v->taken &&
		        heap_add(&p->back, at + REHEARSE_RETRY_S, event) == -1
		    ? err_set(p->e, "no memory")
		    : 0;
	}
	if (!t->let_in)
		arrive(p, v, t, out.rule);
	t->let_in = true;
	if (v->taken || again)
		t->open = false;
	return 0;
}

static int
play_all(struct play *p)
{
	int64_t at, next;
	size_t i, event;
	int rc = 0;

	for (i = 0; rc == 0 && (i < p->r->n || p->back.n > 0);) {
		next = i < p->r->n ? p->r->events[i].at : INT64_MAX;
		if (heap_first(&p->back, &at, &event) && at <= next) {
			heap_drop(&p->back);
			rc = attempt(p, event, at, true);
		} else {
			rc = attempt(p, i, next, false);
			i++;
		}
	}
	return rc;
}

/* Whoever had time to come back when the log ended, and did not. */
static void
settle(struct play *p)
{
	int64_t end = p->r->n > 0 ? p->r->events[p->r->n - 1].at : 0;
	struct trip *t;
	size_t i;

	for (i = p->r->n; i > 0; i--) {
		t = &p->trips[p->envelope[i - 1]];
		if (!t->open)
			continue;
		if (t->let_in || end - t->last > p->config.retry_window_s) {
			give_up(p, &p->r->events[i - 1], t);
		} else {
			p->out->undecided++;
			t->open = false;
		}
	}
}

static int
by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
sum_up(struct play *p)
{
	struct rehearse_result *o = p->out;

	if (p->n_waits > 0) {
		qsort(p->waits, p->n_waits, sizeof(*p->waits), by_number);
		o->p50_s = p->waits[(p->n_waits - 1) / 2];
		o->p95_s = p->waits[(p->n_waits - 1) * 95 / 100];
		o->longest_s = p->waits[p->n_waits - 1];
	}
	o->waited = tally_take(&p->waited, &o->n_waited);
	o->never_back = tally_take(&p->never_back, &o->n_never_back);
}

int
rehearse_run(const struct rehearse *r, int defer,
    struct rehearse_result *result_r, struct err *e)
{
	struct play p = {
		.r = r, .config = *r->config, .out = result_r, .e = e
	};
	struct grey_keep keep = { .retry_window_s = r->config->retry_window_s,
		.lifetime_s = r->config->lifetime_s };
	int rc = -1;

	*result_r = (struct rehearse_result){ 0 };
	p.config.mode = GREY_ENFORCE;
	p.config.defer = defer;
	p.lenient = p.config;
	p.lenient.mode = GREY_LEARN;
	p.start = r->n > 0 ? r->events[0].at : 0;
	intern_init(&p.envelopes);
	tally_init(&p.waited);
	tally_init(&p.never_back);
	p.store = grey_store_memory_open(&keep, e);
	if (p.store != NULL && number_envelopes(&p) == 0 && play_all(&p) == 0) {
		settle(&p);
		sum_up(&p);
		rc = 0;
	}
	grey_store_close(p.store);
	intern_free(&p.envelopes);
	heap_free(&p.back);
	tally_free(&p.waited);
	tally_free(&p.never_back);
	free(p.envelope);
	free(p.trips);
	free(p.waits);
	return rc;
}

void
rehearse_free(struct rehearse_result *result)
{
	free(result->waited);
	free(result->never_back);
}
