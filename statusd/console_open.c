/* What the operator begins: an incident, a post, planned work. */
#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"
#include "statusd/post.h"
#include "statusd/store_fault.h"
#include "statusd/typed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int
console_text(struct visit *v, const char *name, struct buf *b)
{
	struct err e;

	buf_init(b, TYPED_TEXT_MAX);
	/* Browsers end lines by CR LF. */
	for (const char *p = form_get(&v->form, name); *p != '\0'; p++) {
		if (*p != '\r')
			buf_char(b, *p);
	}
	if (b->bad)
		(void)err_set(&e, "the text is longer than %zu KiB",
		    TYPED_TEXT_MAX / 1024);
	else if (typed_text(b, &e) == 0)
		return 0;
	(void)snprintf(v->said, sizeof(v->said), "%s", e.text);
	return -1;
}

bool
console_finish(struct visit *v, int rc, struct err *e)
{
	if (rc == 0 && store_commit(v->store, e) == 0)
		return true;
	store_rollback(v->store);
	if (rc == 1)
		(void)snprintf(v->said, sizeof(v->said),
		    "Nothing was done: %.400s", e->text);
	else
		console_fault(v, e);
	return false;
}

static void
system_field(struct visit *v)
{
	const struct config *c = v->c->config;
	const struct config_system *sys = c->systems.items;
	struct html *h = &v->page.h;

	html_start(h, "label", NULL);
	html_text(h, "System");
	html_start(h, "select", "name", "system", NULL);
	for (size_t i = 0; i < c->systems.n; i++)
		html_element(h, "option", sys[i].code, "value", sys[i].code,
		    "selected",
		    strcmp(form_get(&v->form, "system"), sys[i].code) == 0
		        ? ""
		        : NULL,
		    NULL);
	html_end(h, "select");
	html_end(h, "label");
}

static void
line_field(
    struct visit *v, const char *label, const char *name, const char *type)
{
	struct html *h = &v->page.h;

	html_start(h, "label", NULL);
	html_text(h, label);
	html_start(h, "input", "name", name, "type", type, "required", "",
	    "maxlength", "200", "value", form_get(&v->form, name), NULL);
	html_end(h, "label");
}

static void
text_field(struct visit *v)
{
	struct html *h = &v->page.h;

	html_start(h, "label", NULL);
	html_text(h, "Text (Markdown)");
	html_element(h, "textarea", form_get(&v->form, "text"), "name", "text",
	    "rows", "5", "maxlength", "60000", "required", "", NULL);
	html_end(h, "label");
}

void
open_page(struct visit *v)
{
	struct html *h = &v->page.h;

	frame_begin(v, "New post");
	html_element(h, "h2", "An incident, or a plain post", NULL);
	frame_form(v, "open", "tall");
	system_field(v);
	html_start(h, "label", NULL);
	html_text(h, "What it is");
	html_start(h, "select", "name", "what", NULL);
	html_element(h, "option", "incident, minor", "value", "minor", NULL);
	html_element(h, "option", "incident, major", "value", "major", NULL);
	html_element(
	    h, "option", "incident, critical", "value", "critical", NULL);
	html_element(h, "option", "plain post", "value", "post", NULL);
	html_end(h, "select");
	html_end(h, "label");
	line_field(v, "Title", "title", "text");
	text_field(v);
	frame_button(v, NULL, "Publish it");
	html_end(h, "form");
	html_element(h, "h2", "Planned work", NULL);
	frame_form(v, "maintenance", "tall");
	system_field(v);
	line_field(v, "From (UTC)", "from", "datetime-local");
	line_field(v, "Until (UTC)", "until", "datetime-local");
	line_field(v, "Title", "title", "text");
	text_field(v);
	frame_button(v, NULL, "Announce it");
	html_end(h, "form");
	frame_end(v);
}

