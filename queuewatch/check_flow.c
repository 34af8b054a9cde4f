/* Where mail gets stuck: replies, destinations, the outside, the filter. */
#include "queuewatch/check_log.h"

#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define LATELY_S 900
#define NEW_BOUNCES 5 /* messages that a new reply bounced of late */
#define NEW_DEFERRALS 10 /* messages that wait because of it */
#define STILL_FAILING 0.45 /* share of a destination's last attempts */
#define LEAPT_NOW 0.7
#define LEAPT_USUAL 0.3
#define LEAPT_MESSAGES 9.5 /* of late; it fades */
#define OUTSIDE_LEAST 3 /* destinations */
#define OUTSIDE_MESSAGES 4.5 /* of late; it fades */
#define OUTSIDE_MANY 20 /* messages */
#define FILTER_SILENT_S 10
#define FILTER_LEAST 5
#define FILTER_WAIT_S 30
#define FILTER_BUSY_S 1

static json_t *
cause(const char *by, const char *name, double share, const char *reason)
{
	return json_pack("{s:s, s:s, s:f, s:s}", "by", by, "name", name,
	    "share", share, "reason", reason);
}

/* One cause that explains all of it. */
static void
say_cause(
    struct finding *f, const char *by, const char *name, const char *reason)
{
	finding_evidence(
	    f, json_pack("{s:[o]}", "causes", cause(by, name, 1, reason)));
}

/* Messages that a reply hits which nobody had seen a day ago. */
static double
news(const struct ledger *l, const struct ledger_reply *r, int64_t now)
{
	const struct ledger_destination *d = slots_of_id(
	    &l->destinations, r->destination);
	double n = ledger_fade(r->recent, r->at, now);

	if (now - r->first > DAY_S || d == NULL || d->now < STILL_FAILING)
		return 0;
	if (r->permanent)
		return n >= NEW_BOUNCES - 0.5 ? n : 0;
	return r->open >= NEW_DEFERRALS ? (double)r->open : 0;
}

static void
check_reply(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	const struct ledger_reply *r, *worst = NULL;
	const struct ledger_destination *d;
	double most = 0, n;
	struct finding *f;
	size_t i;

	for (i = 0; i < l->replies.n; i++) {
		r = slots_at(&l->replies, i);
		n = r != NULL ? news(l, r, v->now) : 0;
		if (n > most) {
			most = n;
			worst = r;
		}
	}
	f = log_finding(fs, v, "reply",
	    worst != NULL ? LEVEL_WARNING : LEVEL_OK, (double)(int64_t)most);
	if (f == NULL)
		return;
	if (worst == NULL) {
		finding_say(f, "No new reply hits many messages.");
		return;
	}
	d = slots_of_id(&l->destinations, worst->destination);
	finding_say(f,
	    "A reply never seen before %s %lld messages, for %.80s among "
	    "others: %s",
	    worst->permanent ? "bounced" : "holds up",
	    (long long)(worst->permanent ? worst->messages : worst->open),
	    d != NULL ? d->name : "?", worst->text);
	finding_evidence(f,
	    json_pack("{s:[o, o], s:s}", "causes",
	        cause("reason", worst->text, 1, worst->text),
	        cause("destination", d != NULL ? d->name : "?", 1, worst->text),
	        "example", worst->example));
}

static bool
has_leapt(const struct ledger_destination *d, int64_t now)
{
	return now - d->failed_at < LATELY_S && d->now >= LEAPT_NOW &&
	    d->usual <= LEAPT_USUAL &&
	    ledger_fade(d->failed, d->at, now) >= LEAPT_MESSAGES;
}

static void
check_destination(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	const struct ledger_destination *d, *worst = NULL;
	double most = 0, n;
	struct finding *f;
	size_t i;

	for (i = 0; i < l->destinations.n; i++) {
		d = slots_at(&l->destinations, i);
		if (d == NULL || !has_leapt(d, v->now))
			continue;
		n = ledger_fade(d->failed, d->at, v->now);
		if (n > most) {
			most = n;
			worst = d;
		}
	}
	f = log_finding(fs, v, "destination",
	    worst != NULL ? LEVEL_WARNING : LEVEL_OK, (double)(int64_t)most);
	if (f == NULL)
		return;
	if (worst == NULL) {
		finding_say(f, "No destination fails more than it used to.");
		return;
	}
	finding_say(f,
	    "Mail to %.80s fails: %.0f %% of late, usually %.0f %%: %s",
	    worst->name, worst->now * 100, worst->usual * 100, worst->reply);
	say_cause(f, "destination", worst->name, worst->reply);
}

struct outside {
	int works, fails;
	double messages;
	const struct ledger_destination *worst;
};

