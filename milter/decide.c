#include "milter/decide.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/grey/store.h"
#include "milter/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4000 /* of a decision in the log */
#define ADDRESS_SHOWN 320 /* RFC 5321, section 4.5.3.1 */

/* One recipient's decision under way. */
struct work {
	struct milter *m;
	const struct client *client;
	struct message *msg;
	struct grey_facts facts;
	struct grey_check check;
};

/* --- the log --- */

static void
add(struct buf *line, const char *word, const char *value)
{
	buf_str(line, word);
	buf_str(line, value);
}

/* What became of it: how long it waits or has waited, or why it passes. */
static void
tell_why(const struct grey_outcome *out, struct buf *line)
{
	bool would = !out->defer &&
	    (out->verdict == GREY_NEW || out->verdict == GREY_WAITING);

	if (out->wait_s > 0)
		buf_printf(line, ", wait=%llds%s", (long long)out->wait_s,
		    would ? " (not deferred: mode)" : "");
	else if (out->waited_s > 0)
		buf_printf(line, ", waited=%llds", (long long)out->waited_s);
	else if (out->reason[0] != '\0')
		add(line, ", reason=", out->reason);
}

/* ", id=net:192.0.2.0/24 name:example.org, spf=fail" */
static void
tell_who(const struct message *msg, struct buf *line)
{
	const struct grey_attempt *a = &msg->who.attempt;
	size_t i;

	for (i = 0; msg->who_known && i < a->n_identities; i++) {
		add(line, i == 0 ? ", id=" : " ",
		    grey_identity_words[a->identities[i].kind]);
		add(line, ":", msg->who.text[i]);
	}
	if (msg->dns_asked)
		add(line, ", spf=", spf_result_word(msg->asked.spf.result));
}

/* ", to=<...": no more of it than an address may have */
static void
tell_address(struct buf *line, const char *word, const char *address)
{
	buf_str(line, word);
	buf_add(line, address, strnlen(address, ADDRESS_SHOWN));
	buf_char(line, '>');
}

/* A line each: it is made piece by piece, which printf() takes longer for. */
static void
log_decision(
    const struct work *w, const char *queue_id, const struct grey_outcome *out)
{
	const struct client *c = w->client;
	char ip[IP_TEXT_SIZE] = "unknown";
	struct buf line;

	if (c->has_ip)
		(void)ip_text(&c->ip, ip);
	buf_init(&line, LINE_MAX_BYTES);
	buf_str(&line, *queue_id != '\0' ? queue_id : "NOQUEUE");
	add(&line, out->defer ? ": defer: " : ": pass: ",
	    grey_verdict_words[out->verdict]);
	add(&line, ": client=", c->name[0] != '\0' ? c->name : "unknown");
	add(&line, "[", ip);
	add(&line, "], rule=", grey_rule_words[out->rule]);
	tell_why(out, &line);
	tell_address(&line, ", from=<", w->msg->sender);
	tell_address(&line, ", to=<", w->facts.recipient);
	add(&line, ", helo=<", c->helo);
	buf_char(&line, '>');
	tell_who(w->msg, &line);
	log_text(buf_text(&line));
	buf_free(&line);
}

/*
 * The store tells of its own faults; this is for the rest: no answer in time.
 */
static void
tell_fault(struct milter *m, const struct err *e)
{
	struct grey_store_state st;

	grey_store_state(m->store, &st);
	if (!st.faulty)
		log_warn_limited(&m->fault_log, clock_mono_ms(), 60,
		    "store: %s: mail is accepted without greylisting", e->text);
}

/* --- the decision --- */

static void
check_once(struct work *w, int64_t now_ms, struct grey_outcome *out_r)
{
	struct message *msg = w->msg;
	struct err e = { { 0 } };
	int64_t start = clock_mono_ns();

	if (!msg->who_known) {
		grey_who(w->check.config, grey_store_secret(w->m->store),
		    &w->facts, &msg->who);
		msg->who_known = true;
	}
	grey_check(&w->check, &w->facts, &msg->who, now_ms, out_r, &e);
	count_store(&w->m->count, clock_mono_ns() - start);
	if (out_r->rule == GREY_RULE_STORE_FAULT)
		tell_fault(w->m, &e);
}

static void
ask_dns(struct work *w, int64_t now)
{
	struct message *msg = w->msg;

	proof_ask(&w->m->proof,
	    &(struct proof_question){ .config = w->check.config,
	        .allow = w->check.allow,
	        .facts = &w->facts,
	        .now = now },
	    &msg->asked);
	count_dns(&w->m->count, &msg->asked);
	msg->dns_asked = true;
	msg->who_known = w->check.can_ask_dns = false;
	w->facts.spf = &msg->asked.spf;
	w->facts.dnswl = msg->asked.dnswl;
}

/* While the process ends nobody may ask the store any more. */
static void
enter(struct milter *m)
{
	atomic_fetch_add(&m->busy, 1);
	if (!atomic_load(&m->stopping))
		return;
	atomic_fetch_sub(&m->busy, 1);
	for (;;)
		(void)pause();
}

static void
leave(struct milter *m)
{
	atomic_fetch_sub(&m->busy, 1);
}

