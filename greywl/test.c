#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/grey/ask.h"
#include "lib/grey/check.h"
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

#define TRIED_MAX 64
#define TRACE_CAP (1u << 20)

/* A message as it was described, and what came of it. */
struct trial {
	struct ip client;
	struct grey_facts facts;
	struct spf_pool *pool; /* NULL: SPF cannot be asked */
	struct grey_asked asked;
	struct buf spf_trace;
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
		.spf = &t->asked.spf,
	};
	/* As Postfix names a client whose name is not confirmed. */
	if (strcmp(t->facts.client_name, "unknown") == 0)
		t->facts.client_name = "";
	return GW_DONE;
}

/*
 * As the milter asks; where the children cannot be started the reason is
 * said, and nothing is proven.
 */
static void
ask_dns(const struct gw *g, struct trial *t, const struct allow *allow)
{
	struct grey_asking by = { .config = &g->config,
		.trace = &t->spf_trace };
	struct grey_ask ask;
	struct err e;

	grey_ask(allow, &t->facts, g->now, &ask);
	if (t->pool != NULL && spf_start(t->pool, &e) == -1) {
		gw_complain("SPF: %s", e.text);
		spf_close(t->pool);
		t->pool = NULL;
	}
	by.pool = t->pool;
	grey_ask_dns(&by, &ask, &t->facts, &t->asked);
	t->facts.dnswl = t->asked.dnswl;
	spf_close(t->pool);
	t->pool = NULL;
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

/* Each line of the trace: "each" is called with it. */
static void
each_line(
    const struct buf *b, void (*each)(void *arg, const char *line), void *arg)
{
	const char *s = buf_text(b), *end;
	char line[1024];

	for (; *s != '\0'; s = *end == '\n' ? end + 1 : end) {
		end = strchrnul(s, '\n');
		(void)snprintf(line, sizeof(line), "%.*s", (int)(end - s), s);
		each(arg, line);
	}
}

static void
append_line(void *arg, const char *line)
{
	(void)json_array_append_new(arg, gw_json_text(line));
}

static void
print_line(void *arg, const char *line)
{
	(void)arg;
	gw_line(stdout, "   spf           %s", line);
}

/* Why there is no answer, NULL where there is one. */
static const char *
no_answer(const struct trial *t)
{
	static const char *const why[SPF_SOURCES] = {
		[SPF_NOT_ASKED] = "not asked",
		[SPF_SHUNNED] = "the name has lately killed a child",
		[SPF_CHILD_DIED] = "the child that was asked has died",
		[SPF_LATE] = "no answer in time",
		[SPF_BUSY] = "no child is ready",
	};

	return why[t->asked.spf.source];
}

static json_t *
spf_json(const struct trial *t)
{
	const char *why = no_answer(t);
	json_t *trace = json_array();

	each_line(&t->spf_trace, append_line, trace);
	return json_pack("{ss so sb so so sI sI sI sI so}", "result",
	    spf_result_word(t->asked.spf.result), "domain",
	    gw_json_text(t->asked.spf.domain), "proves", t->asked.spf.proves,
	    "term", gw_json_text(t->asked.spf.term), "no_answer",
	    why != NULL ? json_string(why) : json_null(), "lookups",
	    (json_int_t)t->asked.spf.lookups, "voids",
	    (json_int_t)t->asked.spf.voids, "queries",
	    (json_int_t)t->asked.spf.queries, "elapsed_us",
	    (json_int_t)t->asked.spf.elapsed_us, "trace", trace);
}

static void
print_spf(const struct trial *t)
{
	const char *why = no_answer(t);

	gw_line(stdout, "spf       %s%s%s, proves %s%s%s%s",
	    spf_result_word(t->asked.spf.result),
	    *t->asked.spf.domain ? " for " : "", t->asked.spf.domain,
	    t->asked.spf.proves ? "the sender" : "nothing",
	    why != NULL ? " (" : "", why != NULL ? why : "",
	    why != NULL ? ")" : "");
	if (t->asked.spf.source == SPF_ANSWERED)
		gw_line(stdout,
		    "          %u look-ups, %u void, %u queries, %lld ms%s%s",
		    t->asked.spf.lookups, t->asked.spf.voids,
		    t->asked.spf.queries,
		    (long long)(t->asked.spf.elapsed_us / 1000),
		    *t->asked.spf.term != '\0' ? ", decided by " : "",
		    t->asked.spf.term);
}

static void
print_json(const struct gw *g, struct trial *t)
{
	const struct grey_outcome *o = &t->outcome;
	char sender[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];

	key_normal_sender(t->facts.sender, t->facts.recipient, sender);
	key_normal_recipient(t->facts.recipient, recipient);
	gw_json_print(json_pack("{ss ss so sI sb ss so so s{so so} so}",
	    "verdict", grey_verdict_words[o->verdict], "rule",
	    grey_rule_words[o->rule], "reason", gw_json_text(o->reason),
	    "wait_s", (json_int_t)o->wait_s, "defer", o->defer, "mode",
	    grey_mode_words[g->config.mode], "spf", spf_json(t), "identities",
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
	print_spf(t);
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
		.pressure = pressure_read(g->config.pressure.file, g->now),
		.dry = true,
	};
	struct err e;

	ask_dns(g, t, check.allow);
	if (g->given.value[GW_JSON] != NULL)
		t->rules = json_array();
	else
		each_line(&t->spf_trace, print_line, NULL);
	grey_who(&g->config, grey_store_secret(g->store), &t->facts, &t->who);
	grey_check(&check, &t->facts, &t->who, g->now * 1000, &t->outcome, &e);
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

/* Before rights are given up: the program may lie where they do not reach. */
static void
open_spf(const struct gw *g, struct trial *t)
{
	struct spf_options o;
	struct err e;

	grey_ask_options(&g->config, &o);
	if (!o.enabled)
		return;
	t->pool = spf_open(&o, &e);
	if (t->pool == NULL)
		gw_complain("SPF cannot be asked: %s", e.text);
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
	open_spf(g, &t);
	if (gw_open(g, GREY_STORE_READ, &e) == -1) {
		gw_complain("%s", e.text);
		spf_close(t.pool);
		return GW_FAILED;
	}
	buf_init(&t.spf_trace, TRACE_CAP);
	rc = judge(g, &t);
	buf_free(&t.spf_trace);
	return rc;
}
