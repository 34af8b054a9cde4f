#include "greywl/import_known.h"

#include "greywl/entry.h"

#include "lib/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 200

char *
gw_import_cut_pair(char *word)
{
	char *slash = word;

	while ((slash = strchr(slash, '/')) != NULL) {
		*slash = '\0';
		if (strchr(slash + 1, '@') != NULL &&
		    (strchr(word, '@') != NULL || *word == '\0' ||
		        strcmp(word, "<>") == 0))
			return slash + 1;
		*slash++ = '/';
	}
	return NULL;
}

int
gw_import_client(const char *text, struct ip_net *net_r)
{
	char whole[IP_TEXT_SIZE];
	size_t dots = 0, i;
	struct ip ip;

	for (i = 0; text[i] != '\0'; i++)
		dots += text[i] == '.';
	if (ip_parse(text, &ip) == 0) {
		*net_r = ip_net_of(&ip, ip.bits);
		return 0;
	}
	if (dots < 1 || dots > 2 || i + 5 >= sizeof(whole))
		return -1;
	(void)snprintf(
	    whole, sizeof(whole), "%s%s", text, dots == 1 ? ".0.0" : ".0");
	if (ip_parse(whole, &ip) == -1)
		return -1;
	*net_r = ip_net_of(&ip, dots == 1 ? 16 : 24);
	return 0;
}

static char *
copy(struct gw_import *im, const char *s)
{
	char *p = s != NULL ? strdup(s) : NULL;

	if (s != NULL && p == NULL)
		im->no_memory = true;
	return p;
}

void
gw_import_known(struct gw_import *im, size_t line, const struct gw_known *known)
{
	struct gw_known *p, k = *known;

	/* another clock */
	if (k.last > im->now)
		k.last = im->now;
	if (k.first > im->now)
		k.first = im->now;
	if (!k.passed && im->now - k.first > im->retry_window_s) {
		gw_import_skip(im, line, false,
		    "it waits for longer than retry_window and counts no more");
		return;
	}
	if (k.passed && im->now - k.last > im->lifetime_s) {
		gw_import_skip(im, line, false,
		    "it was not used for lifetime and counts no more");
		return;
	}
	p = gw_import_grow(
	    im, im->known, im->n_known, &im->known_room, sizeof(*p));
	if (p == NULL)
		return;
	im->known = p;
	p = &im->known[im->n_known];
	*p = k;
	p->sender = copy(im, k.sender);
	p->recipient = copy(im, k.recipient);
	p->note = copy(im, k.note);
	im->n_known++;
}

/* --- clients ---------------------------------------------------------- */

static int
client_entry(const struct gw *g, const struct gw_import *im,
    const struct gw_known *k, struct allow_entry *entry, struct err *e)
{
	char text[IP_TEXT_SIZE];

	if (allow_entry_parse(
	        ip_net_text(&k->net, text), ALLOW_AS_SEEN, entry, e) == -1)
		return -1;
	if (im->author == NULL)
		gw_default_author(entry);
	else if (allow_entry_set_author(entry, im->author, e) == -1)
		return -1;
	entry->created = g->now;
	entry->expires = k->last + im->lifetime_s;
	return k->note != NULL ? allow_entry_set_note(entry, k->note, e) : 0;
}

int
gw_known_clients(struct gw *g, struct gw_import *im, struct err *e)
{
	struct allow_entry *list = NULL, entry;
	size_t n = 0, i;
	int rc = grey_store_allow_list(g->store, &list, &n, e);

	for (i = 0; i < im->n_known && rc == 0; i++) {
		if (im->known[i].sender != NULL)
			continue;
		rc = client_entry(g, im, &im->known[i], &entry, e);
		if (rc == 0 && gw_entry_find(list, n, &entry) == NULL)
			gw_import_take(im, &entry);
		else if (rc == 0)
			im->n_standing++;
	}
	if (rc == 0 && im->no_memory)
		rc = err_set(e, "no memory");
	free(list);
	return rc;
}

/* --- envelopes -------------------------------------------------------- */

static void
make_envelope(
    const struct gw *g, const struct gw_known *k, struct grey_envelope *env)
{
	const struct key_secret *secret = grey_store_secret(g->store);
	int64_t prefix = k->net.ip.bits == 32 ? g->config.network4
	                                      : g->config.network6;
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE], net[IP_TEXT_SIZE];
	struct ip_net of = ip_net_of(&k->net.ip, (unsigned)prefix);
	struct key id = key_identity(
	    secret, grey_identity_words[GREY_NET], ip_net_text(&of, net));

	memset(env, 0, sizeof(*env));
	key_normal_sender(k->sender, k->recipient, from);
	key_normal_recipient(k->recipient, to);
	env->key = key_envelope(secret, from, to);
	env->record.first_seen = k->first;
	env->record.last_seen = k->last;
	env->record.n_origins = 1;
	env->record.origins[0] = (struct grey_origin){ .id = key_short(&id),
		.since_ms = (k->passed ? k->last : k->first) * 1000,
		.kind = GREY_NET,
		.passed = k->passed };
	key_plain(k->sender, env->sender);
	key_plain(k->recipient, env->recipient);
	(void)ip_text(&k->net.ip, env->client);
}

int
gw_known_envelopes(
    struct gw *g, const struct gw_import *im, size_t *n_r, struct err *e)
{
	struct grey_envelope *batch = calloc(BATCH, sizeof(*batch));
	struct grey_load load = { .envelopes = batch };
	size_t i;
	int rc = 0;

	*n_r = 0;
	if (batch == NULL)
		return err_set(e, "no memory");
	for (i = 0; i < im->n_known && rc == 0; i++) {
		if (im->known[i].sender == NULL)
			continue;
		make_envelope(g, &im->known[i], &batch[load.n_envelopes++]);
		if (load.n_envelopes < BATCH)
			continue;
		rc = grey_store_load(g->store, &load, e);
		*n_r += rc == 0 ? load.n_envelopes : 0;
		load.n_envelopes = 0;
	}
	if (rc == 0 && load.n_envelopes > 0) {
		rc = grey_store_load(g->store, &load, e);
		*n_r += rc == 0 ? load.n_envelopes : 0;
	}
	free(batch);
	return rc;
}
