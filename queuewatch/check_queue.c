#include "queuewatch/check_queue.h"

#include "lib/clock.h"
#include "lib/duration.h"
#include "queuewatch/cause.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LEAVE 0.8 /* of a limit, where its level is left */
#define TREND_MS (2 * 60 * 1000)
#define TREND_LEAST 4
#define DRAIN_FARTHEST_S (7.0 * 86400)
#define SAID_SHARE 0.3 /* a smaller cause is in the evidence alone */

/* One subject's figures, whether of a queue or of the sum. */
struct figures {
	const char *name; /* "" is the sum */
	int64_t messages;
	int64_t oldest, oldest_waiting; /* Unix seconds; 0: none */
	int64_t ages[SCAN_AGES];
	bool judged; /* what is on hold waits by somebody's will */
};

const char *
queue_subject(const char *instance, const char *queue, char out[QUEUE_SUBJECT])
{
	bool both = instance != NULL && queue[0] != '\0';

	(void)snprintf(out, QUEUE_SUBJECT, "%s%s%s", queue, both ? ":" : "",
	    instance != NULL ? instance : "");
	return out;
}

static bool
is_waiting(int queue)
{
	return queue == SCAN_INCOMING || queue == SCAN_ACTIVE ||
	    queue == SCAN_DEFERRED;
}

int64_t
queue_sum(const struct scan_result *scan)
{
	int64_t sum = 0;
	int q;

	for (q = 0; q < SCAN_QUEUES; q++) {
		if (!is_waiting(q))
			continue;
		if (scan->queue[q].fault != 0)
			return -1;
		sum += scan->queue[q].messages;
	}
	return sum;
}

static void
older(int64_t *t, int64_t other)
{
	if (other != 0 && (*t == 0 || other < *t))
		*t = other;
}

static void
add_up(struct figures *sum, const struct scan_result *scan)
{
	int q, bin;

	memset(sum, 0, sizeof(*sum));
	sum->name = "";
	sum->judged = true;
	for (q = 0; q < SCAN_QUEUES; q++) {
		const struct scan_count *c = &scan->queue[q];

		if (!is_waiting(q))
			continue;
		sum->messages += c->messages;
		older(&sum->oldest, c->oldest);
		older(&sum->oldest_waiting, c->oldest_waiting);
		for (bin = 0; bin < SCAN_AGES; bin++)
			sum->ages[bin] += c->ages[bin];
	}
}

static int64_t
age(int64_t now, int64_t then)
{
	return then == 0 || then > now ? 0 : now - then;
}

static struct rule_sample
judge(struct finding *f, const struct queue_view *v, const struct figures *g)
{
	const struct config_queue *q = &v->config->queue;
	double w = (double)q->warning, c = (double)q->critical;
	const struct rule_limits limits = { w, w * LEAVE, c, c * LEAVE };
	const struct rule_growth growth = { w / 5 > 10 ? w / 5 : 10, w };
	const struct rule_limits oldest = { (double)q->oldest_warning,
		(double)q->oldest_warning * LEAVE, (double)q->oldest_critical,
		(double)q->oldest_critical * LEAVE };
	double n = (double)g->messages;
	struct rule_limits now = rule_arrived(
	    &f->arrival[0], n, &limits, &growth);
	struct rule_sample s = rule_value(n, &now), other;

	other = rule_value((double)age(v->now, g->oldest_waiting), &oldest);
	rule_worse(&s, &other);
	if (rule_found(&f->arrival[0], n, &limits)) {
		other.enter = other.leave = LEVEL_NOTICE;
		rule_worse(&s, &other);
	}
	return s;
}

/* Messages a minute; negative: it falls.  Whether that can be said. */
static bool
change_per_min(const struct trend *t, int64_t now_ms, double *per_min_r)
{
	double per_s;

	if (!trend_slope(&t->fine, now_ms - TREND_MS, TREND_LEAST, &per_s))
		return false;
	*per_min_r = per_s * 60;
	return true;
}

/* Seconds until it is empty at this rate; 0: it does not fall. */
static int64_t
drain_s(const struct figures *g, double per_min)
{
	double s;

	if (g->messages == 0 || per_min > -1)
		return 0;
	s = (double)g->messages / -per_min * 60;
	return s < DRAIN_FARTHEST_S ? (int64_t)s + 1 : 0;
}

static void
say_trend(struct finding *f, const struct figures *g, double per_min)
{
	char text[DURATION_SIZE];
	int64_t s = drain_s(g, per_min);

	if (s > 0)
		finding_say(f, "; falling, empty in %s",
		    duration_text(s < 60 ? s : (s + 30) / 60 * 60, text));
	else if (per_min >= 1)
		finding_say(f, "; growing by %.0f a minute", per_min);
}

/* What most of it is, where that explains something. */
static void
say_causes(struct finding *f, const struct queue_view *v, json_t *o)
{
	static const char *const words[CAUSE_KINDS] = {
		[CAUSE_DESTINATION] = "is mail to",
		[CAUSE_SASL] = "was sent by the login",
		[CAUSE_FILTER] = "waits before the filter"
	};
	const struct cause *c;
	size_t i;

	if (v->causes == NULL || f->rule.level < LEVEL_WARNING ||
	    f->rule.level == LEVEL_UNKNOWN)
		return;
	for (i = 0; i < v->causes->n; i++) {
		c = &v->causes->items[i];
		if (c->row.share < SAID_SHARE || words[c->by] == NULL ||
		    (c->by == CAUSE_SASL && c->row.reason[0] == '\0'))
			continue;
		finding_say(f, "; %.0f %% of what came %s %.80s%s%s%s",
		    c->row.share * 100, words[c->by], c->row.name,
		    c->row.reason[0] != '\0' ? " (" : "", c->row.reason,
		    c->row.reason[0] != '\0' ? ")" : "");
		break;
	}
	(void)json_object_set_new(o, "causes", causes_json(v->causes));
}

