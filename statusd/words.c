#include "statusd/words.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)64 * 1024)
#define STILL_MAX 16

/* The worst level of what has the same words; one cause as if at "as". */
static enum level
level_in_words(const struct config *conf, const struct incident *in,
    const char *words, const struct incident_cause *other, enum level as)
{
	enum level worst = LEVEL_OK;

	for (size_t i = 0; i < in->n_causes; i++) {
		const struct incident_cause *c = &in->causes[i];
		enum level level = c == other ? as : c->level;

		if (incident_stands(level) && level > worst &&
		    strcmp(template_trouble(conf, c->check, c->subject),
		        words) == 0)
			worst = level;
	}
	return worst;
}

void
words_fold(const struct config *conf, const struct incident *in,
    struct incident_event *ev)
{
	const struct incident_cause *c = &in->causes[ev->cause];
	const char *words = template_trouble(conf, c->check, c->subject);
	enum level before = level_in_words(conf, in, words, c, ev->before);
	enum level after = level_in_words(conf, in, words, NULL, LEVEL_OK);

	if (ev->what != INCIDENT_JOINED && ev->what != INCIDENT_LEVEL &&
	    ev->what != INCIDENT_CLEARED)
		return;
	ev->before = before;
	if (before == after)
		ev->what = INCIDENT_NOTHING;
	else if (!incident_stands(after))
		ev->what = INCIDENT_CLEARED;
	else if (incident_stands(before) || ev->what != INCIDENT_JOINED)
		ev->what = INCIDENT_LEVEL;
}

void
words_begin(struct words *w)
{
	w->first = NULL;
	w->n = 0;
	buf_init(&w->body, BODY_MAX);
}

void
words_free(struct words *w)
{
	buf_free(&w->body);
}

/* Whether the public may see the check's value. */
static bool
number_is_public(const struct config *c, const char *check)
{
	if (strcmp(check, "queue") == 0 || strcmp(check, "stuck") == 0)
		return (c->public & CONFIG_PUBLIC_QUEUE) != 0;
	if (strcmp(check, "disk") == 0)
		return (c->public & CONFIG_PUBLIC_DISK) != 0;
	return false;
}

/* How long it takes is told of where delays or queues are. */
static bool
eta_is_public(const struct config *c)
{
	return (c->public & (CONFIG_PUBLIC_DELAY | CONFIG_PUBLIC_QUEUE)) != 0;
}

static bool
is_draft(const struct words *w, const struct incident_cause *c)
{
	return config_publish_of(w->config, w->system, c->check).how ==
	    CONFIG_PUBLISH_DRAFT;
}

/* What of the incident still stands, each in its words, none twice. */
static size_t
list_still(const struct words *w, const char *still[STILL_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < w->in->n_causes && n < STILL_MAX; i++) {
		const struct incident_cause *c = &w->in->causes[i];
		const char *words = is_draft(w, c)
		    ? template_trouble(w->config, "", "")
		    : template_trouble(w->config, c->check, c->subject);
		bool known = !incident_stands(c->level);

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(still[k], words) == 0;
		if (!known)
			still[n++] = words;
	}
	return n;
}

/* The cause that the thread was opened for, as far as its title tells. */
static const struct incident_cause *
cause_of_title(const struct words *w)
{
	const char *bare = strstr(w->title, ": ");

	for (size_t i = 0; bare != NULL && i < w->in->n_causes; i++) {
		const struct incident_cause *c = &w->in->causes[i];

		if (strcmp(template_trouble(w->config, c->check, c->subject),
		        bare + 2) == 0)
			return c;
	}
	return &w->in->causes[0];
}

void
words_add(struct words *w, const struct incident_event *ev)
{
	const struct incident_cause *c = &w->in->causes[ev->cause];
	const char *still[STILL_MAX];
	struct template_case t = { .what = ev->what,
		.config = w->config,
		.system = w->system->code,
		.role = w->system->role,
		.city = w->system->city,
		.now = w->now,
		.before = ev->before,
		.value = c->value,
		.since = w->now,
		.still = still };

	if (ev->what == INCIDENT_RESOLVED && is_draft(w, c))
		c = cause_of_title(w);
	t.check = c->check;
	t.subject = c->subject;
	t.level = level_in_words(w->config, w->in,
	    template_trouble(w->config, c->check, c->subject), NULL, LEVEL_OK);
	t.has_number = number_is_public(w->config, c->check);
	t.eta = c->eta > w->now && eta_is_public(w->config) ? c->eta : 0;
	t.n_still = list_still(w, still);
	/* Of a silent system the value is when it last reported. */
	if (strcmp(c->check, INCIDENT_SILENCE) == 0)
		t.since = (int64_t)c->value;
	if (w->n++ == 0)
		w->first = c;
	else
		buf_char(&w->body, '\n');
	template_body(&w->body, &t);
}

int
words_end(struct words *w, struct store_entry *en, struct err *e)
{
	bool ends = en->kind == MODEL_RESOLUTION;
	const struct incident_cause *c = ends ? cause_of_title(w) : w->first;

	en->body = buf_take(&w->body);
	if (en->body == NULL ||
	    asprintf(&en->title, "%s: %s", w->system->code,
	        ends ? template_over(w->config, c->check, c->subject)
	             : template_trouble(w->config, c->check, c->subject)) ==
	        -1) {
		en->title = NULL;
		return err_set(e, "no memory");
	}
	return 0;
}
