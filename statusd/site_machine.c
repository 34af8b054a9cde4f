/* What programs read: feeds, the API, the calendar. */
#include "statusd/api.h"
#include "statusd/feed.h"
#include "statusd/page.h"
#include "statusd/site_job.h"

#include <stdio.h>

#define ATOM "application/atom+xml; charset=utf-8"
#define FEED_JSON "application/feed+json; charset=utf-8"
#define CSV "text/csv; charset=utf-8"
#define CALENDAR "text/calendar; charset=utf-8"

static int
feed_file(struct site_work *w, const char *name, const char *path,
    const char *type, int (*make)(const struct feed *, struct buf *))
{
	struct feed f = { .site = w->model, .name = "", .path = path };
	struct site_job job = { name, type, SITE_LIST, false,
		feed_modified(w->model), site_job_source(w, &w->all, name, 0) };

	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, make(&f, &w->out));
}

static int
history_file(struct site_work *w, const char *name, const char *type,
    int (*make)(const struct model_site *, struct buf *))
{
	struct site_job job = { name, type, SITE_LIST, false,
		feed_modified_events(w->model),
		site_job_source(w, &w->events, name, 0) };

	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, make(w->model, &w->out));
}

static int
feed_files(struct site_work *w)
{
	if (feed_file(w, "feed/index.xml", "feed/", SITE_RSS, feed_rss) != 0 ||
	    feed_file(
	        w, "feed/atom/index.xml", "feed/atom/", ATOM, feed_atom) != 0 ||
	    feed_file(w, "feed.json", "feed.json", FEED_JSON, feed_json) != 0 ||
	    history_file(w, "history.rss", SITE_RSS, feed_history_rss) != 0 ||
	    history_file(w, "history.atom", ATOM, feed_history_atom) != 0 ||
	    history_file(w, "maintenance.ics", CALENDAR, feed_calendar) != 0)
		return -1;
	return 0;
}

/* The feed of one system, category or tag. */
static int
group_feed(struct site_work *w, const struct group *g)
{
	char folder[GROUP_PATH_SIZE], path[GROUP_PATH_SIZE + 8];
	char name[GROUP_PATH_SIZE + 24];
	struct feed f = { .site = w->model,
		.threads = g->threads,
		.n_threads = g->n,
		.name = g->name,
		.path = path };
	struct site_job job = { name, SITE_RSS, SITE_LIST, true, 0, { { 0 } } };
	struct digest_state d;
	static const size_t none[1];
	const struct model_thread *needed[FEED_NEEDS_MAX];
	size_t n_needed;
	bool missing;

	if (f.threads == NULL)
		f.threads = none;
	(void)snprintf(path, sizeof(path), "%sfeed/",
	    group_path(g->kind, g->slug, folder));
	(void)snprintf(name, sizeof(name), "%sindex.xml", path);
	if (!site_name_ok(name))
		return 0;
	digest_begin(&d);
	digest_text(&d, name);
	digest_add(&d, &w->frame);
	digest_add(&d, &g->digest);
	job.source = digest_end(&d);
	job.modified = feed_modified_of(&f);
	n_needed = feed_needs(&f, needed, &missing);
	if (missing)
		return site_job_without(w, &job, needed, n_needed);
	if (site_job_can_wait(w, &job))
		return 0;
	return site_job_put(w, &job, feed_rss(&f, &w->out));
}

static int
report_file(struct site_work *w)
{
	struct site_job job = { "reports/uptime.csv", CSV, SITE_LIST, false, 0,
		site_job_source(w, &w->months, "uptime.csv", 600) };

	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, page_reports_csv(w->model, &w->out));
}

static int
api_files_of(struct site_work *w)
{
	for (size_t i = 0; i < api_n_files; i++) {
		const struct api_file *f = &api_files[i];
		struct site_job job = { f->name, SITE_JSON, SITE_LIST, false, 0,
			site_job_source(w, &w->states, f->name, 0) };

		if (!site_job_take_old(w, &job) &&
		    site_job_put(w, &job, f->write(w->model, &w->out)) != 0)
			return -1;
	}
	return 0;
}

int
site_machine_files(struct site_work *w)
{
	for (size_t i = 0; i < w->groups.n; i++)
		if (group_feed(w, &w->groups.items[i]) != 0)
			return -1;
	if (feed_files(w) != 0 || report_file(w) != 0)
		return -1;
	return api_files_of(w);
}