static void
say(struct finding *f, const struct queue_view *v, const struct figures *g,
    const struct trend *trend)
{
	char text[DURATION_SIZE], at[CLOCK_RFC3339_SIZE];
	json_t *o = json_object(), *ages = json_array();
	double per_min = 0;
	int64_t s;
	int bin;

	finding_say(f, "%lld message%s %s%s%s%s%s", (long long)g->messages,
	    g->messages == 1 ? "" : "s",
	    strcmp(g->name, "hold") == 0 ? "on hold"
	        : g->messages == 1       ? "waits"
	                                 : "wait",
	    g->name[0] != '\0' && g->judged ? " in " : "",
	    g->judged ? g->name : "", v->instance != NULL ? " of " : "",
	    v->instance != NULL ? v->instance : "");
	if (g->oldest != 0)
		finding_say(f, ", the oldest for %s",
		    duration_text(age(v->now, g->oldest), text));
	if (change_per_min(trend, v->now_ms, &per_min)) {
		say_trend(f, g, per_min);
		(void)json_object_set_new(
		    o, "change_per_min", json_real(per_min));
	}
	if (f->rule.level == LEVEL_NOTICE)
		finding_say(f, "; found on arrival");
	say_causes(f, v, o);
	finding_say(f, ".");
	s = drain_s(g, per_min);
	if (s > 0)
		(void)json_object_set_new(
		    o, "empty_at", json_string(clock_rfc3339(v->now + s, at)));
	if (f->arrival[0].base > 0)
		(void)json_object_set_new(o, "found_on_arrival",
		    json_integer((json_int_t)f->arrival[0].base));
	(void)json_object_set_new(
	    o, "oldest_s", json_integer(age(v->now, g->oldest)));
	(void)json_object_set_new(o, "oldest_waiting_s",
	    json_integer(age(v->now, g->oldest_waiting)));
	for (bin = 0; bin < SCAN_AGES; bin++)
		(void)json_array_append_new(ages, json_integer(g->ages[bin]));
	(void)json_object_set_new(o, "ages", ages);
	finding_evidence(f, o);
}

static struct finding *
find(struct findings *fs, const struct queue_view *v, const char *queue)
{
	char subject[QUEUE_SUBJECT];

	return finding_get(
	    fs, "queue", queue_subject(v->instance, queue, subject));
}

static void
check_one(struct findings *fs, const struct queue_view *v,
    const struct figures *g, struct trend *trend)
{
	struct finding *f = find(fs, v, g->name);
	struct rule_sample s = { LEVEL_OK, LEVEL_OK };

	trend_add(trend, v->now_ms, (double)g->messages);
	if (f == NULL)
		return;
	if (g->judged)
		s = judge(f, v, g);
	(void)rule_feed(&f->rule, v->policy, &s, v->now);
	finding_value(f, (double)g->messages, "messages");
	say(f, v, g, trend);
}

static void
one_unknown(struct findings *fs, const struct queue_view *v,
    const char *subject, const char *why)
{
	struct finding *f = find(fs, v, subject);

	if (f != NULL)
		(void)finding_unknown(f, v->now, why);
}

static const char *
why_not(const struct scan_result *scan, int q, char *out, size_t size)
{
	int fault = scan->queue[q].fault;

	if (fault == EACCES || fault == EPERM)
		(void)snprintf(out, size,
		    "There is no right to look at the queue %s.",
		    scan_queue_names[q]);
	else
		(void)snprintf(out, size, "The queue %s cannot be listed: %s.",
		    scan_queue_names[q], strerror(fault));
	return out;
}

void
queue_check(struct findings *fs, const struct queue_view *v,
    const struct scan_result *scan)
{
	struct figures g;
	char why[128];
	int q, bad = -1;

	for (q = 0; q < SCAN_QUEUES; q++) {
		const struct scan_count *c = &scan->queue[q];

		if (c->fault != 0) {
			one_unknown(fs, v, scan_queue_names[q],
			    why_not(scan, q, why, sizeof(why)));
			if (is_waiting(q))
				bad = q;
			continue;
		}
		g = (struct figures){ .name = scan_queue_names[q],
			.messages = c->messages,
			.oldest = c->oldest,
			.oldest_waiting = c->oldest_waiting,
			.judged = q != SCAN_HOLD };
		memcpy(g.ages, c->ages, sizeof(g.ages));
		check_one(fs, v, &g, &v->trends[q]);
	}
	if (bad != -1) {
		one_unknown(fs, v, "", why_not(scan, bad, why, sizeof(why)));
		return;
	}
	add_up(&g, scan);
	check_one(fs, v, &g, &v->trends[SCAN_QUEUES]);
}

void
queue_check_unknown(
    struct findings *fs, const struct queue_view *v, const char *why)
{
	struct finding *f = finding_get(
	    fs, "stuck", v->instance != NULL ? v->instance : "");
	int q;

	for (q = 0; q < SCAN_QUEUES; q++)
		one_unknown(fs, v, scan_queue_names[q], why);
	one_unknown(fs, v, "", why);
	if (f != NULL)
		(void)finding_unknown(f, v->now, why);
}
