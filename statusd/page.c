#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/flags.h"
#include "statusd/page_parts.h"

#include <stdio.h>

int
page_thread(const struct model_site *site, const struct model_thread *t,
    struct buf *out)
{
	char path[PAGE_PATH_SIZE], month_path[PAGE_PATH_SIZE];
	char month[VIEW_MONTH_SIZE], text[2 * VIEW_MONTH_SIZE];
	struct page_head head = { .title = t->title,
		.path = page_thread_path(t, path),
		.lives = model_thread_open(t) ? SAY_LIVES_OPEN
		                              : SAY_LIVES_ENTRY };
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
	page_link(&p, page_month_path(m.year, m.month, month_path),
	    say_in(text, sizeof(text), SAY_POSTS_OF, "month",
	        view_month_year(m, month), NULL));
	html_end(&p.h, "p");
	return page_end(&p, &head);
}

/* The months with posts next to this one: "later" and "earlier". */
static void
neighbours(struct page *p, struct view_month m)
{
	struct view_month later = { 0, 0 }, earlier = { 0, 0 }, seen;
	char path[PAGE_PATH_SIZE], text[2 * VIEW_MONTH_SIZE];
	char name[VIEW_MONTH_SIZE];
	int at = m.year * 12 + m.month;

	for (size_t i = 0; i < p->site->n_threads; i++) {
		seen = view_month_of(p->site->threads[i].opened_at);
		if (seen.year * 12 + seen.month > at)
			later = seen;
		else if (seen.year * 12 + seen.month < at && earlier.year == 0)
			earlier = seen;
	}
	html_start(&p->h, "nav", "class", "pages", "aria-label",
	    say(SAY_NAV_MONTHS), NULL);
	if (earlier.year != 0) {
		page_link(p, page_month_path(earlier.year, earlier.month, path),
		    say_in(text, sizeof(text), SAY_BEFORE, "month",
		        view_month_year(earlier, name), NULL));
	}
	html_text(&p->h, " ");
	if (later.year != 0) {
		page_link(p, page_month_path(later.year, later.month, path),
		    say_in(text, sizeof(text), SAY_AFTER, "month",
		        view_month_year(later, name), NULL));
	}
	html_end(&p->h, "nav");
}

int
page_month(
    const struct model_site *site, struct view_month month, struct buf *out)
{
	char path[PAGE_PATH_SIZE], title[VIEW_MONTH_SIZE];
	struct page_head head = { .title = view_month_year(month, title),
		.path = page_month_path(month.year, month.month, path),
		.lives = SAY_LIVES_ENTRY };
	int64_t newest = 0;
	struct page p;

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
	const struct page_head head = { .title = say(SAY_MAINTENANCE),
		.path = "maintenance/",
		.lives = SAY_LIVES_STATE };
	struct page p;
	size_t n;

	page_begin(&p, site, &head, now, out);
	page_drawings(&p, NULL);
	html_element(&p.h, "h1", say(SAY_MAINTENANCE), NULL);
	n = planned(&p, say(SAY_UNDER_WAY), MODEL_IN_PROGRESS);
	n += planned(&p, say(SAY_COMING), MODEL_SCHEDULED);
	if (n == 0)
		html_element(&p.h, "p", say(SAY_NOTHING_PLANNED), NULL);
	(void)planned(&p, say(SAY_PAST), MODEL_COMPLETED);
	return page_end(&p, &head);
}

int
page_not_found(const struct model_site *site, struct buf *out)
{
	const struct page_head head = { .title = say(SAY_NOT_FOUND),
		.path = NULL,
		.lives = SAY_LIVES_NEWEST };
	const struct page_slot front = {
		.name = "link", .path = "", .text = say(SAY_FRONT_PAGE)
	};
	const struct page_slot search = {
		.name = "link", .path = "search/", .text = say(SAY_SEARCH_LINK)
	};
	int64_t newest = 0;
	struct page p;

	for (size_t i = 0; i < site->n_threads; i++)
		if (site->threads[i].updated_at > newest)
			newest = site->threads[i].updated_at;
	page_begin(&p, site, &head, newest, out);
	html_element(&p.h, "h1", say(SAY_NO_SUCH_PAGE), NULL);
	html_start(&p.h, "p", NULL);
	page_say(&p, SAY_NOT_FOUND_FRONT, &front, 1);
	html_text(&p.h, " ");
	page_say(&p, SAY_NOT_FOUND_SEARCH, &search, 1);
	html_end(&p.h, "p");
	page_months(&p);
	return page_end(&p, &head);
}
