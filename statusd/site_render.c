#include "statusd/site_render.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/assets.h"
#include "statusd/feed.h"
#include "statusd/page.h"
#include "statusd/page_frame.h"
#include "statusd/site_digest.h"
#include "statusd/site_search.h"
#include "statusd/site_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)16 * 1024 * 1024)
/* A page whose facts did not change is still written anew that often. */
#define RENEW_S 60

#define HTML "text/html; charset=utf-8"
#define RSS "application/rss+xml; charset=utf-8"
#define ATOM "application/atom+xml; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SVG "image/svg+xml"

struct render {
	const struct model_site *model;
	int64_t now;
	const struct site_table *before;
	struct site_table *table;
	struct digest *threads; /* of each thread */
	struct digest frame; /* of what every page shows */
	struct digest all; /* frame and every thread */
	struct buf out;
	struct err *e;
};

/* One file that is to be made, and of what. */
struct job {
	const char *name;
	const char *type;
	enum site_rank rank;
	int64_t modified;
	struct digest source;
};

/* 1: the file stands in the table, from before; 0: it must be made. */
static int
take_old(struct render *r, const struct job *job)
{
	char path[PAGE_PATH_SIZE + 32];
	struct site_file *old;
	const char *index = strstr(job->name, "index.");
	size_t n = index != NULL ? (size_t)(index - job->name)
	                         : strlen(job->name);

	if (r->before == NULL)
		return 0;
	(void)snprintf(path, sizeof(path), "/%.*s", (int)n, job->name);
	old = site_table_find(r->before, path);
	if (old == NULL || strcmp(old->name, job->name) != 0 ||
	    !digest_same(&old->source, &job->source))
		return 0;
	return site_table_add(r->table, site_file_ref(old)) == 0 ? 1 : 0;
}

/* What was written to r->out becomes the file. */
static int
put(struct render *r, const struct job *job, int failed)
{
	struct site_content content = { .name = job->name,
		.type = job->type,
		.rank = job->rank,
		.modified = job->modified,
		.body = buf_text(&r->out),
		.len = r->out.len };
	struct site_file *f;

	if (failed || r->out.bad)
		return err_set(
		    r->e, "%s: too large, or out of memory", job->name);
	f = site_file_new(&content);
	buf_reset(&r->out);
	if (f == NULL)
		return err_set(r->e, "%s: out of memory", job->name);
	f->source = job->source;
	if (site_table_add(r->table, f) != 0)
		return err_set(r->e, "%s: out of memory", job->name);
	return 0;
}

static struct digest
source_of(const struct render *r, const char *kind, int64_t period)
{
	struct digest_state d;

	digest_begin(&d);
	digest_text(&d, kind);
	digest_add(&d, &r->all);
	digest_number(&d, period > 0 ? r->now / period : 0);
	return digest_end(&d);
}

static int
assets(struct render *r)
{
	struct job icon = { "favicon.svg", SVG, SITE_ASSET, 0, { { 0 } } };
	size_t len;
	const char *style = assets_style(&len);
	struct site_content content = { .name = assets_style_name(),
		.type = CSS,
		.rank = SITE_ASSET,
		.forever = 1,
		.body = style,
		.len = len };
	struct site_file *f = site_file_new(&content);

	if (f == NULL || site_table_add(r->table, f) != 0)
		return err_set(r->e, "style sheet: out of memory");
	assets_icon(&r->out, view_overall(r->model));
	return put(r, &icon, 0);
}

static int
thread_page(struct render *r, size_t i)
{
	const struct model_thread *t = &r->model->threads[i];
	char name[PAGE_PATH_SIZE + 32];
	struct job job = { name, HTML, SITE_LEAF, t->updated_at, { { 0 } } };
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "%s/index.html", t->path);
	if (!site_name_ok(name))
		return 0;
	digest_begin(&d);
	digest_add(&d, &r->frame);
	digest_add(&d, &r->threads[i]);
	job.source = digest_end(&d);
	if (take_old(r, &job))
		return 0;
	return put(r, &job, page_thread(r->model, t, &r->out));
}

static int
thread_pages(struct render *r)
{
	for (size_t i = 0; i < r->model->n_threads; i++)
		if (thread_page(r, i) != 0)
			return -1;
	return 0;
}

/* The threads from..to-1 are those of one month. */
static int
month_page(struct render *r, size_t from, size_t to)
{
	const struct model_thread *t = r->model->threads;
	struct view_month m = view_month_of(t[from].opened_at);
	char name[PAGE_PATH_SIZE];
	struct job job = { name, HTML, SITE_LIST, 0, { { 0 } } };
	struct digest_state d;

	(void)snprintf(
	    name, sizeof(name), "%04d/%02d/index.html", m.year, m.month);
	digest_begin(&d);
	digest_add(&d, &r->frame);
	for (size_t i = from; i < to; i++) {
		digest_add(&d, &r->threads[i]);
		if (t[i].updated_at > job.modified)
			job.modified = t[i].updated_at;
	}
	/* It links to the months beside it. */
	digest_number(&d, from > 0 ? t[from - 1].opened_at / 86400 : 0);
	digest_number(
	    &d, to < r->model->n_threads ? t[to].opened_at / 86400 : 0);
	job.source = digest_end(&d);
	if (take_old(r, &job))
		return 0;
	return put(r, &job, page_month(r->model, m, &r->out));
}

