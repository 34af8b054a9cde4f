#include "lib/grey/who.h"

#include "lib/domain.h"
#include "lib/grey/config.h"
#include "lib/grey/key.h"
#include "lib/grey/name.h"
#include "lib/grey/spf.h"

#include <stdio.h>
#include <string.h>

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static void
add_identity(struct grey_who *who, const struct key_secret *secret,
    enum grey_identity_kind kind, const char *value)
{
	struct grey_attempt *a = &who->attempt;
	struct key k = key_identity(secret, grey_identity_words[kind], value);

	(void)snprintf(
	    who->text[a->n_identities], GREY_IDENTITY_TEXT, "%s", value);
	a->identities[a->n_identities++] =
	    (struct grey_identity){ .id = key_short(&k), .kind = kind };
}

static void
add_credit(struct grey_who *who, const struct key_secret *secret,
    const char *kind, const char *value)
{
	struct key k = key_identity(secret, kind, value);

	who->attempt.credits[who->attempt.n_credits++] = key_short(&k);
}

/*
 * A name alone recognises a retry; to be known it takes the network as well,
 * since whoever has a name in a big provider's domain would share in it.
 */
static void
add_name(struct grey_who *who, const struct key_secret *secret,
    const struct grey_facts *f)
{
	const char *name = or_empty(f->client_name);
	char domain[DOMAIN_MAX + 1];
	char both[2 * GREY_IDENTITY_TEXT];

	if (*name == '\0' || name_is_dynamic(name, f->client) ||
	    name_registrable(name, domain) != 1)
		return;
	(void)snprintf(both, sizeof(both), "%s %s", who->text[0], domain);
	add_identity(who, secret, GREY_NAME, domain);
	add_credit(who, secret, "net+name", both);
}

void
grey_who(const struct grey_config *c, const struct key_secret *secret,
    const struct grey_facts *f, struct grey_who *who_r)
{
	char text[IP_TEXT_SIZE];
	struct ip_net net;

	who_r->attempt.n_identities = 0;
	who_r->attempt.n_credits = 0;
	if (f->client == NULL)
		return;
	net = ip_net_of(f->client,
	    (unsigned)(f->client->bits == 32 ? c->network4 : c->network6));
	add_identity(who_r, secret, GREY_NET, ip_net_text(&net, text));
	add_name(who_r, secret, f);
	if (f->spf == NULL || !f->spf->proves)
		return;
	add_identity(who_r, secret, GREY_SPF, f->spf->domain);
	add_credit(who_r, secret, "spf", f->spf->domain);
}

bool
grey_sender_is_proven(const struct grey_facts *f)
{
	const char *name = or_empty(f->client_name), *domain;
	char of_name[DOMAIN_MAX + 1], of_sender[DOMAIN_MAX + 1];
	char plain[KEY_TEXT_SIZE];

	if (*f->sender == '\0' || strcmp(f->sender, "<>") == 0)
		return false;
	if (f->spf != NULL && f->spf->proves)
		return true;
	key_plain(f->sender, plain);
	domain = address_domain(plain);
	return domain != NULL && *name != '\0' && f->client != NULL &&
	    !name_is_dynamic(name, f->client) &&
	    name_registrable(name, of_name) == 1 &&
	    name_registrable(domain, of_sender) == 1 &&
	    strcmp(of_name, of_sender) == 0;
}
