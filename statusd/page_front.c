#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/chart.h"
#include "statusd/flags.h"
#include "statusd/page_parts.h"

#include <stdio.h>
#include <string.h>

/* Posts in full until the page has grown to this, at most so many. */
#define FULL_UNTIL ((size_t)30 * 1024)
#define FULL_MAX 8
/* Lines of days until the page has grown to this; so many days at least. */
#define STRIPS_UNTIL ((size_t)22 * 1024)
#define STRIP_LEAST 2
/* Titles behind them. */
#define LINES_MAX 10

static const struct page_head head = {
	.title = "", .path = "", .lives = SAY_LIVES_FRONT
};

static void
summary(struct page *p)
{
	struct html *h = &p->h;
	const struct page_slot at = { .name = "time", .second = p->written };
	const struct page_slot again = {
		.name = "link", .path = "", .text = say(SAY_LOAD_AGAIN)
	};
	enum model_state state = view_overall(p->site);
	char class[48], ref[48];
	struct buf detail;

	(void)snprintf(
	    class, sizeof(class), "summary %s", view_state_style(state));
	(void)snprintf(ref, sizeof(ref), "#mark-%s", view_state_style(state));
	buf_init(&detail, 4096);
	view_detail(p->site, &detail);
	html_start(
	    h, "section", "class", class, "aria-labelledby", "overall", NULL);
	html_start(h, "svg", "class", "mark", "aria-hidden", "true", NULL);
	html_element(h, "use", "", "href", ref, NULL);
	html_end(h, "svg");
	html_start(h, "div", NULL);
	html_element(h, "h1", view_headline(p->site), "id", "overall", NULL);
	html_element(h, "p", buf_text(&detail), NULL);
	html_start(h, "p", "class", "asof", NULL);
	page_say(p, SAY_AS_OF, &at, 1);
	html_end(h, "p");
	html_start(h, "p", "class", "aged", NULL);
	page_say(p, SAY_AGED, &again, 1);
	html_end(h, "p");
	html_end(h, "div");
	html_end(h, "section");
	html_newline(h);
	buf_free(&detail);
}

static void
open_thread(struct page *p, const struct model_thread *t)
{
	struct html *h = &p->h;
	char path[PAGE_PATH_SIZE], class[48];

	(void)page_thread_path(t, path);
	(void)snprintf(class, sizeof(class), "open %s", view_status_style(t));
	html_start(h, "article", "class", class, NULL);
	html_start(h, "h3", NULL);
	page_link(p, path, t->title);
	html_end(h, "h3");
	page_thread_facts(p, t);
	page_promise(p, t);
	if (t->kind == MODEL_INCIDENT)
		page_newest_entry(p, t, 4);
	html_end(h, "article");
	html_newline(h);
}

static void
open_threads(
    struct page *p, enum model_kind kind, const char *id, const char *heading)
{
	struct html *h = &p->h;
	size_t n = 0;

	for (size_t i = 0; i < p->site->n_threads; i++) {
		const struct model_thread *t = &p->site->threads[i];

		if (t->kind != kind || !model_thread_open(t))
			continue;
		if (n++ == 0) {
			html_start(h, "section", "aria-labelledby", id, NULL);
			html_element(h, "h2", heading, "id", id, NULL);
		}
		open_thread(p, t);
	}
	if (n > 0)
		html_end(h, "section");
}

static void
cell(struct page *p, const char *class, const char *label)
{
	html_start(&p->h, "td", "class", class, "data-label", label, NULL);
}

static void
state_cells(struct page *p, const struct model_system *s)
{
	static const enum say answers[] = {
		[MODEL_NOT_ASKED] = SAY_NONE,
		[MODEL_ANSWERS] = SAY_YES,
		[MODEL_SILENT] = SAY_NO,
	};
	struct html *h = &p->h;
	char at[VIEW_TIME_SIZE];

	cell(p, "state", NULL);
	if (s->internal)
		page_chip(p, "inside", say(SAY_STATE_INTERNAL));
	else
		page_chip(
		    p, view_state_style(s->state), view_state_word(s->state));
	html_end(h, "td");
	if (s->internal || s->answers == MODEL_NOT_ASKED)
		cell(p, "answers none", NULL);
	else
		cell(p, "answers", say(SAY_ANSWERS));
	html_text(h, say(s->internal ? SAY_NONE : answers[s->answers]));
	html_end(h, "td");
	cell(p, s->internal ? "verified none" : "verified",
	    say(SAY_LAST_VERIFIED));
	if (s->internal)
		html_text(h, say(SAY_NONE));
	else if (s->last_verified == 0)
		html_text(h, say(SAY_NEVER));
	else
		page_time_as(p, s->last_verified,
		    view_verified(s->last_verified, p->written, at));
	html_end(h, "td");
}

static void
glance_row(struct page *p, const struct model_system *s)
{
	struct html *h = &p->h;
	char path[PAGE_PATH_SIZE];
	struct buf place;

	buf_init(&place, 1024);
	view_place(s, &place);
	html_start(h, "tr", NULL);
	cell(p, "where", NULL);
	flags_use(h, s->country);
	html_end(h, "td");
	html_start(h, "th", "scope", "row", NULL);
	if (s->internal)
		html_text(h, s->code);
	else
		page_link(p, page_system_path(s->code, path), s->code);
	html_end(h, "th");
	cell(p, "place", NULL);
	html_text(h, buf_text(&place));
	html_end(h, "td");
	cell(p, "role", NULL);
	html_text(h, s->role);
	html_end(h, "td");
	state_cells(p, s);
	html_end(h, "tr");
	html_newline(h);
	buf_free(&place);
}

