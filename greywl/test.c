#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/duration.h"
#include "lib/err.h"
#include "lib/grey/check.h"
#include "lib/grey/spf.h"
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

#define TRIED_MAX 64

/* A message as it was described, and what came of it. */
struct trial {
	struct ip client;
	struct grey_facts facts;
	struct spf_answer spf;
	struct grey_who who;
	struct grey_outcome outcome;
	json_t *rules; /* those that were tried; NULL: print them */
};

static enum gw_exit
read_facts(const struct gw *g, struct trial *t)
{
	const char *const *v = g->given.value;
	const char *missing = v[GW_CLIENT] == NULL ? "--client"
	    : v[GW_FROM] == NULL                   ? "--from"
	    : v[GW_TO] == NULL                     ? "--to"
	                                           : NULL;

	if (missing != NULL) {
		gw_complain("%s is missing%s", missing,
		    v[GW_FROM] == NULL ? " (--from '' is a bounce)" : "");
		return GW_USAGE;
	}
	if (ip_parse(v[GW_CLIENT], &t->client) == -1) {
		gw_complain("--client: \"%s\" is not an address: write for "
		            "example 192.0.2.1 or 2001:db8::1",
		    v[GW_CLIENT]);
		return GW_USAGE;
	}
	if (*v[GW_TO] == '\0') {
		gw_complain("--to: write a mail address");
		return GW_USAGE;
	}
	t->facts = (struct grey_facts){
		.client = &t->client,
		.client_name = v[GW_NAME] != NULL ? v[GW_NAME] : "",
		.helo = v[GW_HELO] != NULL ? v[GW_HELO] : "",
		.sender = v[GW_FROM],
		.recipient = v[GW_TO],
		.spf = &t->spf,
	};
	/* As Postfix names a client whose name is not confirmed. */
	if (strcmp(t->facts.client_name, "unknown") == 0)
		t->facts.client_name = "";
	return GW_DONE;
}

/*
 * Whose record is asked, and what it says.  This release has no answer yet:
 * "none", which proves nothing, exactly as the running milter sees it.
 */
static void
ask_spf(struct trial *t)
{
	const char *domain = address_domain(t->facts.sender);
	size_t n;

	t->spf = (struct spf_answer){ .result = SPF_NONE,
		.source = SPF_NOT_ASKED };
	if (domain == NULL || *domain == '\0')
		domain = t->facts.helo;
	n = strcspn(domain, ">");
	if (n <= DOMAIN_MAX) {
		memcpy(t->spf.domain, domain, n);
		(void)address_lower(
		    t->spf.domain, t->spf.domain, sizeof(t->spf.domain));
	}
}

static void
tried(void *arg, enum grey_rule rule, bool decided, const char *text)
{
	struct trial *t = arg;

	if (t->rules == NULL) {
		gw_line(stdout, "%s %-16s %s", decided ? "=>" : "  ",
		    grey_rule_words[rule], text);
		return;
	}
	if (json_array_size(t->rules) < TRIED_MAX)
		(void)json_array_append_new(t->rules,
		    json_pack("{ss sb so}", "rule", grey_rule_words[rule],
		        "decided", decided, "text", gw_json_text(text)));
}

static json_t *
identities_json(const struct trial *t)
{
	json_t *all = json_array();
	char text[GREY_IDENTITY_TEXT + 8];
	size_t i;

	for (i = 0; i < t->who.attempt.n_identities; i++) {
		(void)snprintf(text, sizeof(text), "%s:%s",
		    grey_identity_words[t->who.attempt.identities[i].kind],
		    t->who.text[i]);
		(void)json_array_append_new(all, gw_json_text(text));
	}
	return all;
}

static void
print_json(const struct gw *g, struct trial *t)
{
	const struct grey_outcome *o = &t->outcome;
	char sender[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];

	key_normal_sender(t->facts.sender, t->facts.recipient, sender);
	key_normal_recipient(t->facts.recipient, recipient);
	gw_json_print(json_pack("{ss ss so sI sb ss s{ss so sb} so s{so so} "
	                        "so}",
	    "verdict", grey_verdict_words[o->verdict], "rule",
	    grey_rule_words[o->rule], "reason", gw_json_text(o->reason),
	    "wait_s", (json_int_t)o->wait_s, "defer", o->defer, "mode",
	    grey_mode_words[g->config.mode], "spf", "result",
	    spf_result_word(t->spf.result), "domain",
	    gw_json_text(t->spf.domain), "proves", t->spf.proves, "identities",
	    identities_json(t), "key", "sender", gw_json_text(sender),
	    "recipient", gw_json_text(recipient), "rules", t->rules));
}

static void
print_text(const struct gw *g, const struct trial *t)
{
	const struct grey_outcome *o = &t->outcome;
	char sender[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];
	char wait[DURATION_SIZE];
	size_t i;

	key_normal_sender(t->facts.sender, t->facts.recipient, sender);
	key_normal_recipient(t->facts.recipient, recipient);
	gw_line(stdout, "%s", "");
	gw_line(stdout, "key       <%s> to <%s>", sender, recipient);
	for (i = 0; i < t->who.attempt.n_identities; i++)
		gw_line(stdout, "identity  %s %s",
		    grey_identity_words[t->who.attempt.identities[i].kind],
		    t->who.text[i]);
	gw_line(stdout, "spf       %s%s%s, proves %s",
	    spf_result_word(t->spf.result), *t->spf.domain ? " for " : "",
	    t->spf.domain, t->spf.proves ? "the sender" : "nothing");
	(void)fputs("verdict   ", stdout);
	gw_colour(o->defer ? GW_YELLOW : GW_GREEN);
	(void)fputs(grey_verdict_words[o->verdict], stdout);
	gw_colour(GW_PLAIN);
	if (o->wait_s > 0)
		gw_line(stdout, ", %s to wait%s",
		    duration_text(o->wait_s, wait),
		    o->defer ? "" : ", but this mode defers nobody");
	else
		gw_line(stdout, " by %s%s%s", grey_rule_words[o->rule],
		    *o->reason != '\0' ? ": " : "", o->reason);
	if (g->config.mode != GREY_ENFORCE)
		gw_line(
		    stdout, "mode      %s", grey_mode_words[g->config.mode]);
}

static enum gw_exit
judge(struct gw *g, struct trial *t)
{
	struct grey_trace trace = { .tried = tried, .arg = t };
	struct grey_whitelist *w = grey_store_whitelist(g->store);
	struct grey_check check = {
		.config = &g->config,
		.store = g->store,
		.allow = grey_whitelist_allow(w),
		.trace = &trace,
		.dry = true,
	};
	struct err e;

	ask_spf(t);
	if (g->given.value[GW_JSON] != NULL)
		t->rules = json_array();
	grey_who(&g->config, grey_store_secret(g->store), &t->facts, &t->who);
	grey_check(&check, &t->facts, &t->who, g->now, &t->outcome, &e);
	if (t->rules != NULL)
		print_json(g, t);
	else
		print_text(g, t);
	grey_whitelist_release(w);
	if (t->outcome.rule != GREY_RULE_STORE_FAULT)
		return GW_DONE;
	gw_complain("%s", e.text);
	return GW_FAILED;
}

enum gw_exit
gw_test(struct gw *g)
{
	struct trial t = { .rules = NULL };
	enum gw_exit rc = read_facts(g, &t);
	struct err e;

	if (rc != GW_DONE)
		return rc;
	if (grey_config_add_mynetworks(&g->config, &e) == -1)
		log_debug("%s", e.text);
	if (gw_open(g, GREY_STORE_READ, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	return judge(g, &t);
}