static int
publish(struct visit *v, struct post_text *t, int64_t *id_r, struct err *e)
{
	int rc = post_open(v->store, t, v->call->now, id_r, e);

	return rc == 0 ? console_claim(v, *id_r, t->title, t->body, e) : rc;
}

/* With t->kind, impact and times set. */
static void
begin(struct visit *v, struct post_text *t)
{
	const char *system = form_get(&v->form, "system");
	struct buf text;
	struct err e = { "" };
	char path[64];
	int64_t id = 0;
	bool done = false;

	t->systems = &system;
	t->n_systems = t->n_named = 1;
	t->title = form_get(&v->form, "title");
	if (console_text(v, "text", &text) == -1)
		goto out;
	t->body = buf_text(&text);
	if (config_find_system(v->c->config, system) == NULL)
		(void)err_set(&e, "there is no such system");
	else if (t->body[0] == '\0')
		(void)err_set(&e, "the text is empty");
	else if (typed_title(t->title, &e) == 0) {
		if (console_store(v) == NULL)
			goto answered;
		done = store_begin(v->store, &e) == 0 &&
		    console_finish(v, publish(v, t, &id, &e), &e);
	}
	if (!done && v->said[0] == '\0')
		(void)snprintf(v->said, sizeof(v->said),
		    "Nothing was done: %.400s", e.text);
out:
	if (done) {
		console_note(v, "opened %" PRId64 ": %.200s", id, t->title);
		(void)snprintf(path, sizeof(path), "incident/%" PRId64, id);
		frame_go(v, path);
	} else {
		v->reply->status = 422;
		open_page(v);
	}
answered:
	buf_free(&text);
}

void
open_act(struct visit *v)
{
	const char *what = form_get(&v->form, "what");
	struct post_text t = { .kind = MODEL_INCIDENT,
		.impact = MODEL_IMPACT_MINOR };

	if (strcmp(what, "post") == 0)
		t = (struct post_text){ .kind = MODEL_POST };
	else if (strcmp(what, "major") == 0)
		t.impact = MODEL_IMPACT_MAJOR;
	else if (strcmp(what, "critical") == 0)
		t.impact = MODEL_IMPACT_CRITICAL;
	begin(v, &t);
}

/* "2026-03-19T14:00", with seconds or without, as browsers send it. */
static int
read_time(const char *typed, int64_t *at_r)
{
	char text[CLOCK_RFC3339_SIZE];

	if (strlen(typed) != 16 && strlen(typed) != 19)
		return -1;
	(void)snprintf(text, sizeof(text), "%.19s%sZ", typed,
	    strlen(typed) == 16 ? ":00" : "");
	return clock_parse_rfc3339(text, at_r);
}

void
planned_act(struct visit *v)
{
	struct post_text t = { .kind = MODEL_PLANNED };

	if (read_time(form_get(&v->form, "from"), &t.planned_from) == 0 &&
	    read_time(form_get(&v->form, "until"), &t.planned_until) == 0 &&
	    t.planned_until > t.planned_from &&
	    t.planned_until > v->call->now) {
		begin(v, &t);
		return;
	}
	(void)snprintf(v->said, sizeof(v->said),
	    "Nothing was done: planned work has a beginning and an end behind "
	    "it, and the end is not past.");
	v->reply->status = 422;
	open_page(v);
}

void
silence_act(struct visit *v)
{
	const char *system = form_get(&v->form, "system");
	struct err e;

	if (config_find_system(v->c->config, system) == NULL) {
		frame_say(v, 404, "There is no such system");
		return;
	}
	if (console_store(v) == NULL)
		return;
	if (store_begin(v->store, &e) == -1) {
		console_fault(v, &e);
	} else if (console_finish(v,
	               store_faults_ack(v->store, system, v->call->now, &e),
	               &e)) {
		console_note(v, "acknowledged %s", system);
		frame_go(v, "");
		return;
	}
	v->reply->status = 503;
	front_page(v);
}
