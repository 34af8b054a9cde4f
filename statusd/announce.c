#include "statusd/announce.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/post.h"
#include "statusd/store_report.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"
#include "statusd/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
announce_begin(struct announce *a, struct err *e)
{
	int muted = store_in_maintenance(a->store, a->system->code, a->now, e);

	if (muted == -1)
		return -1;
	a->muted = muted == 1;
	a->events = NULL;
	a->n_events = 0;
	return store_incidents_load(
	    a->store, a->system->code, a->now, &a->set, e);
}

void
announce_end(struct announce *a)
{
	free(a->events);
	incident_set_free(&a->set);
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
	        template_trouble(a->config, c->check, c->subject)) == -1)
		t.title = NULL;
	if (t.prefix == NULL || t.title == NULL)
		(void)err_set(e, "no memory");
	else
		rc = store_thread_add(a->store, &t, &code, 1, e);
	in->id = t.id;
	store_thread_free(&t);
	return rc;
}

static int
keep_causes(struct announce *a, struct err *e)
{
	for (size_t i = 0; i < a->set.n; i++) {
		struct incident *in = &a->set.items[i];
		struct store_cause_of of = { in->id, a->system->code };

		if (in->calm.changed &&
		    store_calm_put(a->store, in->id, &in->calm, e) == -1)
			return -1;
		in->calm.changed = false;
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

static int
remember(struct announce *a, const struct incident_event *ev, struct err *e)
{
	struct incident_event *p = reallocarray(
	    a->events, a->n_events + 1, sizeof(*p));

	if (p == NULL)
		return err_set(e, "no memory");
	a->events = p;
	p[a->n_events++] = *ev;
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
	words_fold(a->config, in, &ev);
	if (ev.what == INCIDENT_JOINED_QUIETLY || ev.what == INCIDENT_NOTHING ||
	    ev.what == INCIDENT_QUIETLY)
		return 0;
	return remember(a, &ev, e);
}

int
announce_clock(struct announce *a, struct err *e)
{
	struct incident_event ev;

	for (;;) {
		incident_due(&a->set, a->now, &ev);
		if (ev.what == INCIDENT_NOTHING)
			return keep_causes(a, e);
		if (remember(a, &ev, e) == -1)
			return -1;
	}
}

int
announce_forgotten(struct announce *a, int64_t after_s, struct err *e)
{
	struct store_forgotten f;
	int rc;

	while ((rc = store_finding_forgotten(
	            a->store, a->system->code, after_s, &f, e)) == 1) {
		const struct incident_finding over = { .check = f.check,
			.subject = f.subject,
			.level = LEVEL_OK };

		if (announce_finding(a, &over, "", e) == -1 ||
		    store_finding_drop(a->store, a->system->code, &f, e) == -1)
			return -1;
	}
	return rc;
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
	case INCIDENT_REOPENED:
		return MODEL_INVESTIGATING;
	case INCIDENT_LEVEL:
	case INCIDENT_JOINED:
	case INCIDENT_CLEARED:
		if (is_critical(in))
			return ev->known || status == MODEL_IDENTIFIED
			    ? MODEL_IDENTIFIED
			    : MODEL_INVESTIGATING;
		return ev->what == INCIDENT_LEVEL ? MODEL_MONITORING : status;
	case INCIDENT_FALLING:
	case INCIDENT_WELL:
	case INCIDENT_HELD:
		return MODEL_MONITORING;
	case INCIDENT_RESOLVED:
		return MODEL_RESOLVED;
	case INCIDENT_NOTHING:
	case INCIDENT_JOINED_QUIETLY:
	case INCIDENT_QUIETLY:
		break;
	}
	return status;
}

/*
 * When what happened becomes public: now, later, or when the operator says so
 * (0).  -1: it is not to be told at all.
 */
static int64_t
publish_time(const struct announce *a, const struct store_thread *t,
    const struct incident_event *ev)
{
	const struct incident_cause *c =
	    &a->set.items[ev->incident].causes[ev->cause];
	struct config_publish p = config_publish_of(
	    a->config, a->system, c->check);
	bool ends = ev->what == INCIDENT_RESOLVED || ev->what == INCIDENT_WELL;
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

/* What of the incident's events is published at "at", as one entry. */
static int
say_at(struct announce *a, const struct store_thread *t, size_t incident,
    int64_t at, struct err *e)
{
	const struct incident *in = &a->set.items[incident];
	struct store_entry en = { .thread = t->id,
		.kind = t->resolved_at != 0 ? MODEL_RESOLUTION : MODEL_UPDATE,
		.status = t->status,
		.created_at = a->now,
		.publish_at = at };
	struct words w = { .config = a->config,
		.system = a->system,
		.in = in,
		.title = t->title,
		.now = a->now };
	int rc = -1;

	words_begin(&w);
	for (size_t i = 0; i < a->n_events; i++) {
		const struct incident_event *ev = &a->events[i];

		if (ev->incident != incident || publish_time(a, t, ev) != at)
			continue;
		if (ev->what == INCIDENT_OPENED)
			en.kind = MODEL_OPENING;
		words_add(&w, ev);
	}
	if (w.n == 0) {
		rc = 0;
		goto out;
	}
	if (words_end(&w, &en, e) == 0 &&
	    store_entry_add(a->store, &en, e) == 0)
		rc = at == 0 || at > a->now
		    ? 0
		    : post_publish(a->store, en.id, a->now, e);
out:
	words_free(&w);
	store_entry_free(&en);
	return rc;
}

/*
 * One entry for each time: what waits is written first, so that it is dropped
 * where something else opens the thread to the public now.
 */
static int
say_all(struct announce *a, const struct store_thread *t, size_t incident,
    struct err *e)
{
	int64_t later = 0;

	if (say_at(a, t, incident, 0, e) == -1)
		return -1;
	for (;;) {
		int64_t next = 0;

		for (size_t i = 0; i < a->n_events; i++) {
			int64_t at = a->events[i].incident == incident
			    ? publish_time(a, t, &a->events[i])
			    : 0;

			if (at > a->now && at > later &&
			    (next == 0 || at < next))
				next = at;
		}
		if (next == 0)
			break;
		if (say_at(a, t, incident, next, e) == -1)
			return -1;
		later = next;
	}
	return say_at(a, t, incident, a->now, e);
}

/* A thread's status and end, and what is said about it. */
static int
tell(struct announce *a, size_t incident, struct err *e)
{
	const struct incident *in = &a->set.items[incident];
	struct store_thread t;
	int rc = store_thread_get(a->store, in->id, &t, e);

	if (rc != 1)
		return rc == 0 ? err_set(e, "a thread is missing") : -1;
	for (size_t i = 0; i < a->n_events; i++) {
		if (a->events[i].incident == incident)
			t.status = status_after(&a->events[i], in, t.status);
	}
	t.resolved_at = in->resolved_at;
	rc = store_thread_put(a->store, &t, in->posted_at, e);
	/* Over before anybody was told: then there is nothing to tell. */
	if (rc == 0)
		rc = t.resolved_at != 0 && t.published_at == 0
		    ? store_entries_drop(a->store, t.id, 0, e)
		    : say_all(a, &t, incident, e);
	store_thread_free(&t);
	return rc;
}

int
announce_say(struct announce *a, struct err *e)
{
	for (size_t i = 0; i < a->set.n; i++) {
		bool spoken_of = false;

		for (size_t k = 0; k < a->n_events; k++)
			spoken_of = spoken_of || a->events[k].incident == i;
		if (spoken_of && tell(a, i, e) == -1)
			return -1;
	}
	return 0;
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
