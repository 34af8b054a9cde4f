#include "statusd/announce.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/post.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)64 * 1024)
#define STILL_MAX 16

int
announce_begin(struct announce *a, struct err *e)
{
	return store_incidents_load(
	    a->store, a->system->code, a->now, &a->set, e);
}

void
announce_end(struct announce *a)
{
	incident_set_free(&a->set);
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

/* What of the incident still stands, each in its words, none twice. */
static size_t
list_still(const struct incident *in, const char *still[STILL_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < in->n_causes && n < STILL_MAX; i++) {
		const struct incident_cause *c = &in->causes[i];
		const char *words = template_trouble(c->check, c->subject);
		bool known = !incident_stands(c->level);

		for (size_t k = 0; k < n; k++)
			known = known || strcmp(still[k], words) == 0;
		if (!known)
			still[n++] = words;
	}
	return n;
}

/*
 * The worst level of what has the same words for the public: three queues that
 * fill are one trouble to who reads of them.
 */
static enum level
level_in_words(const struct incident *in, const char *words)
{
	enum level worst = LEVEL_OK;

	for (size_t i = 0; i < in->n_causes; i++) {
		const struct incident_cause *c = &in->causes[i];

		if (incident_stands(c->level) && c->level > worst &&
		    template_trouble(c->check, c->subject) == words)
			worst = c->level;
	}
	return worst;
}

/*
 * Turn what happened to a cause into what happened to its words; nothing where
 * these stand as they did.
 */
static void
fold(const struct announce *a, struct incident_event *ev)
{
	const struct incident *in = &a->set.items[ev->incident];
	struct incident_cause *c = &in->causes[ev->cause];
	const char *words = template_trouble(c->check, c->subject);
	enum level is = c->level, after = level_in_words(in, words), before;

	if (ev->what != INCIDENT_JOINED && ev->what != INCIDENT_LEVEL &&
	    ev->what != INCIDENT_CLEARED)
		return;
	c->level = ev->before;
	before = level_in_words(in, words);
	c->level = is;
	ev->before = before;
	if (before == after)
		ev->what = INCIDENT_NOTHING;
	else if (!incident_stands(after))
		ev->what = INCIDENT_CLEARED;
	else if (!incident_stands(before) && ev->what == INCIDENT_JOINED)
		ev->what = INCIDENT_JOINED;
	else
		ev->what = INCIDENT_LEVEL;
}

static bool
is_critical(const struct incident *in)
{
	for (size_t i = 0; i < in->n_causes; i++) {
		if (in->causes[i].level == LEVEL_CRITICAL)
			return true;
	}
	return false;
}

static enum model_status
status_after(const struct incident_event *ev, const struct incident *in,
    enum model_status status)
{
	switch (ev->what) {
	case INCIDENT_OPENED:
	case INCIDENT_JOINED:
	case INCIDENT_REOPENED:
		return MODEL_INVESTIGATING;
	case INCIDENT_LEVEL:
		return is_critical(in) ? MODEL_INVESTIGATING : MODEL_MONITORING;
	case INCIDENT_FALLING:
	case INCIDENT_WELL:
		return MODEL_MONITORING;
	case INCIDENT_RESOLVED:
		return MODEL_RESOLVED;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
	case INCIDENT_CLEARED:
		break;
	}
	return status;
}

/* A thread for an incident that has none yet. */
static int
add_thread(struct announce *a, struct incident *in, struct err *e)
{
	const struct incident_cause *c = &in->causes[0];
	const char *code = a->system->code;
	bool silence = strcmp(c->check, INCIDENT_SILENCE) == 0;
	struct store_thread t = { .kind = MODEL_INCIDENT,
		.status = MODEL_INVESTIGATING,
		.impact = silence ? MODEL_IMPACT_MINOR : MODEL_IMPACT_MAJOR,
		.opened_at = in->opened_at };
	int rc = -1;

	t.prefix = strdup(code);
	if (asprintf(&t.title, "%s: %s", code,
	        template_trouble(c->check, c->subject)) == -1)
		t.title = NULL;
	if (t.prefix == NULL || t.title == NULL)
		(void)err_set(e, "no memory");
	else
		rc = store_thread_add(a->store, &t, &code, 1, e);
	in->id = t.id;
	store_thread_free(&t);
	return rc;
}

/* Title and body of what is to be said. */
static int
compose(const struct announce *a, const struct incident_event *ev,
    struct store_entry *en, struct err *e)
{
	const struct incident *in = &a->set.items[ev->incident];
	const struct incident_cause *c = &in->causes[ev->cause];
	const char *still[STILL_MAX];
	struct template_case t = {
		.what = ev->what,
		.check = c->check,
		.subject = c->subject,
		.level = level_in_words(
		    in, template_trouble(c->check, c->subject)),
		.before = ev->before,
		.has_number = number_is_public(a->config, c->check),
		.value = c->value,
		.since = a->now,
		.still = still,
	};
	bool over = ev->what == INCIDENT_RESOLVED;
	struct buf b;

	t.n_still = list_still(in, still);
	/* Of a silent system the value is when it last reported. */
	if (strcmp(c->check, INCIDENT_SILENCE) == 0)
		t.since = (int64_t)c->value;
	buf_init(&b, BODY_MAX);
	template_body(&b, &t);
	en->body = buf_take(&b);
	if (en->body == NULL ||
	    asprintf(&en->title, "%s: %s", a->system->code,
	        over ? template_over(c->check, c->subject)
	             : template_trouble(c->check, c->subject)) == -1) {
		en->title = NULL;
		return err_set(e, "no memory");
	}
	return 0;
}

/*
 * When the entry becomes public: now, later, or when the operator says so
 * (0).  -1: it is not to be written at all.
 */
static int64_t
publish_time(const struct announce *a, const struct store_thread *t,
    const struct incident_event *ev, const struct incident_cause *c)
{
	struct config_publish p = config_publish_of(
	    a->config, a->system, c->check);
	bool ends = ev->what == INCIDENT_RESOLVED ||
	    ev->what == INCIDENT_CLEARED || ev->what == INCIDENT_WELL;
	bool begins = ev->what == INCIDENT_OPENED ||
	    ev->what == INCIDENT_JOINED || ev->what == INCIDENT_REOPENED ||
	    (ev->what == INCIDENT_LEVEL && c->level == LEVEL_CRITICAL);

	if (t->published_at != 0)
		return ends || p.how != CONFIG_PUBLISH_DRAFT ? a->now : 0;
	/* Nobody knows of it yet: how it goes on is no news. */
	if (!begins)
		return -1;
	switch (p.how) {
	case CONFIG_PUBLISH_AUTO:
		return a->now;
	case CONFIG_PUBLISH_AFTER:
		return a->now + p.after_s;
	case CONFIG_PUBLISH_DRAFT:
		break;
	}
	return 0;
}

static int
write_entry(struct announce *a, const struct store_thread *t,
    const struct incident_event *ev, struct err *e)
{
	const struct incident *in = &a->set.items[ev->incident];
	const struct incident_cause *c = &in->causes[ev->cause];
	int64_t at = publish_time(a, t, ev, c);
	struct store_entry en = { .thread = t->id,
		.kind = MODEL_UPDATE,
		.status = t->status,
		.created_at = a->now,
		.publish_at = at };
	int rc = -1;

	if (ev->what == INCIDENT_RESOLVED)
		en.kind = MODEL_RESOLUTION;
	else if (ev->what == INCIDENT_OPENED)
		en.kind = MODEL_OPENING;
	if (at == -1)
		return 0;
	if (compose(a, ev, &en, e) == 0 &&
	    store_entry_add(a->store, &en, e) == 0)
		rc = at == 0 || at > a->now
		    ? 0
		    : post_publish(a->store, en.id, a->now, e);
	store_entry_free(&en);
	return rc;
}

/* A thread's status, impact and end, and what is said about it. */
static int
tell(struct announce *a, const struct incident_event *ev, struct err *e)
{
	const struct incident *in = &a->set.items[ev->incident];
	struct store_thread t;
	int rc = store_thread_get(a->store, in->id, &t, e);

	if (rc != 1)
		return rc == 0 ? err_set(e, "a thread is missing") : -1;
	t.status = status_after(ev, in, t.status);
	t.resolved_at = in->resolved_at;
	rc = store_thread_put(a->store, &t, in->posted_at, e);
	if (rc == 0)
		rc = write_entry(a, &t, ev, e);
	/* Over before anybody was told: then there is nothing to tell. */
	if (rc == 0 && ev->what == INCIDENT_RESOLVED && t.published_at == 0)
		rc = store_entries_drop(a->store, t.id, 0, e);
	store_thread_free(&t);
	return rc;
}

static int
keep_causes(struct announce *a, struct err *e)
{
	for (size_t i = 0; i < a->set.n; i++) {
		struct incident *in = &a->set.items[i];
		struct store_cause_of of = { in->id, a->system->code };

		for (size_t k = 0; k < in->n_causes; k++) {
			struct incident_cause *c = &in->causes[k];

			if (!c->changed)
				continue;
			if (store_cause_put(a->store, &of, c, a->now, e) == -1)
				return -1;
			c->changed = false;
		}
	}
	return 0;
}

int
announce_finding(struct announce *a, const struct incident_finding *f,
    const char *evidence, struct err *e)
{
	struct incident_event ev;
	struct incident *in;

	if (incident_step(&a->set, f, a->now, &ev) == -1)
		return err_set(e, "no memory");
	if (ev.what == INCIDENT_NOTHING)
		return keep_causes(a, e);
	in = &a->set.items[ev.incident];
	if (in->id == 0 && add_thread(a, in, e) == -1)
		return -1;
	if (keep_causes(a, e) == -1)
		return -1;
	if (evidence[0] != '\0' &&
	    store_evidence_add(a->store, in->id, a->now, evidence, e) == -1)
		return -1;
	fold(a, &ev);
	if (ev.what == INCIDENT_JOINED_QUIETLY || ev.what == INCIDENT_NOTHING)
		return 0;
	return tell(a, &ev, e);
}

int
announce_due(struct store *s, int64_t now, struct err *e)
{
	int64_t id;
	int n = 0, rc;

	while ((rc = store_entry_due(s, now, &id, e)) == 1) {
		if (post_publish(s, id, now, e) == -1)
			return -1;
		n++;
	}
	return rc == -1 ? -1 : n;
}
