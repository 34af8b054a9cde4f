#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/flags.h"
#include "statusd/page_parts.h"

#include <stdio.h>

int
page_thread(const struct model_site *site, const struct model_thread *t,
    struct buf *out)
{
	char path[PAGE_PATH_SIZE], month_path[PAGE_PATH_SIZE], month[64];
	struct page_head head = { .title = t->title,
		.path = page_thread_path(t, path),
		.lives = model_thread_open(t)
		    ? "It is written anew with each update; how things stand "
		      "now is on the front page."
		    : "That is the time of its newest entry." };
	struct view_month m = view_month_of(t->opened_at);
	struct page p;

	page_begin(&p, site, &head, t->updated_at, out);
	page_drawings(&p, NULL);
	html_start(&p.h, "article", "class", "post whole", NULL);
	html_element(&p.h, "h1", t->title, NULL);
	page_thread_facts(&p, t);
	page_promise(&p, t);
	page_entries(&p, t, 2, PAGE_WHOLE);
	page_labels(&p, t);
	html_end(&p.h, "article");
	html_start(&p.h, "p", "class", "more", NULL);
	(void)snprintf(month, sizeof(month), "All posts of %s %d",
	    view_month_name(m.month), m.year);
	page_link(&p, page_month_path(m.year, m.month, month_path), month);
	html_end(&p.h, "p");
	return page_end(&p, &head);
}

/* The months with posts next to this one: "later" and "earlier". */
static void
neighbours(struct page *p, struct view_month m)
{
	struct view_month later = { 0, 0 }, earlier = { 0, 0 }, seen;
	char path[PAGE_PATH_SIZE], text[64];
	int at = m.year * 12 + m.month;

	for (size_t i = 0; i < p->site->n_threads; i++) {
		seen = view_month_of(p->site->threads[i].opened_at);
		if (seen.year * 12 + seen.month > at)
			later = seen;
		else if (seen.year * 12 + seen.month < at && earlier.year == 0)
			earlier = seen;
	}
	html_start(
	    &p->h, "nav", "class", "pages", "aria-label", "Months", NULL);
	if (earlier.year != 0) {
		(void)snprintf(text, sizeof(text), "← %s %d",
		    view_month_name(earlier.month), earlier.year);
		page_link(p, page_month_path(earlier.year, earlier.month, path),
		    text);
	}
	html_text(&p->h, " ");
	if (later.year != 0) {
		(void)snprintf(text, sizeof(text), "%s %d →",
		    view_month_name(later.month), later.year);
		page_link(
		    p, page_month_path(later.year, later.month, path), text);
	}
	html_end(&p->h, "nav");
}

int
page_month(
    const struct model_site *site, struct view_month month, struct buf *out)
{
	char path[PAGE_PATH_SIZE], title[64];
	struct page_head head = { .title = title,
		.path = page_month_path(month.year, month.month, path),
		.lives = "That is the time of its newest entry." };
	int64_t newest = 0;
	struct page p;

	(void)snprintf(title, sizeof(title), "%s %d",
	    view_month_name(month.month), month.year);
	for (size_t i = 0; i < site->n_threads; i++)
		if (view_same_month(
		        view_month_of(site->threads[i].opened_at), month) &&
		    site->threads[i].updated_at > newest)
			newest = site->threads[i].updated_at;
	page_begin(&p, site, &head, newest, out);
	html_element(&p.h, "h1", title, NULL);
	html_start(&p.h, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < site->n_threads; i++)
		if (view_same_month(
		        view_month_of(site->threads[i].opened_at), month))
			page_thread_line(&p, &site->threads[i]);
	html_end(&p.h, "ul");
	neighbours(&p, month);
	return page_end(&p, &head);
}

static size_t
planned(struct page *p, const char *heading, enum model_status status)
{
	const struct model_site *site = p->site;
	struct html *h = &p->h;
	size_t n = 0;

	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];
		char path[PAGE_PATH_SIZE];

		if (t->kind != MODEL_PLANNED || t->status != status)
			continue;
		if (n++ == 0)
			html_element(h, "h2", heading, NULL);
		html_start(h, "article", "class", "post", NULL);
		html_start(h, "h3", NULL);
		page_link(p, page_thread_path(t, path), t->title);
		html_end(h, "h3");
		page_thread_facts(p, t);
		html_end(h, "article");
	}
	return n;
}

int
page_maintenance(const struct model_site *site, int64_t now, struct buf *out)
{
	static const struct page_head head = { .title = "Maintenance",
		.path = "maintenance/",
		.lives = "If that is long ago, what it says may no longer be "
		         "true." };
	struct page p;
	size_t n;

	page_begin(&p, site, &head, now, out);
	page_drawings(&p, NULL);
	html_element(&p.h, "h1", "Maintenance", NULL);
	n = planned(&p, "Under way", MODEL_IN_PROGRESS);
	n += planned(&p, "Coming", MODEL_SCHEDULED);
	if (n == 0)
		html_element(&p.h, "p", "No maintenance is planned.", NULL);
	(void)planned(&p, "Past", MODEL_COMPLETED);
	return page_end(&p, &head);
}

int
page_not_found(const struct model_site *site, struct buf *out)
{
	static const struct page_head head = { .title = "Not found",
		.path = NULL,
		.lives = "That is the time of the newest entry." };
	int64_t newest = 0;
	struct page p;

	for (size_t i = 0; i < site->n_threads; i++)
		if (site->threads[i].updated_at > newest)
			newest = site->threads[i].updated_at;
	page_begin(&p, site, &head, newest, out);
	html_element(&p.h, "h1", "There is no such page", NULL);
	html_start(&p.h, "p", NULL);
	html_text(&p.h, "How everything stands now is on the ");
	page_link(&p, "", "front page");
	html_text(&p.h, ". An older post may be found by the ");
	page_link(&p, "search/", "search");
	html_text(&p.h, " or in the archive:");
	html_end(&p.h, "p");
	page_months(&p);
	return page_end(&p, &head);
}
