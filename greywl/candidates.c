#include "greywl/candidates.h"

#include "greywl/entry.h"
#include "greywl/hosting.h"
#include "greywl/intern.h"
#include "greywl/lookup.h"
#include "greywl/out.h"

#include "lib/err.h"

#include <stdlib.h>
#include <string.h>

#define MOST 2000 /* domains that are asked about */
#define TIMEOUT_MS 30000

/* --- the DNS ------------------------------------------------------------ */

static void
take_answer(struct hosting *h, const struct lookup *l)
{
	size_t i;

	h->asked = h->asked || (l->answered && l->answer.status != DNS_FAILED);
	for (i = 0; i < l->answer.n; i++) {
		if (l->type == DNS_MX)
			hosting_add_mx(h, l->answer.values[i].text);
		else
			hosting_add_txt(h, l->answer.values[i].text);
	}
}

/* Who handles each domain's mail. */
static int
ask(struct gw *g, struct hosting *h, size_t n, struct err *e)
{
	struct lookup *l = calloc(2 * n + 1, sizeof(*l));
	size_t i;
	int rc;

	if (l == NULL)
		return err_set(e, "no memory");
	for (i = 0; i < 2 * n; i++) {
		if (!domain_ascii(h[i / 2].domain, l[i].name))
			memcpy(l[i].name, h[i / 2].domain, sizeof(h->domain));
		l[i].type = i % 2 == 0 ? DNS_MX : DNS_TXT;
	}
	rc = lookup_all(&g->config, l, 2 * n, TIMEOUT_MS, e);
	for (i = 0; i < 2 * n; i++) {
		if (rc == 0)
			take_answer(&h[i / 2], &l[i]);
		dns_answer_free(&l[i].answer);
	}
	free(l);
	return rc;
}

/* --- add --hosted-by ---------------------------------------------------- */

static bool
is_listed(const struct allow_entry *list, size_t n, const char *domain)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].kind == ALLOW_DOMAIN &&
		    domain_within(domain, list[i].value))
			return true;
	}
	return false;
}

/* h[0] is the host, the words' domains behind it. */
static int
read_words(struct gw *g, struct hosting *h, struct err *e)
{
	struct allow_entry *list = NULL;
	size_t n = 0, i;
	int rc = 0;
	bool listed;

	if (domain_normal(
	        g->given.value[GW_HOSTED_BY], false, h[0].domain, e) == -1)
		return err_prefix(e, "--hosted-by");
	for (i = 0; i < g->given.n && rc == 0; i++)
		rc = domain_normal(
		    g->given.words[i], false, h[i + 1].domain, e);
	if (rc == -1 || grey_store_allow_list(g->store, &list, &n, e) == -1)
		return -1;
	listed = is_listed(list, n, h[0].domain);
	free(list);
	return listed
	    ? 0
	    : err_set(e, "%s itself is not in the whitelist", h[0].domain);
}

static int
make_entry(struct gw *g, const struct hosting *h, const struct hosting *by,
    struct allow_entry *entry, struct err *e)
{
	char why[HOSTING_WHY_SIZE], note[ALLOW_NOTE_SIZE];
	const char *given = g->given.value[GW_NOTE];
	int rc;

	if (!h->asked || !by->asked)
		return err_set(e, "%s: the DNS does not answer",
		    h->asked ? by->domain : h->domain);
	if (!hosting_is_by(h, by, why))
		return err_set(e,
		    "%s is not hosted by %s: neither its MX nor its SPF record "
		    "leads there",
		    h->domain, by->domain);
	(void)snprintf(
	    note, sizeof(note), "hosted by %.100s: %.140s", by->domain, why);
	if (given == NULL)
		g->given.value[GW_NOTE] = note;
	rc = gw_entry_read(h->domain, &g->given, g->now, entry, e);
	g->given.value[GW_NOTE] = given;
	return rc;
}

int
gw_entries_hosted(
    struct gw *g, struct allow_entry **entries_r, size_t *n_r, struct err *e)
{
	struct hosting *h = calloc(g->given.n + 1, sizeof(*h));
	struct allow_entry *entries = calloc(g->given.n, sizeof(*entries));
	int rc = -1;
	size_t i;

	if (h == NULL || entries == NULL)
		(void)err_set(e, "no memory");
	else if (read_words(g, h, e) == 0 && ask(g, h, g->given.n + 1, e) == 0)
		rc = 0;
	for (i = 0; i < g->given.n && rc == 0; i++)
		rc = make_entry(g, &h[i + 1], &h[0], &entries[i], e);
	free(h);
	if (rc == -1) {
		free(entries);
		entries = NULL;
	}
	*entries_r = entries;
	*n_r = rc == 0 ? g->given.n : 0;
	return rc;
}

/* --- candidates --------------------------------------------------------- */

struct search {
	struct intern domains; /* first the hosts, then who may be hosted */
	uint32_t n_hosts;
	const struct allow_entry *list;
	size_t n_list;
	bool full;
};

