#include "statusd/site_render.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/assets.h"
#include "statusd/page.h"
#include "statusd/page_frame.h"
#include "statusd/site_job.h"
#include "statusd/site_search.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)

/* A report that did not change but for the running day. */
#define REPORT_S 600

#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define SVG "image/svg+xml"

/* A file that is part of the program; its name changes with its content. */
static int
asset(struct site_work *w, const struct site_content *content)
{
	struct site_file *f = site_file_new(content);

	if (f == NULL || site_table_add(w->table, f) != 0)
		return err_set(w->e, "%s: out of memory", content->name);
	return 0;
}

static int
assets(struct site_work *w)
{
	struct site_job icon = { "favicon.svg", SVG, SITE_ASSET, false, 0,
		{ { 0 } } };
	struct site_content style = { .name = assets_style_name(),
		.type = CSS,
		.rank = SITE_ASSET,
		.forever = 1 };
	struct site_content script = { .name = assets_script_name(),
		.type = SCRIPT,
		.rank = SITE_ASSET,
		.forever = 1 };

	style.body = assets_style(&style.len);
	script.body = assets_script(&script.len);
	if (asset(w, &style) != 0 || asset(w, &script) != 0)
		return -1;
	assets_icon(&w->out, view_overall(w->model));
	return site_job_put(w, &icon, 0);
}

static int
add_old(struct site_work *w, const struct model_thread *t)
{
	char path[PAGE_PATH_SIZE + 2];

	(void)snprintf(path, sizeof(path), "/%s/", t->path);
	if (site_table_add_old(w->table, t->old_id, path) == 0)
		return 0;
	return err_set(w->e, "out of memory");
}

static int
thread_page(struct site_work *w, size_t i)
{
	const struct model_thread *t = &w->model->threads[i];
	char name[PAGE_PATH_SIZE + 32];
	struct site_job job = { name, SITE_HTML, SITE_LEAF, true, t->updated_at,
		{ { 0 } } };
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "%s/index.html", t->path);
	if (!site_name_ok(name))
		return 0;
	if (t->old_id > 0 && add_old(w, t) != 0)
		return -1;
	digest_begin(&d);
	digest_add(&d, &w->frame);
	digest_add(&d, &w->threads[i]);
	job.source = digest_end(&d);
	if (t->light)
		return site_job_without(w, &job, &t, 1);
	if (site_job_can_wait(w, &job))
		return 0;
	return site_job_put(w, &job, page_thread(w->model, t, &w->out));
}

static int
thread_pages(struct site_work *w)
{
	for (size_t i = 0; i < w->model->n_threads; i++)
		if (thread_page(w, i) != 0)
			return -1;
	return 0;
}

static int
single_pages(struct site_work *w)
{
	static const struct search_query nothing = { .text = "" };
	struct site_job job = { "maintenance/index.html", SITE_HTML, SITE_LIST,
		false, 0,
		site_job_source(w, &w->all, "maintenance", SITE_RENEW_S) };

	if (!site_job_take_old(w, &job) &&
	    site_job_put(
	        w, &job, page_maintenance(w->model, w->now, &w->out)) != 0)
		return -1;
	job = (struct site_job){ "reports/index.html", SITE_HTML, SITE_LIST,
		false, 0, site_job_source(w, &w->months, "reports", REPORT_S) };
	if (!site_job_take_old(w, &job) &&
	    site_job_put(w, &job, page_reports(w->model, w->now, &w->out)) != 0)
		return -1;
	job = (struct site_job){ "404.html", SITE_HTML, SITE_LIST, false, 0,
		site_job_source(w, &w->all, "404", 0) };
	if (!site_job_take_old(w, &job) &&
	    site_job_put(w, &job, page_not_found(w->model, &w->out)) != 0)
		return -1;
	job = (struct site_job){ "search/index.html", SITE_HTML, SITE_LIST,
		false, 0, site_job_source(w, &w->all, "search", 0) };
	if (!site_job_take_old(w, &job) &&
	    site_job_put(w, &job,
	        search_page(w->table->search, NULL, &nothing, &w->out)) != 0)
		return -1;
	return 0;
}

static int
front_page(struct site_work *w)
{
	struct site_job job = { "index.html", SITE_HTML, SITE_FRONT, false, 0,
		{ { 0 } } };

	return site_job_put(w, &job, page_front(w->model, w->now, &w->out));
}

static int
search_index(struct site_work *w)
{
	if (w->before != NULL && w->before->search != NULL &&
	    digest_same(&w->before->source, &w->all))
		w->table->search = search_ref(w->before->search);
	else
		w->table->search = search_new(w->model);
	if (w->table->search == NULL)
		return err_set(w->e, "search: out of memory");
	return 0;
}

static int
digests(struct site_work *w)
{
	struct digest_state d, events;

	w->threads = calloc(w->model->n_threads + 1, sizeof(*w->threads));
	if (w->threads == NULL)
		return err_set(w->e, "out of memory");
	digest_begin(&d);
	digest_text(&d, assets_style_name());
	digest_text(&d, assets_script_name());
	digest_frame(&d, w->model);
	w->frame = digest_end(&d);
	digest_begin(&d);
	digest_begin(&events);
	digest_add(&d, &w->frame);
	digest_add(&events, &w->frame);
	for (size_t i = 0; i < w->model->n_threads; i++) {
		w->threads[i] = digest_thread(&w->model->threads[i]);
		digest_add(&d, &w->threads[i]);
		if (w->model->threads[i].kind != MODEL_POST)
			digest_add(&events, &w->threads[i]);
	}
	w->all = digest_end(&d);
	w->events = digest_end(&events);
	w->table->source = w->all;
	digest_begin(&d);
	digest_add(&d, &w->events);
	for (size_t i = 0; i < w->model->n_systems; i++)
		digest_state_of(&d, &w->model->systems[i]);
	w->states = digest_end(&d);
	digest_begin(&d);
	digest_add(&d, &w->frame);
	digest_number(&d, w->model->show_availability);
	for (size_t i = 0; i < w->model->n_systems; i++)
		digest_months(&d, &w->model->systems[i]);
	w->months = digest_end(&d);
	return 0;
}

static int
everything(struct site_work *w)
{
	if (digests(w) != 0 ||
	    groups_make(&w->groups, w->model, w->threads) != 0 ||
	    search_index(w) != 0 || assets(w) != 0 || thread_pages(w) != 0 ||
	    site_list_pages(w) != 0 || single_pages(w) != 0)
		return -1;
	if (site_machine_files(w) != 0 || site_extra_files(w) != 0)
		return -1;
	return front_page(w);
}

struct site_table *
site_render(const struct model_site *model, int64_t now,
    const struct site_table *before, struct err *e)
{
	struct site_work w = { .model = model,
		.now = now,
		.before = before,
		.budget = SITE_BATCH,
		.e = e };
	int failed;

	w.table = site_table_new();
	if (w.table == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	buf_init(&w.out, FILE_MAX);
	failed = everything(&w);
	buf_free(&w.out);
	groups_free(&w.groups);
	free(w.threads);
	if (failed) {
		err_prefix(e, "write the pages");
		site_table_unref(w.table);
		return NULL;
	}
	site_table_sort(w.table);
	return w.table;
}
