/* What mailboxes grow by: bytes that were delivered on this host. */
#include "queuewatch/cause.h"
#include "queuewatch/ledger.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double
fade(double value, int64_t at, int64_t now)
{
	return now > at ? value * exp(-(double)(now - at) / LEDGER_GROW_S)
	                : value;
}

static bool
is_stored(const struct maillog_event *ev)
{
	static const char *const programs[] = { "virtual", "local", "lmtp",
		"pipe", NULL };
	size_t i;

	for (i = 0; programs[i] != NULL; i++) {
		if (slice_is(ev->program, programs[i]))
			return true;
	}
	return false;
}

void
ledger_stored(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev)
{
	struct ledger_mailbox *b;
	bool made;

	if (ev->status != MAILLOG_SENT || m->size <= 0 || !is_stored(ev))
		return;
	b = slots_make(&l->mailboxes, slots_hash_name(ev->to), &made);
	if (made)
		ledger_copy(b->name, sizeof(b->name), ev->to);
	b->bytes = fade(b->bytes, b->at, ev->at) + (double)m->size;
	b->at = ev->at;
	l->stored = fade(l->stored, l->stored_at, ev->at) + (double)m->size;
	l->stored_at = ev->at;
}

void
ledger_growers(const struct ledger *l, int64_t now,
    const char *(*shown)(const char *name), struct ledger_growers *g)
{
	struct tally *t = NULL;
	struct tally_row rows[LEDGER_GROWERS];
	const struct ledger_mailbox *b;
	size_t i;

	memset(g, 0, sizeof(*g));
	g->bytes = fade(l->stored, l->stored_at, now);
	if (g->bytes < 1 || (t = tally_new(TALLY_FEW)) == NULL)
		return;
	for (i = 0; i < l->mailboxes.n; i++) {
		b = slots_at(&l->mailboxes, i);
		if (b != NULL)
			tally_add_many(t, shown(b->name),
			    (int64_t)fade(b->bytes, b->at, now));
	}
	g->n = tally_top(t, rows, LEDGER_GROWERS);
	for (i = 0; i < g->n; i++) {
		(void)snprintf(
		    g->items[i].name, LEDGER_NAME, "%.79s", rows[i].name);
		g->items[i].bytes = (double)rows[i].count;
	}
	tally_free(t);
}
