/* The first page: what is wrong, what can be done about it. */
#include "lib/buf.h"
#include "lib/level.h"
#include "statusd/config.h"
#include "statusd/console_inner.h"
#include "statusd/incident.h"
#include "statusd/store_console.h"
#include "statusd/store_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES_MOST 50
#define ORDERS_MOST 8
#define FORGOTTEN_S 3600

static void
thread_line(struct visit *v, const struct store_line *l)
{
	struct html *h = &v->page.h;
	char path[64];

	html_start(h, "li", NULL);
	page_minute(&v->page, l->opened_at);
	html_start(h, "span", NULL);
	(void)snprintf(path, sizeof(path), "incident/%" PRId64, l->id);
	frame_link(v, path, l->title);
	html_text(h, " ");
	if (l->waits)
		page_chip(&v->page, "warn",
		    l->published ? "an entry waits" : "not public yet");
	else
		page_chip(&v->page, "work", model_status_word(l->status));
	html_end(h, "span");
	html_end(h, "li");
	html_newline(h);
}

static void
threads(struct visit *v)
{
	struct store_line lines[LINES_MOST];
	struct html *h = &v->page.h;
	struct err e;
	size_t n = 0;

	html_element(h, "h2", "Incidents", NULL);
	if (store_lines_open(v->store, lines, LINES_MOST, &n, &e) == -1) {
		html_element(h, "p", e.text, NULL);
		return;
	}
	if (n == 0) {
		html_element(h, "p", "None is open, and no draft waits.", NULL);
		return;
	}
	html_start(h, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < n; i++)
		thread_line(v, &lines[i]);
	html_end(h, "ul");
}

/* What the operator should see; "remedy": whether the last one helped. */
static bool
is_shown(const struct store_finding *f)
{
	return incident_stands(f->level) || f->level == LEVEL_UNKNOWN;
}

static size_t
count_shown(const struct store_findings *all, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		n += is_shown(&all->items[i]) &&
		    all->items[i].seen_at >= now - FORGOTTEN_S;
	return n;
}

static void
finding(struct visit *v, const struct store_finding *f)
{
	struct html *h = &v->page.h;

	html_start(h, "li", NULL);
	page_minute(&v->page, f->began_at != 0 ? f->began_at : f->changed_at);
	html_start(h, "span", NULL);
	frame_level(v, f->level);
	html_text(h, " ");
	html_element(h, "b", f->check, NULL);
	html_text(h, " ");
	html_element(h, "bdi", f->subject, NULL);
	html_start(h, "br", NULL);
	html_element(h, "bdi", f->summary, NULL);
	html_end(h, "span");
	html_end(h, "li");
	html_newline(h);
}

static void
heading(struct visit *v, const struct config_system *sys)
{
	struct html *h = &v->page.h;
	struct store_reporter r = { 0 };
	struct err e;

	html_start(h, "h2", NULL);
	html_text(h, sys->code);
	if (sys->role[0] != '\0')
		html_textf(h, ": %s", sys->role);
	html_end(h, "h2");
	html_start(h, "p", "class", "more", NULL);
	if (store_reporter_get(v->store, sys->code, &r, &e) == 1) {
		html_text(h, "Last report at ");
		page_second(&v->page, r.received_at);
	} else {
		html_text(h, "It has never reported");
	}
	html_text(h, ".");
	html_end(h, "p");
}

static void
one_system(struct visit *v, const struct config_system *sys,
    const struct store_findings *all, size_t shown)
{
	struct html *h = &v->page.h;

	html_start(h, "section", NULL);
	heading(v, sys);
	if (shown > 0) {
		html_start(h, "ul", "class", "lines", NULL);
		for (size_t i = 0; i < all->n; i++) {
			if (is_shown(&all->items[i]) &&
			    all->items[i].seen_at >= v->call->now - FORGOTTEN_S)
				finding(v, &all->items[i]);
		}
		html_end(h, "ul");
		frame_form(v, "silence", NULL);
		frame_hidden(v, "system", sys->code);
		frame_button(v, "quiet", "I know of it: no reminders");
		html_end(h, "form");
	} else {
		html_element(
		    h, "p", "Nothing is wrong that it knows of.", NULL);
	}
	order_forms(v, sys->code, shown > 0);
	html_end(h, "section");
	html_newline(h);
}

/* Those with trouble first. */
static void
systems(struct visit *v)
{
	const struct config *c = v->c->config;
	const struct config_system *sys = c->systems.items;
	struct err e;

	for (int well = 0; well <= 1; well++) {
		for (size_t i = 0; i < c->systems.n; i++) {
			struct store_findings all;
			size_t shown;

			if (!sys[i].reports ||
			    store_findings_load(
			        v->store, sys[i].code, &all, &e) == -1)
				continue;
			shown = count_shown(&all, v->call->now);
			if ((shown == 0) == (well == 1))
				one_system(v, &sys[i], &all, shown);
			store_findings_free(&all);
		}
	}
}

void
front_page(struct visit *v)
{
	if (console_store(v) == NULL)
		return;
	frame_begin(v, "Console");
	threads(v);
	systems(v);
	order_list(v, NULL, ORDERS_MOST);
	frame_end(v);
}

#define NOTES_MOST 200

void
log_page(struct visit *v)
{
	struct vault_note *notes = calloc(NOTES_MOST, sizeof(*notes));
	struct html *h = &v->page.h;
	struct err e;
	size_t n = 0;

	if (notes != NULL &&
	    vault_notes_list(v->c->vault, notes, NOTES_MOST, &n, &e) == -1)
		console_fault(v, &e);
	frame_begin(v, "Log");
	html_element(h, "p", "Who did what here, the newest first.", NULL);
	html_start(h, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < n; i++) {
		html_start(h, "li", NULL);
		page_second(&v->page, notes[i].at);
		html_start(h, "span", NULL);
		html_textf(h, "%s (%s): ",
		    notes[i].who[0] != '\0' ? notes[i].who : "nobody",
		    notes[i].from);
		html_element(h, "bdi", notes[i].what, NULL);
		html_end(h, "span");
		html_end(h, "li");
	}
	html_end(h, "ul");
	free(notes);
	frame_end(v);
}