static void
add_domain(struct search *s, const char *text)
{
	char domain[DOMAIN_MAX + 1];
	struct err e;

	if (domain_normal(text, false, domain, &e) == -1)
		return;
	if (s->domains.n >= MOST)
		s->full = true;
	else
		(void)intern_add(&s->domains, domain, strlen(domain), NULL);
}

static int
add_sender(const struct grey_envelope *env, void *arg, struct err *e)
{
	struct search *s = arg;
	const char *domain = address_domain(env->sender);

	(void)e;
	if (domain != NULL && !is_listed(s->list, s->n_list, domain))
		add_domain(s, domain);
	return 0;
}

/* The hosts: the one that was asked for, or the whitelist's domains. */
static int
add_hosts(struct gw *g, struct search *s, struct err *e)
{
	const char *by = g->given.value[GW_HOSTED_BY];
	char domain[DOMAIN_MAX + 1];
	size_t i;

	if (by != NULL) {
		if (domain_normal(by, false, domain, e) == -1)
			return err_prefix(e, "--hosted-by");
		if (!is_listed(s->list, s->n_list, domain))
			return err_set(
			    e, "%s itself is not in the whitelist", domain);
		add_domain(s, domain);
	}
	for (i = 0; i < s->n_list && by == NULL; i++) {
		if (s->list[i].kind == ALLOW_DOMAIN)
			add_domain(s, s->list[i].value);
	}
	s->n_hosts = s->domains.n;
	return 0;
}

static void
print_found(struct gw *g, json_t *all, const struct hosting *h,
    const struct hosting *by, const char *why)
{
	if (g->given.value[GW_JSON] == NULL)
		gw_line(stdout, "%s  # hosted by %s: %s", h->domain, by->domain,
		    why);
	(void)json_array_append_new(all,
	    json_pack("{so so so}", "domain", gw_json_text(h->domain),
	        "hosted_by", gw_json_text(by->domain), "why",
	        gw_json_text(why)));
}

static void
print_candidates(struct gw *g, const struct search *s, const struct hosting *h)
{
	char why[HOSTING_WHY_SIZE];
	json_t *all = json_array();
	size_t i, k, silent = 0;

	for (i = s->n_hosts; i < s->domains.n; i++) {
		silent += !h[i].asked;
		for (k = 0; k < s->n_hosts; k++) {
			if (!hosting_is_by(&h[i], &h[k], why))
				continue;
			print_found(g, all, &h[i], &h[k], why);
			break;
		}
	}
	if (silent > 0)
		gw_complain("of %zu domains the DNS says nothing", silent);
	if (s->full)
		gw_complain("only the first %d domains were asked about", MOST);
	if (g->given.value[GW_JSON] != NULL)
		gw_json_print(all);
	else
		json_decref(all);
}

static enum gw_exit
search(struct gw *g, struct search *s)
{
	struct hosting *h = NULL;
	enum gw_exit rc = GW_FAILED;
	struct err e;
	uint32_t i;

	if (add_hosts(g, s, &e) == -1)
		goto out;
	for (i = 0; i < g->given.n; i++)
		add_domain(s, g->given.words[i]);
	if (g->given.n == 0 &&
	    grey_store_each(g->store, add_sender, s, &e) == -1)
		goto out;
	h = calloc(s->domains.n + 1, sizeof(*h));
	if (h == NULL) {
		(void)err_set(&e, "no memory");
		goto out;
	}
	for (i = 0; i < s->domains.n; i++)
		(void)snprintf(h[i].domain, sizeof(h[i].domain), "%s",
		    intern_text(&s->domains, i));
	/* with nobody who might be hosted there is nothing to ask */
	if (s->domains.n > s->n_hosts && ask(g, h, s->domains.n, &e) == -1)
		goto out;
	print_candidates(g, s, h);
	rc = GW_DONE;
out:
	if (rc != GW_DONE)
		gw_complain("%s", e.text);
	free(h);
	return rc;
}

enum gw_exit
gw_candidates(struct gw *g)
{
	const char *by = g->given.value[GW_HOSTED_BY];
	struct search s = { .n_hosts = 0 };
	struct allow_entry *list = NULL;
	char domain[DOMAIN_MAX + 1];
	enum gw_exit rc = GW_FAILED;
	struct err e;
	size_t i;

	for (i = 0; i < g->given.n; i++) {
		if (domain_normal(g->given.words[i], false, domain, &e) == -1) {
			gw_complain("\"%.60s\": %s", g->given.words[i], e.text);
			return GW_USAGE;
		}
	}
	if (by != NULL && domain_normal(by, false, domain, &e) == -1) {
		gw_complain("--hosted-by: %s", e.text);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_READ, &e) == -1 ||
	    grey_store_allow_list(g->store, &list, &s.n_list, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	s.list = list;
	intern_init(&s.domains);
	rc = search(g, &s);
	intern_free(&s.domains);
	free(list);
	return rc;
}
