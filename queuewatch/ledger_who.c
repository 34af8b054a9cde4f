/* Who sends: logins, and what is usual for each. */
#include "queuewatch/ledger.h"

#define USUAL_S 3600 /* what is usual is brought up to date so often */
#define USUAL_PART 0.02 /* an hour's part of it: about two days */

/* Bring the recent values to "now", and what is usual once an hour. */
static void
touch(struct ledger_account *a, int64_t now)
{
	double hours, per_fade;

	a->messages = ledger_fade(a->messages, a->at, now);
	a->recipients = ledger_fade(a->recipients, a->at, now);
	a->failed = ledger_fade(a->failed, a->at, now);
	a->tried = ledger_fade(a->tried, a->at, now);
	a->new_clients = ledger_fade(a->new_clients, a->at, now);
	if (now > a->at)
		a->at = now;
	if (now - a->domains_at > LEDGER_FADE_S) {
		a->domains_at = now;
		a->domains[0] = a->domains[1] = a->domains[2] = a->domains[3] =
		    0;
	}
	if (now - a->usual_at < USUAL_S)
		return;
	hours = (double)(now - a->usual_at) / USUAL_S;
	per_fade = a->usual_sum / hours * LEDGER_FADE_S / USUAL_S;
	if (a->usual_at - a->first < USUAL_S)
		a->usual = per_fade;
	while (hours >= 1 && hours < 1000) {
		a->usual += (per_fade - a->usual) * USUAL_PART;
		hours--;
	}
	a->usual_sum = 0;
	a->usual_at = now;
}

static bool
note_bit(uint64_t bits[4], uint64_t hash)
{
	uint64_t bit = UINT64_C(1) << (hash & 63);
	uint64_t *word = &bits[hash >> 6 & 3];
	bool fresh = (*word & bit) == 0;

	*word |= bit;
	return fresh;
}

/* It came from a client (MAILLOG_CLIENT), or into the queue. */
void
ledger_account_sent(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev)
{
	struct ledger_account *a = slots_of_id(&l->accounts, m->account);

	if (a == NULL)
		return;
	touch(a, ev->at);
	if (ev->kind == MAILLOG_CLIENT) {
		a->messages++;
		a->usual_sum++;
		if (note_bit(a->clients, slots_hash_slice(ev->client)))
			a->new_clients++;
	} else if (!m->counted) {
		a->recipients += ev->nrcpt;
		m->counted = true;
	}
}

void
ledger_account_tried(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev)
{
	struct ledger_account *a = slots_of_id(&l->accounts, m->account);

	if (a == NULL)
		return;
	touch(a, ev->at);
	a->tried++;
	a->failed += ev->status != MAILLOG_SENT &&
	    ev->status != MAILLOG_FORWARDED;
	(void)note_bit(a->domains, slots_hash_name(maillog_domain(ev->to)));
}
