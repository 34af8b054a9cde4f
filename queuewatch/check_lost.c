#include "queuewatch/check_lost.h"

#define SEVERAL 3 /* messages of one domain */
#define NEWS_S 86400

static enum level
judge(const struct losses_view *v, int64_t window_s, int64_t now)
{
	enum level level = LEVEL_OK;
	size_t i;

	for (i = 0; i < v->n; i++) {
		if (v->items[i].messages < SEVERAL)
			continue;
		level = LEVEL_NOTICE;
		if (now - v->items[i].last - window_s < NEWS_S)
			return LEVEL_WARNING;
	}
	return level;
}

static json_t *
domains_json(const struct losses_view *v)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < v->n; i++)
		(void)json_array_append_new(a,
		    json_pack("{s:s, s:s, s:f, s:s}", "by", "sender", "name",
		        v->items[i].name, "share",
		        (double)v->items[i].messages / (double)v->messages,
		        "reason", "deferred, and never came back"));
	return json_pack(
	    "{s:I, s:o}", "domains", (json_int_t)v->domains, "causes", a);
}

void
lost_check(struct findings *fs, const struct losses_view *v, int64_t window_s,
    int64_t now)
{
	static const struct rule_policy at_once = { 1, 1 };
	struct finding *f;
	struct rule_sample s;

	if (v->state == LOSSES_NEW) {
		finding_keep(fs, "lost", "");
		return;
	}
	if (v->state == LOSSES_NONE) {
		findings_drop(fs, "lost", "");
		return;
	}
	f = finding_get(fs, "lost", "");
	if (f == NULL)
		return;
	if (v->state == LOSSES_FAULT) {
		(void)finding_unknown(f, now, v->why);
		return;
	}
	s.enter = s.leave = judge(v, window_s, now);
	(void)rule_feed(&f->rule, &at_once, &s, now);
	finding_value(f, (double)v->messages, "messages");
	if (v->messages == 0)
		finding_say(f, "No proven sender's mail was lost.");
	else
		finding_say(f,
		    "%zu message%s whose sender%s proven %s deferred and never "
		    "came back, the most of %.100s: %zu. \"greywl add "
		    "--from-lost\" lets a domain pass.",
		    v->messages, v->messages == 1 ? "" : "s",
		    v->messages == 1 ? " is" : "s are",
		    v->messages == 1 ? "was" : "were", v->items[0].name,
		    v->items[0].messages);
	finding_evidence(f, domains_json(v));
}
