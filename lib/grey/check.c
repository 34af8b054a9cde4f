#include "lib/grey/check.h"

#include "lib/domain.h"
#include "lib/err.h"
#include "lib/grey/config.h"
#include "lib/grey/key.h"
#include "lib/grey/spf.h"
#include "lib/grey/store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *const grey_rule_words[] = { "no_address", "authenticated",
	"originating", "trusted_networks", "recipient", "whitelist", "expected",
	"dnswl", "proven", "known", "triplet", "store_fault", NULL };

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

static bool
is_bounce(const struct grey_facts *f)
{
	return *f->sender == '\0' || strcmp(f->sender, "<>") == 0;
}

/* --- the rules, each in the order of enum grey_rule --- */

struct work {
	const struct grey_check *c;
	const struct grey_facts *f;
	int64_t now_ms;
	struct grey_outcome *out;
};

static void tell(const struct work *w, enum grey_rule rule, bool decided,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
tell(const struct work *w, enum grey_rule rule, bool decided, const char *fmt,
    ...)
{
	const struct grey_trace *t = w->c->trace;
	char text[512];
	va_list ap;

	if (t == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	t->tried(t->arg, rule, decided, text);
}

static bool
exempt(const struct work *w, enum grey_rule rule, const char *reason)
{
	w->out->verdict = GREY_EXEMPT;
	w->out->rule = rule;
	(void)snprintf(w->out->reason, sizeof(w->out->reason), "%s", reason);
	return true;
}

static bool
rule_client(const struct work *w)
{
	const struct grey_trusted *net;
	char text[IP_TEXT_SIZE];

	if (w->f->client == NULL) {
		tell(
		    w, GREY_RULE_NO_ADDRESS, true, "the client has no address");
		return exempt(w, GREY_RULE_NO_ADDRESS, "");
	}
	if (w->f->authenticated) {
		tell(w, GREY_RULE_AUTHENTICATED, true,
		    "the client has logged in");
		return exempt(w, GREY_RULE_AUTHENTICATED, "");
	}
	tell(w, GREY_RULE_AUTHENTICATED, false, "the client has not logged in");
	if (w->f->originating) {
		tell(w, GREY_RULE_ORIGINATING, true,
		    "the daemon's name says ORIGINATING");
		return exempt(w, GREY_RULE_ORIGINATING, "");
	}
	net = grey_config_trusts(w->c->config, w->f->client);
	if (net != NULL) {
		(void)ip_net_text(&net->net, text);
		tell(w, GREY_RULE_TRUSTED, true, "the client is in %s", text);
		return exempt(w, GREY_RULE_TRUSTED, text);
	}
	tell(w, GREY_RULE_TRUSTED, false,
	    "the client is in none of the %zu trusted networks",
	    w->c->config->n_trusted);
	return false;
}

static bool
rule_recipient(const struct work *w, int64_t *delay_s)
{
	const struct grey_recipient *r = grey_config_recipient(
	    w->c->config, w->f->recipient);

	if (r == NULL) {
		tell(w, GREY_RULE_RECIPIENT, false,
		    "no section for the recipient");
		return false;
	}
	if (!r->greylist) {
		tell(w, GREY_RULE_RECIPIENT, true,
		    "recipient \"%.100s\" has greylist = false", r->pattern);
		return exempt(w, GREY_RULE_RECIPIENT, r->pattern);
	}
	if (r->delay_s > 0)
		*delay_s = r->delay_s;
	tell(w, GREY_RULE_RECIPIENT, false,
	    "recipient \"%.100s\": delay %lld s", r->pattern,
	    (long long)*delay_s);
	return false;
}

/* Is it proven that the sender is of the entry's domain? */
static bool
is_proven(const struct work *w, const struct allow_match *m)
{
	const struct spf_answer *spf = w->f->spf;
	const char *name = or_empty(w->f->client_name);
	const char *domain = address_domain(m->plain);
	bool by_spf, by_name;

	if (domain == NULL) /* the entry is a domain */
		domain = m->plain;
	by_spf = spf != NULL && spf->result == SPF_PASS && spf->proves &&
	    domain_within(spf->domain, domain);
	by_name = *name != '\0' && domain_within(name, domain);
	switch (m->proof) {
	case ALLOW_PROOF_NONE:
		return true;
	case ALLOW_PROOF_SPF:
		return by_spf;
	case ALLOW_PROOF_NAME:
		return by_name;
	case ALLOW_PROOF_EITHER:
		return by_spf || by_name;
	case ALLOW_PROOFS:
	default:
		return false;
	}
}

/*
 * One of the names that may speak for the sender.  "again": entries that do
 * not look at the sender have been tried before.
 */
static bool
try_whitelist(
    const struct work *w, const char *sender, bool again, size_t *matches)
{
	struct allow_match match[ALLOW_MATCHES];
	struct allow_query q = { .client = w->f->client,
		.client_name = w->f->client_name,
		.sender = sender,
		.recipient = w->f->recipient,
		.now = w->now_ms / 1000 };
	size_t i, n = allow_match(w->c->allow, &q, match);

	for (i = 0; i < n; i++) {
		if (again && match[i].kind != ALLOW_DOMAIN &&
		    match[i].kind != ALLOW_SENDER)
			continue;
		(*matches)++;
		if (!is_proven(w, &match[i])) {
			tell(w, GREY_RULE_WHITELIST, false,
			    "%s %.300s matches, but its proof (%s) is not there",
			    allow_kind_words[match[i].kind], match[i].value,
			    allow_proof_words[match[i].proof]);
			continue;
		}
		tell(w, GREY_RULE_WHITELIST, true, "%s %.300s, proof: %s",
		    allow_kind_words[match[i].kind], match[i].value,
		    allow_proof_words[match[i].proof]);
		w->out->entry_id = match[i].id;
		return exempt(w, GREY_RULE_WHITELIST, match[i].value);
	}
	return false;
}

/*
 * A bounce has no sender.  HELO may be anything; the listed domain in whose
 * SPF record the client lies, and the client's confirmed name, are proven.
 */
static bool
try_bounce(const struct work *w, size_t *matches)
{
	const struct spf_answer *spf = w->f->spf;
	const char *names[3] = { or_empty(w->f->helo), "", "" };
	char sender[DOMAIN_MAX + 16];
	size_t i;

	if (spf != NULL && spf->proves &&
	    strcasecmp(spf->domain, names[0]) != 0)
		names[1] = spf->domain;
	if (strcasecmp(or_empty(w->f->client_name), names[0]) != 0)
		names[2] = or_empty(w->f->client_name);
	for (i = 0; i < 3; i++) {
		if (i > 0 && *names[i] == '\0')
			continue;
		(void)snprintf(sender, sizeof(sender), "postmaster@%.*s",
		    DOMAIN_MAX, names[i]);
		if (try_whitelist(w, sender, i > 0, matches))
			return true;
	}
	return false;
}

static bool
rule_whitelist(const struct work *w)
{
	size_t matches = 0;
	bool found;

	if (w->c->allow == NULL)
		return false;
	if (is_bounce(w->f))
		found = try_bounce(w, &matches);
	else
		found = try_whitelist(w, w->f->sender, false, &matches);
	if (matches == 0)
		tell(w, GREY_RULE_WHITELIST, false,
		    "none of the %zu entries matches",
		    allow_count(w->c->allow));
	return found;
}

/*
 * What an own user has written to may answer.  A fault of the store is left to
 * the judgement behind it.
 */
static bool
rule_expected(const struct work *w)
{
	struct err e;

	if (is_bounce(w->f))
		return false;
	if (!grey_sender_is_proven(w->f)) {
		tell(w, GREY_RULE_EXPECTED, false,
		    "the sender's domain is not proven");
		return false;
	}
	if (grey_store_expected(w->c->store, w->f->sender,
	        w->now_ms / 1000 - w->c->config->lifetime_s, &e) != 1) {
		tell(w, GREY_RULE_EXPECTED, false,
		    "no own user has written to the sender");
		return false;
	}
	tell(w, GREY_RULE_EXPECTED, true,
	    "an own user has written to the sender, who is proven");
	return exempt(w, GREY_RULE_EXPECTED, "");
}

static bool
rule_dnswl(const struct work *w)
{
	const struct grey_config *c = w->c->config;
	bool listed = (int)w->f->dnswl >= (int)DNSWL_LOW + c->dnswl.min_level;
	char text[DOMAIN_MAX + 32];

	if (*c->dnswl.zone == '\0')
		return false;
	(void)snprintf(text, sizeof(text), "%.*s %s", DOMAIN_MAX, c->dnswl.zone,
	    dnswl_level_words[w->f->dnswl]);
	tell(w, GREY_RULE_DNSWL, listed, "%s", text);
	return listed && exempt(w, GREY_RULE_DNSWL, text);
}

/* Whether to let a stranger pass, which is recorded as if he had waited. */
static bool
rule_proven(const struct work *w)
{
	const struct spf_answer *spf = w->f->spf;
	bool proven;

	if (w->c->config->defer != GREY_DEFER_UNPROVEN)
		return false;
	proven = spf != NULL && spf->proves;
	tell(w, GREY_RULE_PROVEN, proven,
	    proven ? "defer = unproven, and SPF proves %.253s"
	           : "defer = unproven, but SPF proves nothing%s",
	    proven ? spf->domain : "");
	return proven;
}

/* --- the store's judgement --- */

/* Under pressure whoever is not proven waits longer. */
static int64_t
pressed(const struct work *w, int64_t delay_s)
{
	const struct grey_config *c = w->c->config;
	int64_t least = w->c->pressure == PRESSURE_OK ? 0
	    : w->c->pressure == PRESSURE_HIGH         ? c->pressure.delay_high_s
	                                      : c->pressure.delay_critical_s;

	if (least <= delay_s || grey_sender_is_proven(w->f))
		return delay_s;
	tell(w, GREY_RULE_TRIPLET, false,
	    "pressure is %s: who is not proven waits %lld s",
	    pressure_words[w->c->pressure], (long long)least);
	return least;
}

static void
tell_judgement(const struct work *w, const struct grey_judgement *j)
{
	if (w->c->trace == NULL)
		return;
	tell(w, GREY_RULE_KNOWN, j->verdict == GREY_KNOWN,
	    j->verdict == GREY_KNOWN
	        ? "the sender has passed often enough"
	        : "the sender has not passed often enough to be known");
	switch (j->verdict) {
	case GREY_NEW:
		tell(w, GREY_RULE_TRIPLET, true,
		    "never seen: has to wait %lld s", (long long)j->wait_s);
		break;
	case GREY_WAITING:
		tell(w, GREY_RULE_TRIPLET, true, "%lld s are left to wait",
		    (long long)j->wait_s);
		break;
	case GREY_PASS:
		if (w->out->rule == GREY_RULE_TRIPLET)
			tell(w, GREY_RULE_TRIPLET, true, "has waited");
		break;
	case GREY_KNOWN:
	case GREY_EXEMPT:
	case GREY_VERDICTS:
	default:
		break;
	}
}

static bool
passes(const struct grey_judgement *j)
{
	return j->verdict == GREY_PASS || j->verdict == GREY_KNOWN;
}

/* He passes, and nothing is to be written: whatever SPF says. */
static bool
is_settled(const struct grey_judgement *j, size_t n_credits)
{
	size_t i;

	if (!passes(j) || j->write_record)
		return false;
	for (i = 0; i < n_credits; i++) {
		if (j->write_credit[i])
			return false;
	}
	return true;
}

static enum grey_rule
rule_of(const struct grey_judgement *j, bool let)
{
	if (j->verdict == GREY_KNOWN)
		return GREY_RULE_KNOWN;
	return let ? GREY_RULE_PROVEN : GREY_RULE_TRIPLET;
}

static int
ask_store(const struct work *w, const struct grey_who *who, int64_t delay_s,
    struct err *e)
{
	bool let = rule_proven(w);
	const struct grey_config *c = w->c->config;
	char sender[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];
	char plain[KEY_TEXT_SIZE], client[IP_TEXT_SIZE];
	struct grey_question q = {
		.attempt = who->attempt,
		.policy = { .delay_s = pressed(w, delay_s),
		    .retry_window_s = c->retry_window_s,
		    .lifetime_s = c->lifetime_s,
		    .known_after = c->known_after,
		    .learn = let || c->mode == GREY_LEARN },
		.now_ms = w->now_ms,
		.sender = plain,
		.recipient = recipient,
		.client = ip_text(w->f->client, client),
		.dry = w->c->dry || w->c->can_ask_dns,
	};
	struct grey_judgement j;

	key_plain(w->f->sender, plain);
	key_normal_recipient(w->f->recipient, recipient);
	key_fold_sender(plain, recipient, sender);
	q.key = key_envelope(grey_store_secret(w->c->store), sender, recipient);
	if (grey_store_judge(w->c->store, &q, &j, e) == -1)
		return -1;
	if (w->c->can_ask_dns && !is_settled(&j, who->attempt.n_credits)) {
		w->out->record_later = j.lazy && passes(&j);
		w->out->needs_dns = !w->out->record_later;
	}
	if (w->out->needs_dns)
		return 0;
	w->out->verdict = j.verdict;
	w->out->rule = rule_of(&j, let);
	w->out->wait_s = j.wait_s;
	w->out->waited_s = j.waited_s;
	tell_judgement(w, &j);
	return 0;
}

void
grey_check(const struct grey_check *c, const struct grey_facts *f,
    const struct grey_who *who, int64_t now_ms, struct grey_outcome *out_r,
    struct err *e)
{
	struct work w = { .c = c, .f = f, .now_ms = now_ms, .out = out_r };
	int64_t delay_s = c->config->delay_s;

	out_r->defer = out_r->needs_dns = out_r->record_later = false;
	out_r->wait_s = out_r->waited_s = out_r->entry_id = 0;
	out_r->reason[0] = '\0';
	if (rule_client(&w) || rule_recipient(&w, &delay_s) ||
	    rule_whitelist(&w) ||
	    (!c->can_ask_dns && (rule_expected(&w) || rule_dnswl(&w))))
		return;
	if (ask_store(&w, who, delay_s, e) == -1) {
		tell(&w, GREY_RULE_STORE_FAULT, true, "the store: %s", e->text);
		(void)exempt(&w, GREY_RULE_STORE_FAULT, "");
		return;
	}
	if (out_r->needs_dns)
		return;
	out_r->defer = c->config->mode == GREY_ENFORCE &&
	    (out_r->verdict == GREY_NEW || out_r->verdict == GREY_WAITING);
}
