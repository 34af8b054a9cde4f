#include "queuewatch/ledger.h"

#include "queuewatch/canary.h"

#include <math.h>
#include <string.h>

#define EPISODE_S 3600 /* a fault that was quiet for so long begins anew */

int
ledger_init(struct ledger *l)
{
	memset(l, 0, sizeof(*l));
	if (slots_init(&l->messages, sizeof(struct ledger_message),
	        LEDGER_MESSAGES) == -1 ||
	    slots_init(&l->clients, sizeof(struct ledger_name), LEDGER_NAMES) ==
	        -1 ||
	    slots_init(&l->accounts, sizeof(struct ledger_account),
	        LEDGER_NAMES) == -1 ||
	    slots_init(&l->destinations, sizeof(struct ledger_destination),
	        LEDGER_NAMES) == -1 ||
	    slots_init(&l->replies, sizeof(struct ledger_reply),
	        LEDGER_REPLIES) == -1 ||
	    slots_init(&l->mailboxes, sizeof(struct ledger_mailbox),
	        LEDGER_NAMES) == -1 ||
	    slots_init(&l->delivered, sizeof(struct slot) + sizeof(int64_t) * 2,
	        LEDGER_MESSAGES) == -1) {
		ledger_free(l);
		return -1;
	}
	return 0;
}

void
ledger_free(struct ledger *l)
{
	slots_free(&l->messages);
	slots_free(&l->clients);
	slots_free(&l->accounts);
	slots_free(&l->destinations);
	slots_free(&l->replies);
	slots_free(&l->mailboxes);
	slots_free(&l->delivered);
}

double
ledger_fade(double value, int64_t at, int64_t now)
{
	if (value == 0 || now <= at)
		return value;
	if (now - at > LEDGER_FADE_S * 20)
		return 0;
	return value * exp(-(double)(now - at) / LEDGER_FADE_S);
}

double
ledger_distinct(const uint64_t bits[4])
{
	int i, set = 0;

	for (i = 0; i < 4; i++)
		set += __builtin_popcountll(bits[i]);
	if (set == 0)
		return 0;
	/* Linear counting; a full map says "many". */
	return set >= 255 ? 1500 : -256 * log1p(-(double)set / 256);
}

void
ledger_copy(char *to, size_t size, struct slice from)
{
	size_t n = from.n < size ? from.n : size - 1;

	memcpy(to, from.p, n);
	to[n] = '\0';
}

void
ledger_reply_fold(struct slice text, char out[TEMPLATE_SIZE])
{
	char whole[1024];

	ledger_copy(whole, sizeof(whole), text);
	(void)template_fold(whole, out);
}

uint64_t
ledger_message_key(uint64_t instance, struct slice qid)
{
	uint64_t key = slots_hash_slice(qid);

	return instance != 0 ? slots_mix(key, instance) : key;
}

struct ledger_message *
ledger_message(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m;
	bool made;

	m = slots_make(
	    &l->messages, ledger_message_key(ev->instance, ev->qid), &made);
	if (made)
		m->at = ev->at;
	return m;
}

static void
fault(struct ledger *l, const struct maillog_event *ev, enum maillog_fault kind)
{
	struct ledger_fault *f = &l->faults[kind];

	if (f->at == 0 || ev->at - f->at > EPISODE_S) {
		f->first = ev->at;
		f->count = 0;
	}
	f->at = ev->at;
	f->line = l->counts.lines;
	f->count++;
	ledger_copy(f->program, sizeof(f->program), ev->program);
	ledger_reply_fold(ev->text, f->text);
}

/* Where it is known already. */
static struct ledger_message *
known(struct ledger *l, const struct maillog_event *ev)
{
	return slots_find(
	    &l->messages, ledger_message_key(ev->instance, ev->qid));
}

/* A message arrived by smtpd or pickup. */
static void
arrived(struct ledger *l, const struct maillog_event *ev)
{
	static const struct slice here = { "local", 5 };
	struct slice client = ev->kind == MAILLOG_CLIENT ? ev->client : here;
	struct ledger_message *m;
	struct ledger_account *a;
	struct ledger_name *name;
	uint64_t of_client = slots_hash_slice(client);
	bool made;

	/* A count never falls: what was one too much is left out later. */
	if (l->probes > 0)
		l->probes--;
	else
		l->counts.received++;
	if (ev->qid.n == 0)
		return;
	m = ledger_message(l, ev);
	*m = (struct ledger_message){
		.slot = m->slot, .at = ev->at, .fresh = true
	};
	name = slots_make(&l->clients, of_client, &made);
	if (made)
		ledger_copy(name->text, sizeof(name->text), client);
	m->client = slots_id(&l->clients, name);
	if (ev->sasl.n == 0)
		return;
	a = slots_make(&l->accounts, slots_hash_slice(ev->sasl), &made);
	if (made) {
		ledger_copy(a->name, sizeof(a->name), ev->sasl);
		a->first = a->usual_at = a->at = ev->at;
	}
	m->account = slots_id(&l->accounts, a);
	ledger_account_sent(l, m, ev);
}

