/* Where mail goes to, and what is answered there. */
#include "queuewatch/ledger.h"

#include <string.h>

#define NOW_ATTEMPTS 8
#define USUAL_PART 0.005
#define FAILING 0.6 /* while so much fails, what is usual is not learned */

static bool
is_here(const struct maillog_event *ev)
{
	return !slice_is(ev->program, "smtp") &&
	    !slice_is(ev->program, "relay");
}

static bool
has_failed(const struct maillog_event *ev)
{
	return ev->status == MAILLOG_DEFERRED || ev->status == MAILLOG_BOUNCED;
}

static void
note_classes(struct ledger *l, const struct maillog_event *ev)
{
	/* error(8) and retry(8) try nothing. */
	if (slice_is(ev->program, "error") || slice_is(ev->program, "retry"))
		return;
	if (!is_here(ev)) {
		if (has_failed(ev))
			return;
		l->outside_ok_at = ev->at;
		l->outside_ok_line = l->counts.lines;
	} else if (has_failed(ev)) {
		l->inside_failed_at = ev->at;
		l->inside_failed_line = l->counts.lines;
	} else {
		l->inside_ok_at = ev->at;
		l->inside_ok_line = l->counts.lines;
	}
}

void
ledger_reply_over(struct ledger *l, struct ledger_message *m)
{
	struct ledger_reply *r = slots_of_id(&l->replies, m->reply);

	if (r != NULL && r->open > 0)
		r->open--;
	m->reply = 0;
}

/* Whether the reply is the message's first of its kind. */
static bool
note_reply(struct ledger *l, struct ledger_message *m,
    struct ledger_destination *d, const struct maillog_event *ev)
{
	char text[TEMPLATE_SIZE];
	struct ledger_reply *r;
	bool made;

	ledger_reply_fold(ev->text, text);
	memcpy(d->reply, text, sizeof(text));
	r = slots_make(
	    &l->replies, slots_hash(text, strnlen(text, sizeof(text))), &made);
	if (made) {
		memcpy(r->text, text, sizeof(text));
		r->first = r->at = ev->at;
	}
	if (m->reply == slots_id(&l->replies, r))
		return false;
	ledger_reply_over(l, m);
	/* What was there on arrival makes a reply known, and no news. */
	if (!m->fresh)
		return true;
	r->recent = ledger_fade(r->recent, r->at, ev->at) + 1;
	r->at = ev->at;
	r->messages++;
	r->permanent = ev->status == MAILLOG_BOUNCED;
	r->destination = slots_id(&l->destinations, d);
	ledger_copy(r->example, sizeof(r->example), ev->qid);
	if (!r->permanent)
		r->open++;
	m->reply = slots_id(&l->replies, r);
	return true;
}

void
ledger_destination_tried(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev)
{
	struct slice domain = maillog_domain(ev->to);
	struct ledger_destination *d;
	bool made, failed = has_failed(ev), suspended, first;

	note_classes(l, ev);
	d = slots_make(&l->destinations, slots_hash_name(domain), &made);
	if (made) {
		ledger_copy(d->name, sizeof(d->name), domain);
		d->at = ev->at;
	}
	d->failed = ledger_fade(d->failed, d->at, ev->at);
	d->tried = ledger_fade(d->tried, d->at, ev->at) + 1;
	if (ev->at > d->at)
		d->at = ev->at;
	d->attempts++;
	suspended = slice_begins(ev->text, "delivery temporarily suspended");
	if (suspended) {
		l->dead_at = ev->at;
		ledger_copy(l->dead, sizeof(l->dead), domain);
		l->dead_instance = ev->instance;
	} else {
		d->outside = !is_here(ev);
	}
	d->now += ((failed ? 1 : 0) - d->now) /
	    (double)(d->attempts < NOW_ATTEMPTS ? d->attempts : NOW_ATTEMPTS);
	if (d->now < FAILING)
		d->usual += (d->now - d->usual) * USUAL_PART;
	if (!failed) {
		d->ok_at = ev->at;
		return;
	}
	d->failed_at = ev->at;
	d->answered = ev->status == MAILLOG_BOUNCED;
	first = note_reply(l, m, d, ev);
	if (m->fresh && first)
		d->failed++;
}
