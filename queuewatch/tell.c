#include "queuewatch/tell.h"

#include "lib/alert.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
change_free(struct tell_change *c)
{
	if (c != NULL)
		free(c->subject);
	free(c);
}

/* A new one at the end; the oldest goes where there is no room. */
static struct tell_change *
change_new(struct tell *t, const char *check, const char *subject)
{
	struct tell_change *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->subject = strdup(subject)) == NULL) {
		change_free(c);
		return NULL;
	}
	(void)snprintf(c->check, sizeof(c->check), "%s", check);
	if (t->n == TELL_MOST) {
		change_free(t->items[0]);
		memmove(&t->items[0], &t->items[1],
		    (TELL_MOST - 1) * sizeof(t->items[0]));
		t->n--;
	}
	t->items[t->n++] = c;
	return c;
}

void
tell_note(
    struct tell *t, struct findings *fs, int64_t seq, int64_t now, int64_t due)
{
	struct tell_change *c;
	size_t i;

	for (i = 0; i < fs->n; i++) {
		struct finding *f = fs->items[i];
		enum level level = f->rule.level, was = f->told;

		if (f->rule.since == 0 || level == LEVEL_UNKNOWN ||
		    level == was)
			continue;
		f->told = level;
		if ((level < LEVEL_WARNING && was < LEVEL_WARNING &&
		        level != LEVEL_NOTICE && was != LEVEL_NOTICE) ||
		    (strcmp(f->check, "queue") == 0 && f->subject[0] != '\0'))
			continue;
		c = change_new(t, f->check, f->subject);
		if (c == NULL)
			continue;
		c->level = level;
		c->was = was;
		c->since = f->rule.since;
		c->number = ++f->told_times;
		c->seq = seq;
		c->at = now;
		c->due = due;
		(void)snprintf(
		    c->summary, sizeof(c->summary), "%s", f->summary);
	}
}

static void
drop(struct tell *t, size_t i)
{
	change_free(t->items[i]);
	t->n--;
	memmove(
	    &t->items[i], &t->items[i + 1], (t->n - i) * sizeof(t->items[0]));
}

void
tell_accepted(struct tell *t, int64_t seq)
{
	size_t i = 0;

	while (i < t->n) {
		if (t->items[i]->seq <= seq)
			drop(t, i);
		else
			i++;
	}
}

/* What this target hears of it; -1: nothing. */
static int
event_for(const struct tell_change *c, enum level target)
{
	bool is = level_rank(c->level) >= level_rank(target);
	bool was = level_rank(c->was) >= level_rank(target);

	if (is)
		return was ? ALERT_CHANGE : ALERT_OPEN;
	return was ? ALERT_RESOLVED : -1;
}

static void
hand_over(const struct tell_change *c, const struct config *cfg,
    const struct config_alert *target, struct outbox *o)
{
	int event = event_for(c, (enum level)target->level);
	char title[FINDING_SUMMARY + 200], text[FINDING_SUMMARY + 600];
	char key[1400];
	struct alert_message m = { .level = c->level,
		.system = cfg->system,
		.title = title,
		.text = text,
		.url = cfg->status_url,
		.dedup_key = key,
		.thread = "",
		.at = c->at };
	struct err e;

	if (event == -1)
		return;
	m.event = (enum alert_event)event;
	(void)snprintf(title, sizeof(title), "%s: %s%s%s: %s%s", cfg->system,
	    c->check, c->subject[0] != '\0' ? " " : "", c->subject,
	    event == ALERT_RESOLVED ? "back to normal: " : "", c->summary);
	(void)snprintf(text, sizeof(text),
	    "%s\n\nLevel: %s (before: %s).\nSent by queuewatch on %s itself: "
	    "%s.",
	    c->summary, level_word(c->level), level_word(c->was), cfg->system,
	    cfg->status_url[0] != '\0'
	        ? "the status host does not take its reports"
	        : "there is no status host");
	(void)snprintf(key, sizeof(key), "%s/%s:%s/%lld/%lld", cfg->system,
	    c->check, c->subject, (long long)c->since, (long long)c->number);
	if (outbox_add(o, target->name, &m, &e) == -1)
		log_error("alert \"%s\": %s", target->name, e.text);
}

void
tell_due(
    struct tell *t, const struct config *cfg, struct outbox *o, int64_t now)
{
	const struct config_alert *targets = cfg->alerts.items;
	size_t i = 0, j;

	while (i < t->n) {
		if (t->items[i]->due > now) {
			i++;
			continue;
		}
		for (j = 0; j < cfg->alerts.n; j++)
			hand_over(t->items[i], cfg, &targets[j], o);
		drop(t, i);
	}
}

int64_t
tell_next(const struct tell *t)
{
	int64_t next = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (next == 0 || t->items[i]->due < next)
			next = t->items[i]->due;
	}
	return next;
}

void
tell_free(struct tell *t)
{
	while (t->n > 0)
		drop(t, t->n - 1);
}

json_t *
tell_save(const struct tell *t)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct tell_change *c = t->items[i];

		(void)json_array_append_new(a,
		    json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, "
		              "s:s}",
		        "check", c->check, "subject", c->subject, "level",
		        level_word(c->level), "was", level_word(c->was),
		        "since", (json_int_t)c->since, "number",
		        (json_int_t)c->number, "seq", (json_int_t)c->seq, "at",
		        (json_int_t)c->at, "due", (json_int_t)c->due, "summary",
		        c->summary));
	}
	return a;
}

static int64_t
number(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

void
tell_load(struct tell *t, const json_t *saved)
{
	const char *check, *subject, *level, *was, *summary;
	struct tell_change *c;
	size_t i;

	for (i = 0; i < json_array_size(saved); i++) {
		json_t *o = json_array_get(saved, i);

		if (json_unpack(o, "{s:s, s:s, s:s, s:s, s:s}", "check", &check,
		        "subject", &subject, "level", &level, "was", &was,
		        "summary", &summary) == -1)
			continue;
		c = change_new(t, check, subject);
		if (c == NULL)
			return;
		(void)level_parse(level, &c->level);
		(void)level_parse(was, &c->was);
		(void)snprintf(c->summary, sizeof(c->summary), "%s", summary);
		c->since = number(o, "since");
		c->number = number(o, "number");
		c->seq = number(o, "seq");
		c->at = number(o, "at");
		c->due = number(o, "due");
	}
}