static struct work
work_of(struct milter *m, const struct client *client, struct message *msg,
    const char *recipient)
{
	const struct grey_config *config = &msg->live->config;
	struct work w = { .m = m, .client = client, .msg = msg };

	w.facts = (struct grey_facts){
		.client = client->has_ip ? &client->ip : NULL,
		.client_name = client->name,
		.helo = client->helo,
		.sender = msg->sender,
		.recipient = recipient,
		.authenticated = msg->authenticated,
		.originating = client->originating,
		.spf = msg->dns_asked ? &msg->asked.spf : NULL,
		.dnswl = msg->dns_asked ? msg->asked.dnswl : DNSWL_NOT_ASKED,
	};
	w.check = (struct grey_check){ .config = config,
		.store = m->store,
		.pressure = pressure_watch_level(&m->pressure),
		.can_ask_dns = !msg->dns_asked &&
		    (config->spf.enabled || *config->dnswl.zone != '\0') };
	return w;
}

/* --- what is recorded later --- */

/* A pass: who, and by which configuration. */
struct pass {
	struct milter *m;
	struct client client;
	struct message msg;
	char *recipient;
};

static void
pass_free(void *arg)
{
	struct pass *p = arg;

	live_release(p->msg.live);
	free(p->msg.sender);
	free(p->recipient);
	free(p);
}

/* NULL: no memory. */
static struct pass *
pass_new(const struct work *w)
{
	struct pass *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->m = w->m;
	p->client = *w->client;
	p->msg.live = live_hold(w->msg->live);
	p->msg.sender = strdup(w->msg->sender);
	p->recipient = strdup(w->facts.recipient);
	if (p->msg.sender == NULL || p->recipient == NULL) {
		pass_free(p);
		return NULL;
	}
	return p;
}

static uint64_t
mark_of(const struct pass *p)
{
	struct key k = key_envelope(
	    grey_store_secret(p->m->store), p->msg.sender, p->recipient);
	uint64_t mark = key_short(&k);
	size_t i;

	for (i = 0; i < sizeof(p->client.ip.bytes); i++)
		mark = (mark ^ p->client.ip.bytes[i]) * 1099511628211u;
	return mark;
}

/* Ask the DNS and record all identities together. */
static void
record(void *arg)
{
	struct pass *p = arg;
	struct milter *m = p->m;
	struct work w = work_of(m, &p->client, &p->msg, p->recipient);
	struct grey_whitelist *list;
	struct grey_outcome out;

	enter(m);
	list = grey_store_whitelist(m->store);
	atomic_fetch_add(&m->asking, 1);
	leave(m);
	w.check.allow = list != NULL ? grey_whitelist_allow(list) : NULL;
	ask_dns(&w, clock_steady_ms() / 1000);
	atomic_fetch_sub(&m->asking, 1);
	enter(m);
	check_once(&w, clock_steady_ms(), &out);
	leave(m);
	if (list != NULL)
		grey_whitelist_release(list);
	pass_free(p);
}

/* False: it has to be done at once. */
static bool
record_later(const struct work *w)
{
	struct pass *p = pass_new(w);
	struct later_job job = { .run = record, .drop = pass_free, .arg = p };

	if (p == NULL)
		return false;
	job.mark = mark_of(p);
	if (later_post(&w->m->later, &job))
		return true;
	pass_free(p);
	return false;
}

/* --- one recipient --- */

/* An own user has written to somebody who may answer. */
static void
note_written_to(const struct work *w, int64_t now)
{
	if (w->facts.authenticated || w->facts.originating)
		grey_store_expect(w->m->store, w->facts.recipient, now);
}

/* DNS is asked once for a message, by the first recipient that needs it. */
static void
check(struct work *w, struct grey_outcome *out_r)
{
	struct grey_whitelist *list = grey_store_whitelist(w->m->store);
	int64_t now_ms = clock_steady_ms();

	w->check.allow = list != NULL ? grey_whitelist_allow(list) : NULL;
	check_once(w, now_ms, out_r);
	if (out_r->needs_dns) {
		ask_dns(w, now_ms / 1000);
		now_ms = clock_steady_ms();
		check_once(w, now_ms, out_r);
	}
	if (out_r->record_later && !record_later(w)) {
		w->check.can_ask_dns = false;
		check_once(w, now_ms, out_r);
	}
	if (out_r->entry_id != 0)
		grey_store_hit(w->m->store, out_r->entry_id, now_ms / 1000);
	note_written_to(w, now_ms / 1000);
	if (list != NULL)
		grey_whitelist_release(list);
}

void
decide(struct milter *m, const struct client *client, struct message *msg,
    const char *recipient, const char *queue_id, struct grey_outcome *out_r)
{
	struct work w = work_of(m, client, msg, recipient);
	int64_t start = clock_mono_ns();

	enter(m);
	check(&w, out_r);
	leave(m);
	count_decision(&m->count, out_r, clock_mono_ns() - start);
	msg->header.learning = msg->live->config.mode == GREY_LEARN;
	header_note(&msg->header, out_r);
	log_decision(&w, queue_id, out_r);
}