/* Its Message-ID is known.  Canaries are measured, and not counted. */
static void
named(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m = ledger_message(l, ev);
	char id[CANARY_TOKEN + 16];

	m->message_id = slots_hash_slice(ev->message_id);
	ledger_copy(id, sizeof(id), ev->message_id);
	if (!canary_message_id(id) || m->probe)
		return;
	m->probe = true;
	l->probes += m->fresh;
}

#define DELAY_FIRST_MS 50.0

double
ledger_delay_s(int i)
{
	return i > 0 ? DELAY_FIRST_MS / 1000 * pow(2, (i - 1) / 2.0) : 0;
}

static int
delay_step(int64_t ms)
{
	double step = (double)ms > DELAY_FIRST_MS
	    ? 1 + floor(2 * log2((double)ms / DELAY_FIRST_MS))
	    : (double)ms == DELAY_FIRST_MS;

	return step < LEDGER_DELAYS - 1 ? (int)step : LEDGER_DELAYS - 1;
}

/* "RCPT from mx[192.0.2.1]: 554 5.7.1 ...": not to be tried again. */
static bool
is_final(struct slice text)
{
	struct slice at = text;
	const char *p;

	while ((p = slice_find(at, "]: ")) != NULL) {
		at.n -= (size_t)(p - at.p) + 3;
		at.p = p + 3;
		if (at.n > 3 && at.p[0] == '5' && at.p[3] == ' ')
			return true;
	}
	return false;
}

static void
delivery(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m;
	bool failed = ev->status == MAILLOG_DEFERRED ||
	    ev->status == MAILLOG_BOUNCED;

	m = known(l, ev);
	if (m == NULL || !m->probe) {
		l->counts.delivered += ev->status == MAILLOG_SENT;
		l->counts.deferred += ev->status == MAILLOG_DEFERRED;
		l->counts.bounced += ev->status == MAILLOG_BOUNCED;
	}
	if (ev->status == MAILLOG_STATUS_OTHER)
		return;
	m = ledger_message(l, ev);
	if (!failed)
		ledger_reply_over(l, m);
	if (failed && slice_find(ev->text, "No space left on device") != NULL)
		fault(l, ev, MAILLOG_NO_SPACE);
	if (ledger_filtered(l, ev))
		return;
	if (ev->status == MAILLOG_SENT && !m->probe)
		l->counts.delays[delay_step(ev->delay_ms)]++;
	if (!m->probe)
		ledger_stored(l, m, ev);
	ledger_doubled(l, m, ev);
	ledger_account_tried(l, m, ev);
	ledger_destination_tried(l, m, ev);
}

static void
queued(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m = ledger_message(l, ev);

	m->sender = slots_hash_name(ev->from);
	m->size = ev->size;
	ledger_account_sent(l, m, ev);
}

/* Nothing holds it up any more but the operator. */
static void
held(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m;

	m = known(l, ev);
	if (m != NULL)
		ledger_reply_over(l, m);
}

static void
removed(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_message *m;

	m = known(l, ev);
	if (m == NULL)
		return;
	ledger_reply_over(l, m);
	slots_drop(m);
}

void
ledger_feed(struct ledger *l, const struct maillog_event *ev)
{
	if (ev->kind == MAILLOG_OTHER)
		return;
	l->counts.lines++;
	if (ev->at > l->now)
		l->now = ev->at;
	switch (ev->kind) {
	case MAILLOG_CLIENT:
	case MAILLOG_PICKUP:
		arrived(l, ev);
		break;
	case MAILLOG_MESSAGE_ID:
		if (ev->qid.n > 0 && ev->message_id.n > 0)
			named(l, ev);
		break;
	case MAILLOG_QUEUED:
		queued(l, ev);
		break;
	case MAILLOG_REMOVED:
		removed(l, ev);
		break;
	case MAILLOG_HELD:
		held(l, ev);
		break;
	case MAILLOG_DELIVERY:
		delivery(l, ev);
		break;
	case MAILLOG_SAVED:
		ledger_doubled(l, NULL, ev);
		break;
	case MAILLOG_REJECT:
		l->counts.rejected++;
		l->counts.refused += is_final(ev->text);
		if (ev->fault == MAILLOG_NO_SPACE)
			fault(l, ev, MAILLOG_NO_SPACE);
		break;
	case MAILLOG_FAULT:
		fault(l, ev, ev->fault);
		break;
	case MAILLOG_OTHER:
		break;
	}
}

static struct ledger_message *
message_of(struct ledger *l, uint64_t instance, const char *qid)
{
	const struct slice s = { qid, strlen(qid) };

	return slots_find(&l->messages, ledger_message_key(instance, s));
}

const char *
ledger_account_of(struct ledger *l, uint64_t instance, const char *qid)
{
	const struct ledger_message *m = message_of(l, instance, qid);
	const struct ledger_account *a;

	a = m != NULL ? slots_of_id(&l->accounts, m->account) : NULL;
	return a != NULL ? a->name : NULL;
}

const char *
ledger_client_of(struct ledger *l, uint64_t instance, const char *qid)
{
	const struct ledger_message *m = message_of(l, instance, qid);
	const struct ledger_name *c;

	c = m != NULL ? slots_of_id(&l->clients, m->client) : NULL;
	return c != NULL ? c->text : NULL;
}