static void
glance(struct page *p)
{
	static const enum say heads[] = { SAY_LOCATION, SAY_SYSTEM, SAY_PLACE,
		SAY_ROLE, SAY_STATE, SAY_ANSWERS, SAY_LAST_VERIFIED };
	struct html *h = &p->h;

	html_start(h, "section", "aria-labelledby", "glance", NULL);
	html_element(h, "h2", say(SAY_GLANCE), "id", "glance", NULL);
	html_start(
	    h, "table", "class", "glance", "aria-labelledby", "glance", NULL);
	html_start(h, "thead", NULL);
	html_start(h, "tr", NULL);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		html_element(h, "th", say(heads[i]), "scope", "col", NULL);
	html_end(h, "tr");
	html_end(h, "thead");
	html_newline(h);
	html_start(h, "tbody", NULL);
	html_newline(h);
	for (size_t i = 0; i < p->site->n_systems; i++)
		glance_row(p, &p->site->systems[i]);
	html_end(h, "tbody");
	html_end(h, "table");
	html_end(h, "section");
	html_newline(h);
}

/* A small line for each system: how its last days were. */
static void
strip(struct page *p, const struct model_system *s)
{
	char path[PAGE_PATH_SIZE], share[CHART_VALUE_SIZE];
	struct model_tally sum;
	struct html *h = &p->h;

	model_days_sum(s, &sum);
	html_start(h, "li", NULL);
	page_link_start(p, page_system_path(s->code, path), "code");
	html_text(h, s->code);
	html_end(h, "a");
	html_text(h, " ");
	html_element(h, "span", s->role, "class", "role", NULL);
	html_text(h, " ");
	if (p->site->show_availability)
		html_element(h, "span",
		    chart_percent(model_uptime(&sum, false), share), "class",
		    "share", NULL);
	chart_strip(h, s->days, s->n_days);
	html_end(h, "li");
	html_newline(h);
}

static void
strips(struct page *p)
{
	const struct model_site *site = p->site;
	struct html *h = &p->h;
	size_t n = 0;

	for (size_t i = 0; i < site->n_systems; i++) {
		const struct model_system *s = &site->systems[i];

		if (s->internal || s->n_days < STRIP_LEAST ||
		    h->out->len > STRIPS_UNTIL)
			continue;
		if (n++ == 0) {
			html_start(
			    h, "section", "aria-labelledby", "days", NULL);
			html_element(
			    h, "h2", say(SAY_LAST_90_DAYS), "id", "days", NULL);
			html_start(h, "ul", "class", "strips", NULL);
		}
		strip(p, s);
	}
	if (n == 0)
		return;
	html_end(h, "ul");
	html_start(h, "p", "class", "more", NULL);
	page_link(p, "reports/", say(SAY_UPTIME));
	html_end(h, "p");
	html_end(h, "section");
	html_newline(h);
}

static void
post(struct page *p, const struct model_thread *t)
{
	char path[PAGE_PATH_SIZE];
	struct html *h = &p->h;

	html_start(h, "article", "class", "post", NULL);
	html_start(h, "h3", NULL);
	page_link(p, page_thread_path(t, path), t->title);
	html_end(h, "h3");
	page_thread_facts(p, t);
	page_entries(p, t, 4, PAGE_NEWEST);
	html_end(h, "article");
	html_newline(h);
}

static void
posts(struct page *p)
{
	const struct model_site *site = p->site;
	struct html *h = &p->h;
	size_t i = 0, lines = 0;

	html_start(h, "section", "aria-labelledby", "posts", NULL);
	html_element(h, "h2", say(SAY_POSTS), "id", "posts", NULL);
	if (site->n_threads == 0)
		html_element(h, "p", say(SAY_NO_POSTS), NULL);
	for (; i < site->n_threads && i < FULL_MAX; i++) {
		if (i > 0 && h->out->len > FULL_UNTIL)
			break;
		post(p, &site->threads[i]);
	}
	if (i < site->n_threads)
		html_start(h, "ul", "class", "lines", NULL);
	for (; i < site->n_threads && lines < LINES_MAX; i++, lines++)
		page_thread_line(p, &site->threads[i]);
	if (lines > 0)
		html_end(h, "ul");
	if (i < site->n_threads) {
		html_start(h, "p", "class", "more", NULL);
		page_link(p, "posts/", say(SAY_ALL_POSTS));
		html_end(h, "p");
	}
	html_end(h, "section");
	html_newline(h);
}

static void
archive(struct page *p)
{
	struct html *h = &p->h;

	html_start(h, "section", "aria-labelledby", "archive", NULL);
	html_element(h, "h2", say(SAY_ARCHIVE), "id", "archive", NULL);
	page_months(p);
	html_end(h, "section");
	html_newline(h);
}

/* Each drawing that a row refers to, once. */
static void
drawings(struct page *p)
{
	const struct model_site *site = p->site;
	struct html *h = &p->h;

	html_start(h, "svg", "class", "drawings", "aria-hidden", "true", NULL);
	page_marks(p);
	for (size_t i = 0; i < site->n_systems; i++) {
		size_t k = 0;

		while (strcmp(site->systems[k].country,
		           site->systems[i].country) != 0)
			k++;
		if (k == i)
			flags_symbol(h, site->systems[i].country);
	}
	html_end(h, "svg");
	html_newline(h);
}

int
page_front(const struct model_site *site, int64_t now, struct buf *out)
{
	struct page p;

	page_begin(&p, site, &head, now, out);
	drawings(&p);
	summary(&p);
	open_threads(&p, MODEL_INCIDENT, "open", say(SAY_OPEN_INCIDENTS));
	open_threads(&p, MODEL_PLANNED, "planned", say(SAY_PLANNED));
	glance(&p);
	strips(&p);
	posts(&p);
	archive(&p);
	return page_end(&p, &head);
}