static int
month_pages(struct render *r)
{
	const struct model_thread *t = r->model->threads;
	size_t n = r->model->n_threads;

	for (size_t from = 0, to; from < n; from = to) {
		struct view_month m = view_month_of(t[from].opened_at);

		for (to = from + 1; to < n; to++)
			if (!view_same_month(view_month_of(t[to].opened_at), m))
				break;
		if (month_page(r, from, to) != 0)
			return -1;
	}
	return 0;
}

static int
system_page(struct render *r, const struct model_system *s)
{
	char name[PAGE_PATH_SIZE + 32];
	struct job job = { name, HTML, SITE_LIST, 0, { { 0 } } };
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "system/%s/index.html", s->code);
	if (s->internal || !site_name_ok(name))
		return 0;
	digest_begin(&d);
	digest_add(&d, &r->frame);
	digest_system(&d, s);
	for (size_t i = 0; i < r->model->n_threads; i++)
		if (view_concerns(&r->model->threads[i], s->code))
			digest_add(&d, &r->threads[i]);
	digest_number(&d, r->now / RENEW_S);
	job.source = digest_end(&d);
	if (take_old(r, &job))
		return 0;
	return put(r, &job, page_system(r->model, s, r->now, &r->out));
}

static int
system_pages(struct render *r)
{
	for (size_t i = 0; i < r->model->n_systems; i++)
		if (system_page(r, &r->model->systems[i]) != 0)
			return -1;
	return 0;
}

static int
feed_file(struct render *r, const char *name, const char *type,
    int (*make)(const struct model_site *, struct buf *))
{
	struct job job = { name, type, SITE_LIST, feed_modified(r->model),
		source_of(r, name, 0) };

	if (take_old(r, &job))
		return 0;
	return put(r, &job, make(r->model, &r->out));
}

static int
single_pages(struct render *r)
{
	struct job job = { "maintenance/index.html", HTML, SITE_LIST, 0,
		source_of(r, "maintenance", RENEW_S) };

	if (!take_old(r, &job) &&
	    put(r, &job, page_maintenance(r->model, r->now, &r->out)) != 0)
		return -1;
	job = (struct job){ "404.html", HTML, SITE_LIST, 0,
		source_of(r, "404", 0) };
	if (!take_old(r, &job) &&
	    put(r, &job, page_not_found(r->model, &r->out)) != 0)
		return -1;
	job = (struct job){ "search/index.html", HTML, SITE_LIST, 0,
		source_of(r, "search", 0) };
	if (!take_old(r, &job) &&
	    put(r, &job, search_page(r->table->search, "", 0, &r->out)) != 0)
		return -1;
	return 0;
}

static int
front_page(struct render *r)
{
	struct job job = { "index.html", HTML, SITE_FRONT, 0, { { 0 } } };

	return put(r, &job, page_front(r->model, r->now, &r->out));
}

static int
search_index(struct render *r)
{
	if (r->before != NULL && r->before->search != NULL &&
	    digest_same(&r->before->source, &r->all))
		r->table->search = search_ref(r->before->search);
	else
		r->table->search = search_new(r->model);
	if (r->table->search == NULL)
		return err_set(r->e, "search: out of memory");
	return 0;
}

static int
digests(struct render *r)
{
	struct digest_state d;

	r->threads = calloc(r->model->n_threads + 1, sizeof(*r->threads));
	if (r->threads == NULL)
		return err_set(r->e, "out of memory");
	digest_begin(&d);
	digest_text(&d, assets_style_name());
	digest_frame(&d, r->model);
	r->frame = digest_end(&d);
	digest_begin(&d);
	digest_add(&d, &r->frame);
	for (size_t i = 0; i < r->model->n_threads; i++) {
		r->threads[i] = digest_thread(&r->model->threads[i]);
		digest_add(&d, &r->threads[i]);
	}
	r->all = digest_end(&d);
	r->table->source = r->all;
	return 0;
}

static int
everything(struct render *r)
{
	if (digests(r) != 0 || search_index(r) != 0 || assets(r) != 0 ||
	    thread_pages(r) != 0 || month_pages(r) != 0 ||
	    system_pages(r) != 0 || single_pages(r) != 0)
		return -1;
	if (feed_file(r, "feed/index.xml", RSS, feed_posts) != 0 ||
	    feed_file(r, "history.rss", RSS, feed_history_rss) != 0 ||
	    feed_file(r, "history.atom", ATOM, feed_history_atom) != 0)
		return -1;
	return front_page(r);
}

struct site_table *
site_render(const struct model_site *model, int64_t now,
    const struct site_table *before, struct err *e)
{
	struct render r = {
		.model = model, .now = now, .before = before, .e = e
	};
	int failed;

	r.table = site_table_new();
	if (r.table == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	buf_init(&r.out, FILE_MAX);
	failed = everything(&r);
	buf_free(&r.out);
	free(r.threads);
	if (failed) {
		err_prefix(e, "write the pages");
		site_table_unref(r.table);
		return NULL;
	}
	site_table_sort(r.table);
	return r.table;
}
