/* Mail that was, or may have been, delivered twice; and the content filter. */
#include "queuewatch/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPISODE_S 86400 /* doubles that were quiet for so long begin anew */
#define TWICE_S (5 * 86400)
#define MANY 255

struct ledger_delivered {
	struct slot slot;
	int64_t at;
	uint64_t qid; /* hash */
};

static void
doubled(struct ledger *l, struct slice example, int64_t at, bool certain,
    const char *why)
{
	struct ledger_doubles *d = &l->doubles;

	if (d->at == 0 || at - d->at > EPISODE_S)
		*d = (struct ledger_doubles){ 0 };
	d->messages++;
	d->certain += certain;
	d->at = at;
	ledger_copy(d->example, sizeof(d->example), example);
	(void)snprintf(d->why, sizeof(d->why), "%s", why);
}

/* Whether one Message-ID reached one recipient before, by another way. */
static bool
reached_before(struct ledger *l, uint64_t message_id, uint64_t to, uint64_t qid,
    int64_t at)
{
	struct ledger_delivered *seen;
	bool made, before;

	seen = slots_make(&l->delivered, slots_mix(message_id, to), &made);
	before = !made && seen->qid != qid && at - seen->at < TWICE_S;
	seen->at = at;
	seen->qid = qid;
	return before;
}

/* A mail store of this host: by its program, or because it is on loopback. */
static bool
is_own_store(const struct maillog_event *ev)
{
	return !slice_is(ev->program, "smtp") ||
	    slice_find(ev->relay, "[127.") != NULL ||
	    slice_find(ev->relay, "[::1]") != NULL ||
	    slice_find(ev->relay, "[private/") != NULL;
}

/*
 * It failed after the end of the message.  Once says little; when it fails so
 * again, what was taken the first time is there twice.  A greylister's answer
 * is no fault.
 */
static bool
failed_at_end(struct ledger_message *m, const struct maillog_event *ev)
{
	enum maillog_end end = maillog_end_of_data(ev);

	if (end == MAILLOG_END_NO ||
	    (end == MAILLOG_END_REFUSED &&
	        (!is_own_store(ev) || slice_begins(ev->dsn, "4.7."))))
		return false;
	if (m->ends < MANY)
		m->ends++;
	return true;
}

static void
saved_twice(struct ledger *l, const struct maillog_event *ev)
{
	uint64_t to = slots_mix(slots_hash_name(ev->to), 1);
	uint64_t each = (uint64_t)l->counts.lines;

	/* Each line of the store is a delivery of its own. */
	if (reached_before(
	        l, slots_hash_slice(ev->message_id), to, each, ev->at))
		doubled(l, ev->message_id, ev->at, true,
		    "the mail store saved one Message-ID twice for one user");
}

void
ledger_doubled(
    struct ledger *l, struct ledger_message *m, const struct maillog_event *ev)
{
	uint64_t to;
	bool again;

	if (ev->kind == MAILLOG_SAVED) {
		saved_twice(l, ev);
		return;
	}
	again = m->ends > 0;
	if (failed_at_end(m, ev)) {
		if (again && !m->doubled)
			doubled(l, ev->qid, ev->at, false,
			    "the other side failed after the end of the "
			    "message, again and again");
		m->doubled = m->doubled || again;
	} else if (ev->status == MAILLOG_SENT && again && !m->doubled) {
		doubled(l, ev->qid, ev->at, false,
		    "sent again after the other side had failed at the end of "
		    "the message");
		m->doubled = true;
	}
	if (ev->status != MAILLOG_SENT || m->message_id == 0)
		return;
	to = slots_mix(slots_hash_name(ev->to), m->sender);
	if (ev->orig_to.n > 0)
		to = slots_mix(to, slots_hash_name(ev->orig_to));
	/* From one instance to the next it is delivered once by each. */
	if (ev->instance != 0)
		to = slots_mix(to, ev->instance);
	if (reached_before(l, m->message_id, to, m->slot.hash, ev->at) &&
	    !m->doubled) {
		doubled(l, ev->qid, ev->at, true,
		    "one Message-ID was delivered again to one recipient");
		m->doubled = true;
	}
}

