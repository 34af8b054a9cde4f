/* An incident or a post: what was said, what is to be said. */
#include "lib/buf.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"
#include "statusd/post.h"
#include "statusd/say.h"
#include "statusd/store_console.h"
#include "statusd/store_thread.h"
#include "statusd/typed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
	[MODEL_OPENING] = "Opening",
	[MODEL_UPDATE] = "Update",
	[MODEL_NOTE] = "Note",
	[MODEL_RESOLUTION] = "Resolved",
};

/* A number; 0: it is none. */
static int64_t
id_of(const char *word)
{
	char *end;
	long long id;

	if (word[0] < '0' || word[0] > '9')
		return 0;
	errno = 0;
	id = strtoll(word, &end, 10);
	return errno == 0 && *end == '\0' ? id : 0;
}

static void
show_said(void *ctx, const struct store_said *s)
{
	struct visit *v = ctx;
	struct html *h = &v->page.h;

	html_start(h, "div", "class", "entry", NULL);
	html_start(h, "p", "class", "label", NULL);
	if (s->number > 0)
		html_textf(h, "%s %d, ", kinds[s->kind], s->number);
	else
		html_textf(h, "%s, ", kinds[s->kind]);
	page_second(&v->page, s->at);
	if (!s->published) {
		html_text(h, " ");
		page_chip(&v->page, "warn",
		    s->publish_at == 0 ? "draft" : "not public yet");
	}
	html_end(h, "p");
	html_element(h, "pre", s->body, NULL);
	html_end(h, "div");
	html_newline(h);
}

struct standing {
	struct visit *v;
	size_t n;
};

static void
show_standing(void *ctx, const char *what)
{
	struct standing *s = ctx;
	struct html *h = &s->v->page.h;

	if (s->n++ == 0)
		html_start(h, "ul", NULL);
	html_start(h, "li", NULL);
	html_element(h, "bdi", what, NULL);
	html_end(h, "li");
}

static void
standing(struct visit *v, const struct store_line *l)
{
	struct html *h = &v->page.h;
	struct standing s = { .v = v };
	struct err e;

	html_element(h, "h2", "What still stands", NULL);
	(void)store_standing_each(v->store, l->id, show_standing, &s, &e);
	if (s.n > 0)
		html_end(h, "ul");
	else
		html_element(h, "p", "Nothing that the reports know of.", NULL);
}

static void
show_evidence(void *ctx, int64_t at, const char *what)
{
	struct visit *v = ctx;

	html_start(&v->page.h, "li", NULL);
	page_second(&v->page, at);
	html_element(&v->page.h, "code", what, NULL);
	html_end(&v->page.h, "li");
}

/* What was typed stays where it could not be done. */
static void
text_field(struct visit *v, const char *verb, const char *label, bool required)
{
	bool mine = v->call->post && strstr(v->call->path, verb) != NULL;
	struct html *h = &v->page.h;

	html_start(h, "label", NULL);
	html_text(h, label);
	html_element(h, "textarea", mine ? form_get(&v->form, "text") : "",
	    "name", "text", "rows", "4", "maxlength", "60000", "required",
	    required ? "" : NULL, NULL);
	html_end(h, "label");
}

static void
form(struct visit *v, const struct store_line *l, const char *verb)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "incident/%s", verb);
	frame_form(v, path, "tall");
	(void)snprintf(path, sizeof(path), "%" PRId64, l->id);
	frame_hidden(v, "id", path);
}

static void
form_end(struct visit *v, const char *style, const char *button)
{
	frame_button(v, style, button);
	html_end(&v->page.h, "form");
	html_newline(&v->page.h);
}

static void
status_field(struct visit *v, const struct store_line *l)
{
	static const enum model_status words[] = { MODEL_INVESTIGATING,
		MODEL_IDENTIFIED, MODEL_MONITORING };
	struct html *h = &v->page.h;

	html_start(h, "label", NULL);
	html_text(h, "Status");
	html_start(h, "select", "name", "status", NULL);
	html_element(h, "option", "as it is", "value", "", NULL);
	for (size_t i = 0; i < 3; i++) {
		if (words[i] != l->status)
			html_element(h, "option", model_status_word(words[i]),
			    "value", model_status_word(words[i]), NULL);
	}
	html_end(h, "select");
	html_end(h, "label");
}

static void
forms(struct visit *v, const struct store_line *l)
{
	struct html *h = &v->page.h;
	bool open = l->kind == MODEL_INCIDENT && l->status < MODEL_RESOLVED;

	if (l->waits) {
		form(v, l, "publish");
		form_end(v, NULL, "Publish what waits");
		form(v, l, "drop");
		form_end(v, "quiet", "Give it up: it is never shown");
	}
	html_element(h, "h2", "Say something", NULL);
	form(v, l, "update");
	text_field(v, "update", "Update (Markdown)", true);
	if (open)
		status_field(v, l);
	form_end(v, NULL, "Post the update");
	if (open) {
		form(v, l, "resolve");
		text_field(v, "resolve", "It is over: what to say", false);
		form_end(v, NULL, "Resolve it");
	}
	form(v, l, "note");
	text_field(v, "note", "A note inside the post", true);
	form_end(v, "quiet", "Add the note");
	if (open && l->acked_at == 0) {
		form(v, l, "ack");
		form_end(v, "quiet", "I know of it: no reminders");
	}
}

