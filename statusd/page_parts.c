#include "statusd/page_parts.h"

#include "lib/buf.h"
#include "statusd/flags.h"
#include "statusd/markdown.h"
#include "statusd/post.h"
#include "statusd/view.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* On the front page: so many of the newest entries, so long a text. */
#define NEWEST 4
#define TEXT_MAX 2400
#define TEXT_CUT 600

static void
systems_of(struct page *p, const struct model_thread *t)
{
	char path[PAGE_PATH_SIZE];

	for (size_t i = 0; i < t->n_systems; i++) {
		if (view_system(p->site, t->systems[i]) == NULL)
			continue;
		html_text(&p->h, " ");
		page_link_start(
		    p, page_system_path(t->systems[i], path), "code");
		html_text(&p->h, t->systems[i]);
		html_end(&p->h, "a");
	}
}

static void
planned_span(struct page *p, const struct model_thread *t)
{
	const struct page_slot span[] = {
		{ .name = "from", .minute = t->planned_from },
		{ .name = "until", .minute = t->planned_until },
	};

	page_say(p, t->planned_until != 0 ? SAY_PLANNED_SPAN : SAY_PLANNED_FROM,
	    span, 2);
}

static void
planned_times(struct page *p, const struct model_thread *t)
{
	html_start(&p->h, "p", "class", "planned", NULL);
	planned_span(p, t);
	html_end(&p->h, "p");
}

void
page_thread_facts(struct page *p, const struct model_thread *t)
{
	struct html *h = &p->h;
	struct buf span;

	html_start(h, "p", "class", "facts", NULL);
	if (t->kind != MODEL_POST) {
		page_chip(p, view_status_style(t), view_status_word(t));
		html_text(h, " ");
	}
	/* Of what is to come its own time counts, not when it was posted. */
	if (t->kind != MODEL_PLANNED || t->planned_from == 0)
		page_minute(p, t->opened_at);
	systems_of(p, t);
	buf_init(&span, 256);
	view_span(t, &span);
	if (t->resolved_at != 0 && span.len > 0) {
		html_text(h, " ");
		html_element(h, "span", buf_text(&span), "class", "span", NULL);
	}
	buf_free(&span);
	html_end(h, "p");
	if (t->kind == MODEL_PLANNED && t->planned_from != 0)
		planned_times(p, t);
}

/* The first words of a long text, and where the rest is. */
static void
cut_text(struct page *p, const struct model_thread *t, const char *body)
{
	char path[PAGE_PATH_SIZE];
	struct buf plain;
	size_t n;

	buf_init(&plain, (size_t)4 * 1024 * 1024);
	(void)markdown_plain(&plain, body);
	n = plain.len < TEXT_CUT ? plain.len : TEXT_CUT;
	while (n > 0 && n < plain.len && plain.data[n] != ' ')
		n--;
	html_start(&p->h, "p", NULL);
	html_text_n(&p->h, buf_text(&plain), n);
	html_text(&p->h, " … ");
	page_link(p, page_thread_path(t, path), say(SAY_READ_ALL));
	html_end(&p->h, "p");
	buf_free(&plain);
}

static void
entry_label(struct page *p, const struct model_thread *t, size_t i, int heading)
{
	const struct model_entry *e = &t->entries[i];
	const char *tag = heading <= 2 ? "h2" : "h4";
	struct model_thread then = *t;
	struct html *h = &p->h;
	struct buf label;

	buf_init(&label, 128);
	view_entry_label(t, e, &label);
	html_start(h, tag, "class", "label", NULL);
	html_textf(h, "%s, ", buf_text(&label));
	page_minute(p, e->at);
	if (e->kind == MODEL_UPDATE && e->status != t->entries[i - 1].status) {
		then.status = e->status;
		html_text(h, " ");
		html_element(
		    h, "span", view_status_word(&then), "class", "step", NULL);
	}
	html_end(h, tag);
	buf_free(&label);
}

/* Whether the last entry's title says more than the thread's. */
static bool
says_more(const struct model_thread *t, const struct model_entry *e)
{
	const char *colon = strstr(t->title, ": ");
	const char *title = colon != NULL ? colon + 2 : t->title;

	return e->kind == MODEL_RESOLUTION && e->title[0] != '\0' &&
	    strstr(e->title, title) == NULL;
}

static void
entry(struct page *p, const struct model_thread *t, size_t i, int heading,
    enum page_extent extent)
{
	const struct model_entry *e = &t->entries[i];
	struct html *h = &p->h;

	html_start(h, "div", "class", i == 0 ? "entry first" : "entry", "id",
	    extent == PAGE_WHOLE ? e->key : NULL, NULL);
	if (i > 0)
		entry_label(p, t, i, heading);
	if (says_more(t, e))
		html_element(h, "p", e->title, "class", "outcome", NULL);
	if (extent == PAGE_NEWEST && strlen(e->body) > TEXT_MAX)
		cut_text(p, t, e->body);
	else if (markdown_html(h, e->body, i > 0 ? heading + 1 : heading) != 0)
		h->out->bad = 1;
	html_end(h, "div");
	html_newline(h);
}

