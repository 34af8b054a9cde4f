#include "statusd/api.h"
#include "statusd/feed.h"
#include "statusd/site_job.h"

#define RSS "application/rss+xml; charset=utf-8"
#define ATOM "application/atom+xml; charset=utf-8"

static int
feed_file(struct site_work *w, const char *name, const char *type,
    int (*make)(const struct model_site *, struct buf *))
{
	struct site_job job = { name, type, SITE_LIST, feed_modified(w->model),
		site_job_source(w, &w->all, name, 0) };

	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, make(w->model, &w->out));
}

static int
feed_files(struct site_work *w)
{
	return feed_file(w, "feed/index.xml", RSS, feed_posts) != 0 ||
	        feed_file(w, "history.rss", RSS, feed_history_rss) != 0 ||
	        feed_file(w, "history.atom", ATOM, feed_history_atom) != 0
	    ? -1
	    : 0;
}

static int
api_files_of(struct site_work *w)
{
	for (size_t i = 0; i < api_n_files; i++) {
		const struct api_file *f = &api_files[i];
		struct site_job job = { f->name, SITE_JSON, SITE_LIST, 0,
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
	return feed_files(w) != 0 ? -1 : api_files_of(w);
}
