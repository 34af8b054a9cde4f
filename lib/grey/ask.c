#include "lib/grey/ask.h"

#include "lib/clock.h"
#include "lib/domain.h"
#include "lib/grey/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void
grey_ask_options(const struct grey_config *c, struct spf_options *o_r)
{
	*o_r = (struct spf_options){
		.enabled = c->spf.enabled,
		.timeout_ms = c->spf.timeout_ms,
		.nameservers = (const char *const *)c->spf.nameservers.items,
		.n_nameservers = c->spf.nameservers.n,
		.max_coverage4 = (unsigned)c->spf.max_coverage4,
		.max_coverage6 = (unsigned)c->spf.max_coverage6,
	};
}

static bool
same(const char *a, const char *b)
{
	return domain_within(a, b) && domain_within(b, a);
}

static void
add(struct grey_ask *ask, const char *domain, enum spf_kind kind)
{
	size_t i;

	if (*domain == '\0' || ask->n == SPF_CHECK_ANY_MAX)
		return;
	for (i = 0; i < ask->n; i++) {
		if (same(ask->names[i].domain, domain))
			return;
	}
	ask->names[ask->n++] = (struct spf_name){ domain, kind };
}

static bool
wants_spf(const struct allow_match *m)
{
	return (m->kind == ALLOW_DOMAIN || m->kind == ALLOW_SENDER) &&
	    (m->proof == ALLOW_PROOF_SPF || m->proof == ALLOW_PROOF_EITHER);
}

/* The domain that an entry is about, in the whitelist's own memory. */
static const char *
domain_of(const struct allow_match *m)
{
	const char *domain = address_domain(m->plain);

	return domain != NULL ? domain : m->plain;
}

/* The sender without brackets, and whose record speaks for it. */
static bool
read_sender(const struct grey_facts *f, struct grey_ask *ask)
{
	const char *s = f->sender != NULL ? f->sender : "", *domain;
	char name[DOMAIN_MAX + 1];
	size_t n = strlen(s);
	bool bounce;

	if (n >= 2 && s[0] == '<' && s[n - 1] == '>') {
		s++;
		n -= 2;
	}
	bounce = n == 0;
	if (n < sizeof(ask->sender)) {
		memcpy(ask->sender, s, n);
		ask->sender[n] = '\0';
	}
	domain = bounce ? f->helo : address_domain(ask->sender);
	if (domain == NULL)
		domain = "";
	n = strlen(domain);
	if (n > 0 && domain[n - 1] == '.')
		n--;
	if (n <= DOMAIN_MAX) {
		memcpy(name, domain, n);
		name[n] = '\0';
		if (!domain_ascii(name, ask->domain))
			(void)address_lower(
			    name, ask->domain, sizeof(ask->domain));
	}
	return bounce;
}

/* The entries that match, where SPF can prove them.  Whether there are some. */
static bool
add_matches(const struct allow *a, const struct grey_facts *f, int64_t now,
    bool bounce, struct grey_ask *ask)
{
	struct allow_match match[ALLOW_MATCHES];
	char postmaster[DOMAIN_MAX + 16];
	struct allow_query q = { .now = now, .sender = f->sender };
	bool listed = false;
	size_t i, n;

	if (bounce) {
		(void)snprintf(postmaster, sizeof(postmaster), "postmaster@%s",
		    ask->domain);
		q.sender = postmaster;
	}
	n = allow_match(a, &q, match);
	for (i = 0; i < n; i++) {
		if (!wants_spf(&match[i]))
			continue;
		if (!listed)
			add(ask, ask->domain, SPF_LISTED);
		listed = true;
		add(ask, domain_of(&match[i]), SPF_LISTED);
	}
	return listed;
}

void
grey_ask(const struct allow *a, const struct grey_facts *f, int64_t now,
    struct grey_ask *ask_r)
{
	struct allow_match m;
	bool bounce, listed = false;
	size_t i, n = a != NULL ? allow_count(a) : 0;

	ask_r->n = 0;
	ask_r->domain[0] = ask_r->sender[0] = '\0';
	bounce = read_sender(f, ask_r);
	if (n > 0 && ask_r->domain[0] != '\0')
		listed = add_matches(a, f, now, bounce, ask_r);
	/* one place is kept for the HELO name */
	for (i = 0; bounce && i < n && ask_r->n < SPF_CHECK_ANY_MAX - 1; i++) {
		allow_get(a, i, &m);
		if (wants_spf(&m))
			add(ask_r, domain_of(&m), SPF_LISTED);
	}
	if (!listed)
		add(ask_r, ask_r->domain, SPF_STRANGER);
}

void
grey_ask_spf(struct spf_pool *pool, const struct grey_ask *ask,
    const struct grey_facts *f, struct buf *trace, struct spf_answer *answer_r)
{
	struct spf_question q = { .domain = ask->domain,
		.sender = ask->sender,
		.helo = f->helo,
		.trace = trace };

	*answer_r = (struct spf_answer){ .result = SPF_NONE,
		.source = SPF_NOT_ASKED };
	memcpy(answer_r->domain, ask->domain, sizeof(ask->domain));
	if (pool == NULL || f->client == NULL || ask->n == 0)
		return;
	q.client = *f->client;
	spf_check_names(pool, &q, ask->names, ask->n, answer_r);
}

void
grey_ask_dns(const struct grey_asking *by, const struct grey_ask *ask,
    const struct grey_facts *f, struct grey_asked *asked_r)
{
	int64_t until_ms = clock_mono_ms() + by->config->spf.timeout_ms;
	struct dnswl list;

	dnswl_begin(&list, by->config, f->client);
	grey_ask_spf(by->pool, ask, f, by->trace, &asked_r->spf);
	asked_r->dnswl = dnswl_end(&list, until_ms);
}