void
ledger_set_filter(struct ledger *l, const char *content_filter)
{
	struct ledger_filter *f = &l->filter;
	const char *colon = strchr(content_filter, ':'), *port, *host;
	struct slice s;

	f->transport[0] = f->host[0] = f->port[0] = '\0';
	if (colon == NULL || colon == content_filter)
		return;
	s = (struct slice){ content_filter, (size_t)(colon - content_filter) };
	ledger_copy(f->transport, sizeof(f->transport), s);
	host = colon + 1;
	port = strrchr(host, ':');
	if (port == NULL || strchr(port, ']') != NULL || strchr(port, '/'))
		return;
	s = (struct slice){ host, (size_t)(port - host) };
	if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
		s.p++;
		s.n -= 2;
	}
	ledger_copy(f->host, sizeof(f->host), s);
	(void)snprintf(f->port, sizeof(f->port), "%.15s", port + 1);
}

/* "]:PORT" here, and no digit behind it. */
static bool
is_port(struct slice s, const char *port)
{
	size_t n = strlen(port);

	return s.n >= n + 2 && memcmp(s.p, "]:", 2) == 0 &&
	    memcmp(s.p + 2, port, n) == 0 &&
	    (s.n == n + 2 || s.p[n + 2] < '0' || s.p[n + 2] > '9');
}

/* "host[addr]:port", where host or addr is the filter's. */
static bool
is_relay(const struct ledger_filter *f, struct slice text)
{
	size_t n = strlen(f->host);
	const char *open = memchr(text.p, '[', text.n), *close;
	struct slice rest;

	if (open == NULL ||
	    (close = memchr(open, ']', (size_t)(text.p + text.n - open))) ==
	        NULL)
		return false;
	rest = (struct slice){ close, (size_t)(text.p + text.n - close) };
	if (!is_port(rest, f->port))
		return false;
	if ((size_t)(close - open - 1) == n &&
	    memcmp(open + 1, f->host, n) == 0)
		return true;
	return (size_t)(open - text.p) >= n &&
	    memcmp(open - n, f->host, n) == 0 &&
	    (open - n == text.p || open[-1 - (ptrdiff_t)n] == ' ');
}

static bool
is_filter(const struct ledger_filter *f, const struct maillog_event *ev)
{
	if (f->transport[0] == '\0')
		return false;
	if (f->host[0] == '\0')
		return slice_is(ev->relay, f->transport);
	return slice_is(ev->relay, "none") ? is_relay(f, ev->text)
	                                   : is_relay(f, ev->relay);
}

bool
ledger_filtered(struct ledger *l, const struct maillog_event *ev)
{
	struct ledger_filter *f = &l->filter;
	bool failed = ev->status == MAILLOG_DEFERRED ||
	    ev->status == MAILLOG_BOUNCED;

	if (!is_filter(f, ev))
		return false;
	f->tried = ledger_fade(f->tried, f->at, ev->at) + 1;
	f->failed = ledger_fade(f->failed, f->at, ev->at) + failed;
	f->wait_s = ledger_fade(f->wait_s, f->at, ev->at);
	f->busy_s = ledger_fade(f->busy_s, f->at, ev->at);
	if (ev->delays_ms[1] >= 0)
		f->wait_s += (double)ev->delays_ms[1] / 1000;
	if (ev->delays_ms[2] >= 0 && ev->delays_ms[3] >= 0)
		f->busy_s += (double)(ev->delays_ms[2] + ev->delays_ms[3]) /
		    1000;
	if (ev->at > f->at)
		f->at = ev->at;
	if (!failed) {
		f->ok_at = ev->at;
		return true;
	}
	f->failed_at = ev->at;
	ledger_reply_fold(ev->text, f->reply);
	return true;
}
