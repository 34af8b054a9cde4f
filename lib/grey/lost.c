#include "lib/grey/lost.h"

#include "lib/err.h"
#include "lib/grey/name.h"
#include "lib/grey/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
grey_record_lost(
    const struct grey_record *rec, int64_t retry_window_s, int64_t now)
{
	size_t i;

	if (rec->n_origins == 0 || !grey_record_waits(rec) ||
	    !grey_record_proven(rec))
		return false;
	for (i = 0; i < rec->n_origins; i++) {
		if (now - rec->origins[i].since_ms / 1000 <= retry_window_s)
			return false;
	}
	return true;
}

/* One envelope that was lost. */
struct piece {
	enum grey_lost_kind kind;
	char domain[DOMAIN_MAX + 1];
	char client[IP_TEXT_SIZE];
	bool by_spf, by_name;
	int64_t first, last;
};

struct gathering {
	const struct grey_lost_query *q;
	const struct key_secret *secret;
	struct piece *pieces;
	size_t n, room;
};

static bool
has_origin(
    const struct grey_record *rec, enum grey_identity_kind kind, uint64_t id)
{
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		if (rec->origins[i].kind == kind &&
		    (id == 0 || rec->origins[i].id == id))
			return true;
	}
	return false;
}

static void
read_sender(
    const struct gathering *g, const struct grey_envelope *env, struct piece *p)
{
	const char *domain = address_domain(env->sender);
	char registrable[DOMAIN_MAX + 1];
	struct key k;

	if (env->sender[0] == '\0') {
		p->kind = env->recipient[0] != '\0' ? GREY_LOST_BOUNCES
		                                    : GREY_LOST_UNREADABLE;
		return;
	}
	p->kind = GREY_LOST_DOMAIN;
	(void)snprintf(p->domain, sizeof(p->domain), "%.*s", DOMAIN_MAX,
	    domain != NULL ? domain : env->sender);
	if (name_registrable(p->domain, registrable) != 1)
		return;
	k = key_identity(
	    g->secret, grey_identity_words[GREY_NAME], registrable);
	p->by_name = has_origin(&env->record, GREY_NAME, key_short(&k));
}

static int
gather(const struct grey_envelope *env, void *arg, struct err *e)
{
	struct gathering *g = arg;
	struct piece *p;

	if (env->record.last_seen < g->q->since ||
	    !grey_record_lost(&env->record, g->q->retry_window_s, g->q->now))
		return 0;
	if (g->n == g->room) {
		p = reallocarray(g->pieces, g->room * 2 + 64, sizeof(*p));
		if (p == NULL)
			return err_set(e, "no memory");
		g->pieces = p;
		g->room = g->room * 2 + 64;
	}
	p = &g->pieces[g->n++];
	*p = (struct piece){ .first = env->record.first_seen,
		.last = env->record.last_seen,
		.by_spf = has_origin(&env->record, GREY_SPF, 0) };
	memcpy(p->client, env->client, sizeof(p->client));
	read_sender(g, env, p);
	return 0;
}

static int
by_domain(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->domain, y->domain);
}

static int
by_count(const void *a, const void *b)
{
	const struct grey_lost *x = a, *y = b;

	if (x->envelopes != y->envelopes)
		return x->envelopes > y->envelopes ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->domain, y->domain);
}

static void
add_client(struct grey_lost *l, const char *client)
{
	size_t i;

	if (*client == '\0')
		return;
	for (i = 0; i < l->n_clients; i++) {
		if (strcmp(l->clients[i], client) == 0)
			return;
	}
	if (l->n_clients == GREY_LOST_CLIENTS)
		l->more_clients++;
	else
		(void)snprintf(
		    l->clients[l->n_clients++], IP_TEXT_SIZE, "%s", client);
}

static void
add_piece(struct grey_lost *l, const struct piece *p)
{
	if (l->envelopes == 0) {
		l->kind = p->kind;
		memcpy(l->domain, p->domain, sizeof(l->domain));
		l->first = p->first;
		l->last = p->last;
	}
	l->envelopes++;
	l->by_spf += p->by_spf;
	l->by_name += p->by_name;
	if (p->first < l->first)
		l->first = p->first;
	if (p->last > l->last)
		l->last = p->last;
	add_client(l, p->client);
}

/* The pieces stand by domain.  NULL: no memory. */
static struct grey_lost *
sum_up(const struct piece *pieces, size_t n, size_t *n_r)
{
	struct grey_lost *list;
	size_t i, domains = 0;

	for (i = 0; i < n; i++)
		domains += i == 0 || by_domain(&pieces[i - 1], &pieces[i]) != 0;
	list = calloc(domains, sizeof(*list));
	if (list == NULL)
		return NULL;
	*n_r = domains;
	domains = 0;
	for (i = 0; i < n; i++) {
		domains += i == 0 || by_domain(&pieces[i - 1], &pieces[i]) != 0;
		add_piece(&list[domains - 1], &pieces[i]);
	}
	return list;
}

int
grey_lost_list(struct grey_store *s, const struct grey_lost_query *q,
    struct grey_lost **lost_r, size_t *n_r, struct err *e)
{
	struct gathering g = { .q = q, .secret = grey_store_secret(s) };
	int rc = grey_store_each(s, gather, &g, e);

	*lost_r = NULL;
	*n_r = 0;
	if (rc == 0 && g.n > 0) {
		qsort(g.pieces, g.n, sizeof(*g.pieces), by_domain);
		*lost_r = sum_up(g.pieces, g.n, n_r);
		if (*lost_r == NULL)
			rc = err_set(e, "no memory");
		else
			qsort(*lost_r, *n_r, sizeof(**lost_r), by_count);
	}
	free(g.pieces);
	return rc;
}

bool
grey_lost_listed(
    const struct grey_lost *l, const struct allow_entry *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (l->kind == GREY_LOST_DOMAIN &&
		    list[i].kind == ALLOW_DOMAIN &&
		    domain_within(l->domain, list[i].value))
			return true;
	}
	return false;
}