void
page_entries(struct page *p, const struct model_thread *t, int heading,
    enum page_extent extent)
{
	char path[PAGE_PATH_SIZE];
	struct buf earlier;
	size_t from = 1;

	if (t->n_entries == 0)
		return;
	entry(p, t, 0, heading, extent);
	if (extent == PAGE_NEWEST && t->n_entries > NEWEST + 2) {
		from = t->n_entries - NEWEST;
		html_start(&p->h, "p", "class", "more", NULL);
		page_link_start(p, page_thread_path(t, path), NULL);
		buf_init(&earlier, 256);
		say_count(
		    &earlier, SAY_EARLIER_ONE, SAY_EARLIER, (double)(from - 1));
		html_text(&p->h, buf_text(&earlier));
		buf_free(&earlier);
		html_end(&p->h, "a");
		html_end(&p->h, "p");
	}
	for (size_t i = from; i < t->n_entries; i++)
		entry(p, t, i, heading, extent);
}

void
page_newest_entry(struct page *p, const struct model_thread *t, int heading)
{
	if (t->n_entries > 0)
		entry(p, t, t->n_entries - 1, heading, PAGE_NEWEST);
}

void
page_thread_line(struct page *p, const struct model_thread *t)
{
	char day[VIEW_TIME_SIZE], path[PAGE_PATH_SIZE];
	struct html *h = &p->h;
	struct buf span;

	(void)view_minute(t->opened_at, day);
	html_start(h, "li", NULL);
	page_time_as(p, t->opened_at, day);
	html_text(h, " ");
	page_link(p, page_thread_path(t, path), t->title);
	if (t->kind != MODEL_POST) {
		html_text(h, " ");
		html_start(h, "span", "class", "span", NULL);
		html_text(h, view_status_word(t));
		buf_init(&span, 256);
		view_span(t, &span);
		if (span.len > 0)
			html_textf(h, ", %s", buf_text(&span));
		buf_free(&span);
		if (t->kind == MODEL_PLANNED && t->planned_from != 0) {
			html_text(h, ". ");
			planned_span(p, t);
		}
		html_end(h, "span");
	}
	html_end(h, "li");
	html_newline(h);
}

static void
month_link(struct page *p, struct view_month m)
{
	char path[PAGE_PATH_SIZE], full[VIEW_MONTH_SIZE];

	(void)page_month_path(m.year, m.month, path);
	html_text(&p->h, " ");
	page_link(p, path, view_month_year(m, full));
}

void
page_months(struct page *p)
{
	struct html *h = &p->h;
	struct view_month last = { 0, 0 };

	for (size_t i = 0; i < p->site->n_threads; i++) {
		struct view_month m = view_month_of(
		    p->site->threads[i].opened_at);

		if (view_same_month(m, last))
			continue;
		if (m.year != last.year && last.year != 0)
			html_end(h, "p");
		if (m.year != last.year)
			html_start(h, "p", "class", "months", NULL);
		month_link(p, m);
		last = m;
	}
	if (last.year != 0)
		html_end(h, "p");
	else
		html_element(h, "p", say(SAY_ARCHIVE_EMPTY), NULL);
}

void
page_promise(struct page *p, const struct model_thread *t)
{
	const struct page_slot by = { .name = "time",
		.minute = t->next_update_at };
	struct html *h = &p->h;

	if (!model_thread_open(t))
		return;
	if (t->recovering != NULL)
		html_element(
		    h, "p", t->recovering, "class", "recovering", NULL);
	if (t->next_update_at == 0)
		return;
	html_start(h, "p", "class", "promise", NULL);
	page_say(p, SAY_NEXT_UPDATE, &by, 1);
	html_end(h, "p");
}

static void
labels(struct page *p, const char *folder, char *const *names, size_t n)
{
	char slug[POST_SLUG_SIZE], path[PAGE_PATH_SIZE];

	for (size_t i = 0; i < n; i++) {
		post_slug(names[i], slug);
		if (slug[0] == '\0')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s/", folder, slug);
		html_text(&p->h, " ");
		page_link(p, path, names[i]);
	}
}

void
page_labels(struct page *p, const struct model_thread *t)
{
	if (t->n_categories == 0 && t->n_tags == 0)
		return;
	html_start(&p->h, "p", "class", "labels", NULL);
	html_text(&p->h, say(SAY_MORE_OF));
	labels(p, "category", t->categories, t->n_categories);
	labels(p, "tag", t->tags, t->n_tags);
	html_end(&p->h, "p");
}

void
page_drawings(struct page *p, const char *country)
{
	html_start(
	    &p->h, "svg", "class", "drawings", "aria-hidden", "true", NULL);
	page_marks(p);
	if (country != NULL)
		flags_symbol(&p->h, country);
	html_end(&p->h, "svg");
	html_newline(&p->h);
}