static void
content(struct visit *v, const struct store_line *l)
{
	struct html *h = &v->page.h;
	struct err e;

	html_start(h, "p", "class", "facts", NULL);
	page_chip(&v->page, l->status == MODEL_RESOLVED ? "ok" : "work",
	    l->kind == MODEL_POST ? "post" : model_status_word(l->status));
	page_second(&v->page, l->opened_at);
	if (!l->published)
		page_chip(&v->page, "warn", "not public");
	html_end(h, "p");
	if (l->kind == MODEL_INCIDENT)
		standing(v, l);
	html_element(h, "h2", "What was said", NULL);
	(void)store_said_each(v->store, l->id, show_said, v, &e);
	forms(v, l);
	html_start(h, "details", NULL);
	html_element(h, "summary", "Evidence, never shown to others", NULL);
	html_start(h, "ul", "class", "lines", NULL);
	(void)store_evidence_each(v->store, l->id, show_evidence, v, &e);
	html_end(h, "ul");
	html_end(h, "details");
}

void
thread_page(struct visit *v, const char *id)
{
	struct store_line l;
	struct err e;
	int rc;

	if (console_store(v) == NULL)
		return;
	rc = store_line_get(v->store, id_of(id), &l, &e);
	if (rc == -1)
		console_fault(v, &e);
	if (rc != 1) {
		frame_say(v, rc == 0 ? 404 : 503,
		    rc == 0 ? "There is no such incident" : "Incidents");
		return;
	}
	frame_begin(v, l.title);
	content(v, &l);
	frame_end(v);
}

static int
status_of(const char *word)
{
	for (int i = MODEL_INVESTIGATING; i <= MODEL_MONITORING; i++) {
		if (strcmp(word, model_status_word((enum model_status)i)) == 0)
			return i;
	}
	return -1;
}

/* update, note, resolve */
static int
add(struct visit *v, int64_t id, const char *verb, struct err *e)
{
	struct post_addition a = { .thread = id,
		.kind = strcmp(verb, "note") == 0  ? MODEL_NOTE
		    : strcmp(verb, "resolve") == 0 ? MODEL_RESOLUTION
		                                   : MODEL_UPDATE,
		.status = -1 };
	struct buf text;
	int rc = 1;

	if (console_text(v, "text", &text) == 0) {
		a.body = buf_text(&text);
		if (a.kind == MODEL_UPDATE)
			a.status = status_of(form_get(&v->form, "status"));
		if (a.body[0] == '\0' && a.kind == MODEL_RESOLUTION)
			a.body = say(SAY_THIS_IS_RESOLVED);
		if (a.body[0] != '\0')
			rc = post_add(v->store, &a, v->call->now, e);
		else
			(void)err_set(e, "the text is empty");
	} else {
		(void)err_set(e, "%s", v->said);
	}
	if (rc == 0 && a.kind != MODEL_NOTE)
		rc = console_claim(v, id,
		    a.kind == MODEL_RESOLUTION ? "resolved" : "", a.body, e);
	buf_free(&text);
	return rc;
}

static int
act(struct visit *v, int64_t id, const char *verb, struct err *e)
{
	if (strcmp(verb, "publish") == 0)
		return post_publish_draft(v->store, id, v->call->now, e);
	if (strcmp(verb, "drop") == 0)
		return post_drop_draft(v->store, id, e);
	if (strcmp(verb, "ack") == 0)
		return store_ack(v->store, id, v->call->now, e);
	return add(v, id, verb, e);
}

static bool
is_verb(const char *verb)
{
	static const char *const verbs[] = { "update", "note", "resolve",
		"publish", "drop", "ack", NULL };

	for (size_t i = 0; verbs[i] != NULL; i++) {
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	}
	return false;
}

void
thread_act(struct visit *v, const char *verb)
{
	int64_t id = id_of(form_get(&v->form, "id"));
	char path[64], word[32];
	struct err e;

	if (!is_verb(verb)) {
		frame_say(v, 404, "There is no such form");
		return;
	}
	if (console_store(v) == NULL)
		return;
	(void)snprintf(word, sizeof(word), "%" PRId64, id);
	if (store_begin(v->store, &e) == -1) {
		console_fault(v, &e);
	} else if (console_finish(v, act(v, id, verb, &e), &e)) {
		console_note(v, "%s of %" PRId64, verb, id);
		(void)snprintf(path, sizeof(path), "incident/%s", word);
		frame_go(v, path);
		return;
	}
	v->reply->status = 422;
	thread_page(v, word);
}
