/* What no reader asks for: badges, the frame, the map, who to write to. */
#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/badge.h"
#include "statusd/html.h"
#include "statusd/page_frame.h"
#include "statusd/site_job.h"
#include "statusd/view.h"

#include <stdio.h>
#include <strings.h>

#define SVG "image/svg+xml"
#define TEXT "text/plain; charset=utf-8"
/* A map of more posts is made at the next rendering, half a second later. */
#define MAP_LONG 500

static int
badge(struct site_work *w, const struct model_system *s)
{
	char name[PAGE_PATH_SIZE + 16], path[PAGE_PATH_SIZE];
	struct site_job job = { name, SVG, SITE_LIST, false, 0, { { 0 } } };
	struct digest_state d;

	(void)snprintf(name, sizeof(name), "%sbadge.svg",
	    s != NULL ? page_system_path(s->code, path) : "");
	if (!site_name_ok(name))
		return 0;
	digest_begin(&d);
	digest_text(&d, say_mark());
	digest_text(&d, name);
	digest_number(
	    &d, (int64_t)(s != NULL ? s->state : view_overall(w->model)));
	job.source = digest_end(&d);
	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, badge_write(w->model, s, &w->out));
}

static int
glance(struct site_work *w)
{
	struct site_job job = { "glance/index.html", SITE_HTML, SITE_LIST,
		false, 0,
		site_job_source(w, &w->states, "glance", SITE_RENEW_S) };

	if (site_job_take_old(w, &job))
		return 0;
	return site_job_put(w, &job, badge_glance(w->model, w->now, &w->out));
}

static void
place(struct html *h, const struct model_site *site, const char *path,
    int64_t changed)
{
	char at[CLOCK_RFC3339_SIZE];
	struct buf url;

	buf_init(&url, 8192);
	buf_printf(&url, "%s%s", site->url, path);
	html_start(h, "url", NULL);
	html_element(h, "loc", buf_text(&url), NULL);
	if (changed != 0)
		html_element(h, "lastmod", clock_rfc3339(changed, at), NULL);
	html_end(h, "url");
	html_newline(h);
	buf_free(&url);
}

static int
write_map(const struct model_site *site, struct buf *out)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	static const char *const pages[] = { "", "maintenance/", "reports/",
		"posts/" };
	char path[PAGE_PATH_SIZE];
	struct html h;

	xml_init(&h, out);
	html_trusted(&h, xml, sizeof(xml) - 1);
	html_start(&h, "urlset", "xmlns",
	    "http://www.sitemaps.org/schemas/sitemap/0.9", NULL);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		place(&h, site, pages[i], 0);
	for (size_t i = 0; i < site->n_systems; i++)
		if (!site->systems[i].internal)
			place(&h, site,
			    page_system_path(site->systems[i].code, path), 0);
	for (size_t i = 0; i < site->n_threads; i++)
		place(&h, site, page_thread_path(&site->threads[i], path),
		    site->threads[i].updated_at);
	html_end(&h, "urlset");
	html_newline(&h);
	return html_done(&h);
}

static int
map(struct site_work *w)
{
	struct site_job job = { "sitemap.xml", SITE_XML, SITE_LIST, true, 0,
		site_job_source(w, &w->all, "sitemap", 0) };

	/* A long one must not hold up a change that readers wait for. */
	if (w->before != NULL && !digest_same(&w->before->source, &w->all) &&
	    w->model->n_threads > MAP_LONG && site_job_keep_old(w, &job))
		return 0;
	if (site_job_can_wait(w, &job))
		return 0;
	return site_job_put(w, &job, write_map(w->model, &w->out));
}

/* The link that is named so, else one to support, else the first. */
static const char *
contact(const struct model_site *site)
{
	static const char *const names[] = { "Security", "Support", "Contact" };

	for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
		for (size_t i = 0; i < site->n_links; i++)
			if (strcasecmp(site->links[i].name, names[k]) == 0)
				return site->links[i].url;
	return site->n_links > 0 ? site->links[0].url : NULL;
}

/* RFC 9116; it expires less than a year after it was written. */
static int
security(struct site_work *w)
{
	struct site_job job = {
		".well-known/security.txt", TEXT, SITE_LIST, false, 0,
		site_job_source(w, &w->frame, "security", (int64_t)30 * 86400)
	};
	const char *url = contact(w->model);
	char at[CLOCK_RFC3339_SIZE];
	int64_t month = view_month_begin(view_month_of(w->now));

	if (url == NULL || site_job_take_old(w, &job))
		return 0;
	buf_printf(&w->out,
	    "Contact: %s\nExpires: %s\nPreferred-Languages: %s\n"
	    "Canonical: %s.well-known/security.txt\n",
	    url, clock_rfc3339(month + (int64_t)330 * 86400, at),
	    say(SAY_LANGUAGE), w->model->url);
	return site_job_put(w, &job, 0);
}

int
site_extra_files(struct site_work *w)
{
	for (size_t i = 0; i < w->model->n_systems; i++)
		if (!w->model->systems[i].internal &&
		    badge(w, &w->model->systems[i]) != 0)
			return -1;
	if (badge(w, NULL) != 0 || glance(w) != 0 || security(w) != 0)
		return -1;
	return map(w);
}