static void
look_outside(const struct ledger *l, int64_t now, struct outside *o)
{
	const struct ledger_destination *d;
	double n, most = 0;
	size_t i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < l->destinations.n; i++) {
		d = slots_at(&l->destinations, i);
		if (d == NULL || !d->outside)
			continue;
		if (d->now < LEAPT_NOW || d->answered) {
			o->works += now - d->ok_at < LATELY_S ||
			    (d->answered && now - d->failed_at < LATELY_S);
			continue;
		}
		n = ledger_fade(d->failed, d->at, now);
		if (now - d->failed_at >= LATELY_S || n < 0.5)
			continue;
		o->fails++;
		o->messages += n;
		if (n > most) {
			most = n;
			o->worst = d;
		}
	}
}

/* I9: within the server it works, to the outside it does not. */
static void
check_outside(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	enum level level = LEVEL_OK;
	struct outside o;
	struct finding *f;
	bool inside_works = v->now - l->inside_ok_at < LATELY_S &&
	    l->inside_failed_at <= l->inside_ok_at;

	look_outside(l, v->now, &o);
	if (inside_works && o.fails >= OUTSIDE_LEAST &&
	    o.messages >= OUTSIDE_MESSAGES && o.works == 0)
		level = o.messages >= OUTSIDE_MANY ? LEVEL_CRITICAL
		                                   : LEVEL_WARNING;
	f = log_finding(fs, v, "outside", level, (double)o.fails);
	if (f == NULL)
		return;
	if (level == LEVEL_OK) {
		finding_say(f, "%s",
		    o.works > 0 ? "Mail to the outside is taken."
		                : "Nothing says that the outside is cut off.");
		return;
	}
	finding_say(f,
	    "Mail within the server works, mail to the outside does not: none "
	    "of %d destinations takes any. The last answer: %s",
	    o.fails, o.worst->reply);
	say_cause(f, "destination", o.worst->name, o.worst->reply);
}

static void
filter_name(const struct ledger_filter *f, char *out, size_t size)
{
	if (f->host[0] == '\0')
		(void)snprintf(out, size, "%s", f->transport);
	else
		(void)snprintf(out, size, "%s:%s", f->host, f->port);
}

/* Why the filter is what mail waits for, into "why"; false: it is not. */
static bool
is_bottleneck(
    const struct log_view *v, const struct ledger *l, char *why, size_t size)
{
	const struct ledger_filter *f = &l->filter;
	double tried = ledger_fade(f->tried, f->at, v->now);
	double failed = ledger_fade(f->failed, f->at, v->now);
	int64_t silent = v->now - f->ok_at;

	if (f->transport[0] == '\0')
		return false;
	if (f->failed_at > f->ok_at && v->now - f->failed_at < LATELY_S &&
	    failed >= 2.5 && v->waiting >= FILTER_LEAST) {
		(void)snprintf(why, size, "it fails: %s", f->reply);
		return true;
	}
	if (v->active >= FILTER_LEAST && v->oldest_s >= FILTER_SILENT_S &&
	    silent >= FILTER_SILENT_S) {
		(void)snprintf(why, size,
		    "%lld messages wait and it has taken none for %lld s",
		    (long long)v->active,
		    (long long)(f->ok_at != 0 ? silent : v->oldest_s));
		return true;
	}
	if (v->active >= FILTER_LEAST && tried >= 3 && f->at != 0 &&
	    f->wait_s / f->tried >= FILTER_WAIT_S &&
	    f->busy_s / f->tried >= FILTER_BUSY_S) {
		(void)snprintf(why, size,
		    "mail waits %.0f s for it, and it takes %.1f s for each",
		    f->wait_s / f->tried, f->busy_s / f->tried);
		return failed < tried;
	}
	return false;
}

static enum level
filter_level(const struct log_view *v)
{
	const struct config_queue *q = &v->config->queue;

	if (v->waiting >= q->critical || v->oldest_s >= q->oldest_critical)
		return LEVEL_CRITICAL;
	return LEVEL_WARNING;
}

/* I7: mail waits before the content filter while destinations are well. */
static void
check_filter(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	char why[TEMPLATE_SIZE + 64], name[LEDGER_NAME + 20];
	struct outside o;
	struct finding *f;
	bool is;

	look_outside(l, v->now, &o);
	is = is_bottleneck(v, l, why, sizeof(why)) && o.fails <= o.works;
	f = log_finding(fs, v, "filter", is ? filter_level(v) : LEVEL_OK,
	    is ? (double)v->waiting : 0);
	if (f == NULL)
		return;
	filter_name(&l->filter, name, sizeof(name));
	if (!is) {
		finding_say(f, "%s",
		    l->filter.transport[0] == '\0'
		        ? "No content filter is configured."
		        : "The content filter keeps up.");
		return;
	}
	finding_say(f,
	    "Mail waits before the content filter %s while destinations are "
	    "well: %s.",
	    name, why);
	say_cause(f, "filter", name, why);
}

void
flow_check(
    struct findings *fs, const struct log_view *v, const struct ledger *l)
{
	check_reply(fs, v, l);
	check_destination(fs, v, l);
	check_outside(fs, v, l);
	check_filter(fs, v, l);
}
