/* Lists of posts, and the pages of what they belong to. */
#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/page.h"
#include "statusd/page_frame.h"
#include "statusd/site_job.h"

#include <stdio.h>
#include <stdlib.h>

/* The threads from..to-1 are those of one month. */
static int
month_page(struct site_work *w, size_t from, size_t to)
{
	const struct model_thread *t = w->model->threads;
	struct view_month m = view_month_of(t[from].opened_at);
	char name[PAGE_PATH_SIZE];
	struct site_job job = { name, SITE_HTML, SITE_LIST, true, 0,
		{ { 0 } } };
	struct digest_state d;

	(void)snprintf(
	    name, sizeof(name), "%04d/%02d/index.html", m.year, m.month);
	digest_begin(&d);
	digest_add(&d, &w->frame);
	for (size_t i = from; i < to; i++) {
		digest_add(&d, &w->threads[i]);
		if (t[i].updated_at > job.modified)
			job.modified = t[i].updated_at;
	}
	/* It links to the months beside it. */
	digest_number(&d, from > 0 ? t[from - 1].opened_at / 86400 : 0);
	digest_number(
	    &d, to < w->model->n_threads ? t[to].opened_at / 86400 : 0);
	job.source = digest_end(&d);
	if (site_job_can_wait(w, &job))
		return 0;
	return site_job_put(w, &job, page_month(w->model, m, &w->out));
}

static int
month_pages(struct site_work *w)
{
	const struct model_thread *t = w->model->threads;
	size_t n = w->model->n_threads;

	for (size_t from = 0, to; from < n; from = to) {
		struct view_month m = view_month_of(t[from].opened_at);

		for (to = from + 1; to < n; to++)
			if (!view_same_month(view_month_of(t[to].opened_at), m))
				break;
		if (month_page(w, from, to) != 0)
			return -1;
	}
	return 0;
}

/* One page of a list; "number" counts from the oldest. */
static int
list_page(struct site_work *w, const struct page_threads *list, size_t number)
{
	char path[PAGE_PATH_SIZE], name[PAGE_PATH_SIZE + 16];
	struct site_job job = { name, SITE_HTML, SITE_LIST, true, 0,
		{ { 0 } } };
	size_t last = page_list_pages(list->n), from, to;
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "%sindex.html",
	    page_list_path(list, number, path));
	if (!site_name_ok(name))
		return 0;
	page_list_range(list->n, number, &from, &to);
	digest_begin(&d);
	digest_add(&d, &w->frame);
	digest_text(&d, list->title);
	for (size_t i = from; i < to; i++) {
		size_t at = list->threads[i];

		digest_add(&d, &w->threads[at]);
		if (w->model->threads[at].updated_at > job.modified)
			job.modified = w->model->threads[at].updated_at;
	}
	/* To which page it links depends on how far the newest is. */
	digest_number(&d, last - number > 3 ? 3 : (int64_t)(last - number));
	digest_number(&d, (int64_t)number);
	job.source = digest_end(&d);
	if (site_job_can_wait(w, &job))
		return 0;
	return site_job_put(
	    w, &job, page_list(w->model, list, number, &w->out));
}

/* All pages; the newest shows what the one before it would. */
static int
list_pages(struct site_work *w, const struct page_threads *list)
{
	size_t last = page_list_pages(list->n);

	for (size_t number = 1; number <= last; number++)
		if ((number == last || number + 1 < last) &&
		    list_page(w, list, number) != 0)
			return -1;
	return 0;
}

static int
system_page(
    struct site_work *w, const struct page_threads *list, const struct group *g)
{
	char name[PAGE_PATH_SIZE + 32];
	struct site_job job = { name, SITE_HTML, SITE_LIST, false, 0,
		{ { 0 } } };
	const struct model_system *s = view_system(w->model, g->slug);
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "%sindex.html", list->path);
	if (s == NULL || !site_name_ok(name))
		return 0;
	digest_begin(&d);
	digest_add(&d, &w->frame);
	digest_system(&d, s);
	digest_add(&d, &g->digest);
	digest_number(&d, w->now / SITE_RENEW_S);
	job.source = digest_end(&d);
	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(
	    w, &job, page_system(w->model, s, list, w->now, &w->out));
}

static int
group_pages(struct site_work *w, const struct group *g)
{
	static const enum say what[] = {
		[GROUP_SYSTEM] = SAY_POSTS_ABOUT,
		[GROUP_CATEGORY] = SAY_CATEGORY,
		[GROUP_TAG] = SAY_TAG,
	};
	char path[GROUP_PATH_SIZE], title[256];
	struct page_threads list = { .threads = g->threads,
		.n = g->n,
		.title = title,
		.path = group_path(g->kind, g->slug, path),
		.newest = g->kind == GROUP_SYSTEM ? "posts/" : "" };

	(void)say_in(
	    title, sizeof(title), what[g->kind], "name", g->name, NULL);
	if (g->kind == GROUP_SYSTEM && system_page(w, &list, g) != 0)
		return -1;
	return g->n > 0 ? list_pages(w, &list) : 0;
}

static int
all_posts(struct site_work *w)
{
	size_t n = w->model->n_threads;
	size_t *places = calloc(n + 1, sizeof(*places));
	struct page_threads list = { .threads = places,
		.n = n,
		.title = say(SAY_ALL_POSTS),
		.path = "",
		.newest = "posts/" };
	int rc;

	if (places == NULL)
		return err_set(w->e, "out of memory");
	for (size_t i = 0; i < n; i++)
		places[i] = i;
	rc = list_pages(w, &list);
	free(places);
	return rc;
}

int
site_list_pages(struct site_work *w)
{
	if (month_pages(w) != 0)
		return -1;
	for (size_t i = 0; i < w->groups.n; i++)
		if (group_pages(w, &w->groups.items[i]) != 0)
			return -1;
	return all_posts(w);
}
