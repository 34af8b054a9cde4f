#include "greywl/lost.h"
#include "greywl/entry.h"
#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/grey/lost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SINCE_S (7 * INT64_C(86400))

static int
list_lost(struct gw *g, int64_t since_s, struct grey_lost **list_r, size_t *n_r,
    struct err *e)
{
	struct grey_lost_query q = { .now = g->now,
		.retry_window_s = g->config.retry_window_s,
		.since = g->now - since_s };

	return grey_lost_list(g->store, &q, list_r, n_r, e);
}

/* What proves all of them; ALLOW_PROOFS: no single thing does. */
static enum allow_proof
proof_of(const struct grey_lost *l)
{
	if (l->by_spf == l->envelopes)
		return ALLOW_PROOF_SPF;
	if (l->by_name == l->envelopes)
		return ALLOW_PROOF_NAME;
	if (l->by_spf > 0 && l->by_name > 0)
		return ALLOW_PROOF_EITHER;
	if (l->by_spf > 0)
		return ALLOW_PROOF_SPF;
	return l->by_name > 0 ? ALLOW_PROOF_NAME : ALLOW_PROOFS;
}

static json_t *
lost_json(const struct grey_lost *l, bool listed)
{
	static const char *const kinds[] = { "domain", "bounces",
		"unreadable" };
	json_t *clients = json_array();
	size_t i;

	for (i = 0; i < l->n_clients; i++)
		(void)json_array_append_new(
		    clients, gw_json_text(l->clients[i]));
	return json_pack("{ss so sI sI sI so sI so so sb}", "kind",
	    kinds[l->kind], "domain",
	    l->kind == GREY_LOST_DOMAIN ? gw_json_text(l->domain) : json_null(),
	    "count", (json_int_t)l->envelopes, "proven_spf",
	    (json_int_t)l->by_spf, "proven_name", (json_int_t)l->by_name,
	    "clients", clients, "more_clients", (json_int_t)l->more_clients,
	    "first_attempt", gw_json_time(l->first), "last_attempt",
	    gw_json_time(l->last), "whitelisted", listed);
}

static void
print_lost(const struct grey_lost *l, bool listed)
{
	const char *name = l->kind == GREY_LOST_DOMAIN ? l->domain
	    : l->kind == GREY_LOST_BOUNCES
	    ? "(bounces)"
	    : "(addresses are hashed: nothing can be named)";
	char when[CLOCK_RFC3339_SIZE];
	size_t i;

	gw_line(stdout, "%s: %zu %s, %zu proven by SPF, last attempt %s%s",
	    name, l->envelopes, l->envelopes == 1 ? "message" : "messages",
	    l->by_spf, clock_rfc3339(l->last, when),
	    listed ? ", whitelisted now" : "");
	for (i = 0; i < l->n_clients; i++)
		gw_line(stdout, "    client %s", l->clients[i]);
	if (l->more_clients > 0)
		gw_line(stdout, "    and %zu more", l->more_clients);
}

static enum gw_exit
print_all(struct gw *g, int64_t since_s)
{
	struct grey_lost *lost = NULL;
	struct allow_entry *list = NULL;
	json_t *all = json_array();
	size_t n = 0, n_list = 0, i;
	struct err e;
	bool listed;

	if (grey_store_allow_list(g->store, &list, &n_list, &e) == -1 ||
	    list_lost(g, since_s, &lost, &n, &e) == -1) {
		gw_complain("%s", e.text);
		free(list);
		json_decref(all);
		return GW_FAILED;
	}
	for (i = 0; i < n; i++) {
		listed = grey_lost_listed(&lost[i], list, n_list);
		(void)json_array_append_new(all, lost_json(&lost[i], listed));
		if (g->given.value[GW_JSON] == NULL)
			print_lost(&lost[i], listed);
	}
	if (g->given.value[GW_JSON] != NULL)
		gw_json_print(all);
	else
		json_decref(all);
	free(lost);
	free(list);
	return GW_DONE;
}

