#include "queuewatch/check_canary.h"

#include "lib/duration.h"

#include <stdio.h>
#include <string.h>

#define CRITICAL_TIMES 3 /* the warning time, where nothing is said */
#define REFUSED_LEAST 2 /* in a row, before it counts */

static int64_t
critical_ms(const struct config_canary *c)
{
	return 1000 *
	    (c->critical != 0 ? c->critical : CRITICAL_TIMES * c->warning);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* Since when something is waited for; 0: nothing is. */
static int64_t
waits_since(const struct canary_leg *l)
{
	int64_t since = earlier(l->lost_ms, l->refused_ms);

	return earlier(since, l->n > 0 ? l->under_way[0].sent_ms : 0);
}

static enum level
judge(const struct config_canary *c, const struct canary_leg *l, int64_t now_ms)
{
	int64_t since = waits_since(l);
	int64_t age_ms = since != 0 && now_ms > since ? now_ms - since : 0;

	if (age_ms >= critical_ms(c))
		return LEVEL_CRITICAL;
	if (age_ms >= c->warning * 1000 || l->refused >= REFUSED_LEAST ||
	    l->twice || (l->back_ms != 0 && l->delay_ms >= c->warning * 1000))
		return LEVEL_WARNING;
	return LEVEL_OK;
}

static void
say(struct finding *f, const struct config_canary *c,
    const struct canary_view *v)
{
	const struct canary_leg *l = v->leg;
	int64_t since = waits_since(l);
	char text[DURATION_SIZE];

	if (l->twice)
		finding_say(f,
		    "%s: a probe message came twice: a loop, or mail is "
		    "delivered twice; none is sent for an hour.",
		    c->name);
	else if (l->refused >= REFUSED_LEAST)
		finding_say(f, "%s: probe messages are not taken: %s.", c->name,
		    l->send_fault);
	else if (since != 0 && v->now_ms - since >= c->warning * 1000)
		finding_say(f, "%s: no probe message has come back for %s%s.",
		    c->name, duration_text((v->now_ms - since) / 1000, text),
		    l->lost > 0 ? ", some were given up" : "");
	else if (l->delay_ms < 10000)
		finding_say(f, "%s: a probe message came back after %.2g s.",
		    c->name, (double)l->delay_ms / 1000);
	else
		finding_say(f, "%s: a probe message came back after %s.",
		    c->name, duration_text(l->delay_ms / 1000, text));
}

/* Why nothing can be said; NULL: something can. */
static const char *
nothing_known(const struct config_canary *c, const struct canary_view *v,
    char *why, size_t size)
{
	if (!v->begun)
		return "This check has not run since the start.";
	if (v->leg->read_fault[0] != '\0') {
		(void)snprintf(why, size, "%.100s: %.40s cannot be read: %s.",
		    c->name, c->read, v->leg->read_fault);
		return why;
	}
	if (v->leg->back_ms == 0 && judge(c, v->leg, v->now_ms) == LEVEL_OK) {
		(void)snprintf(why, size,
		    "%.100s: its first probe message is under way.", c->name);
		return why;
	}
	return NULL;
}

void
canary_check(struct findings *fs, const struct config_canary *c,
    const struct canary_view *v)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f = finding_get(fs, "canary", c->name);
	const struct canary_leg *l = v->leg;
	enum level level = judge(c, l, v->now_ms);
	struct rule_sample s = { level, level };
	char text[400];
	const char *why;

	if (f == NULL)
		return;
	why = nothing_known(c, v, text, sizeof(text));
	if (why != NULL) {
		(void)finding_unknown(f, v->now_ms / 1000, why);
		return;
	}
	(void)rule_feed(&f->rule, &at_once, &s, v->now_ms / 1000);
	say(f, c, v);
	if (l->back_ms != 0)
		finding_value(f, (double)l->delay_ms / 1000, "s");
	finding_evidence(f,
	    json_pack("{s:I, s:I, s:I, s:f}", "under_way", (json_int_t)l->n,
	        "lost", (json_int_t)l->lost, "refused", (json_int_t)l->refused,
	        "delay_s", (double)l->delay_ms / 1000));
}

/* "within, in": the names of those that are well, or of those that are not. */
static void
list_legs(const struct findings *fs, const struct config *c, bool well,
    char *out, size_t size)
{
	const struct config_canary *k = c->canaries.items;
	size_t i, n = 0;

	out[0] = '\0';
	for (i = 0; i < c->canaries.n; i++) {
		const struct finding *f = finding_look(fs, "canary", k[i].name);

		if (f == NULL || f->rule.level == LEVEL_UNKNOWN ||
		    (f->rule.level < LEVEL_WARNING) != well)
			continue;
		n += (size_t)snprintf(
		    out + n, size - n, "%s%s", n > 0 ? ", " : "", k[i].name);
		if (n >= size)
			return;
	}
}

void
canary_compare(struct findings *fs, const struct config *c)
{
	const struct config_canary *k = c->canaries.items;
	char well[150], ill[150];
	size_t i;

	if (c->canaries.n < 2)
		return;
	list_legs(fs, c, true, well, sizeof(well));
	list_legs(fs, c, false, ill, sizeof(ill));
	for (i = 0; i < c->canaries.n; i++) {
		struct finding *f = finding_look(fs, "canary", k[i].name);

		if (f == NULL || f->rule.level < LEVEL_WARNING ||
		    f->rule.level == LEVEL_UNKNOWN)
			continue;
		finding_say(f, " Works: %s. Does not: %s.",
		    well[0] != '\0' ? well : "none", ill);
	}
}