enum gw_exit
gw_lost(struct gw *g)
{
	const char *since = g->given.value[GW_SINCE];
	int64_t ms = SINCE_S * 1000;
	struct err e;

	if (since != NULL &&
	    (duration_parse_ms(since, &ms, &e) == -1 || ms < 1000)) {
		gw_complain("--since: \"%.60s\" is no duration: write for "
		            "example 7d or 12h",
		    since);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_READ, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	return print_all(g, ms / 1000);
}

/* --- add --from-lost -------------------------------------------------- */

struct growing {
	struct allow_entry *entries;
	size_t n;
};

static int
grow(struct gw *g, struct growing *to, const char *text, struct err *e)
{
	struct allow_entry *p = reallocarray(
	    to->entries, to->n + 1, sizeof(*p));

	if (p == NULL)
		return err_set(e, "no memory");
	to->entries = p;
	if (gw_entry_read(text, &g->given, g->now, &p[to->n], e) == -1)
		return -1;
	to->n++;
	return 0;
}

/* Where nothing proves the domain: the networks that its mail came from. */
static int
grow_networks(
    struct gw *g, struct growing *to, const struct grey_lost *l, struct err *e)
{
	char text[IP_TEXT_SIZE];
	struct ip_net net;
	struct ip ip;
	size_t i;

	for (i = 0; i < l->n_clients; i++) {
		if (ip_parse(l->clients[i], &ip) == -1)
			continue;
		net = ip_net_of(&ip,
		    (unsigned)(ip.bits == 32 ? g->config.network4
		                             : g->config.network6));
		if (grow(g, to, ip_net_text(&net, text), e) == -1)
			return -1;
	}
	return 0;
}

static int
grow_lost(
    struct gw *g, struct growing *to, const struct grey_lost *l, struct err *e)
{
	const char *note = g->given.value[GW_NOTE];
	const char *given = g->given.value[GW_PROOF];
	enum allow_proof proof = proof_of(l);
	char when[CLOCK_RFC3339_SIZE], text[128];
	int rc;

	(void)snprintf(text, sizeof(text), "%zu lost, last on %s", l->envelopes,
	    clock_rfc3339(l->last, when));
	if (note == NULL)
		g->given.value[GW_NOTE] = text;
	if (given == NULL && proof == ALLOW_PROOFS) {
		rc = grow_networks(g, to, l, e);
	} else {
		if (given == NULL)
			g->given.value[GW_PROOF] = allow_proof_words[proof];
		rc = grow(g, to, l->domain, e);
	}
	g->given.value[GW_PROOF] = given;
	g->given.value[GW_NOTE] = note;
	return rc;
}

static const struct grey_lost *
find_lost(const struct grey_lost *lost, size_t n, const char *domain)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (lost[i].kind == GREY_LOST_DOMAIN &&
		    domain_within(lost[i].domain, domain) &&
		    domain_within(domain, lost[i].domain))
			return &lost[i];
	}
	return NULL;
}

int
gw_entries_lost(
    struct gw *g, struct allow_entry **entries_r, size_t *n_r, struct err *e)
{
	struct growing to = { .entries = NULL };
	struct grey_lost *lost = NULL;
	const struct grey_lost *l;
	char domain[DOMAIN_MAX + 1];
	size_t n = 0, i;
	int rc = list_lost(g, g->now, &lost, &n, e);

	for (i = 0; i < g->given.n && rc == 0; i++) {
		rc = domain_normal(g->given.words[i], true, domain, e);
		if (rc == -1)
			break;
		l = find_lost(lost, n, domain);
		if (l == NULL)
			rc = err_set(e,
			    "%s has lost nothing: \"greywl lost\" lists "
			    "who has",
			    domain);
		else
			rc = grow_lost(g, &to, l, e);
	}
	free(lost);
	if (rc == 0 && to.n == 0)
		rc = err_set(e,
		    "nothing proves it, and its clients cannot be read any "
		    "more");
	if (rc == -1)
		free(to.entries);
	*entries_r = rc == 0 ? to.entries : NULL;
	*n_r = rc == 0 ? to.n : 0;
	return rc;
}
