#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/ctl.h"
#include "statusd/html.h"
#include "statusd/markdown.h"
#include "statusd/site.h"
#include "statusd/store.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define TURNS_MAX 10000
#define WXR_ITEM_MAX ((size_t)16 * 1024 * 1024)

static int
export_json(const struct model_site *site, struct err *e)
{
	json_t *threads = json_array();

	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];
		json_t *o = ctl_json_thread(site, t);

		(void)json_object_set_new(o, "key", json_string(t->key));
		(void)json_object_set_new(o, "path", json_string(t->path));
		(void)json_object_set_new(
		    o, "old_id", json_integer((json_int_t)t->old_id));
		(void)json_array_append_new(threads, o);
	}
	return ctl_print_json(json_pack("{s:s, s:s, s:o}", "title", site->title,
	                          "url", site->url, "threads", threads),
	    e);
}

/* "2025-06-13 10:00:00" */
static void
date(struct html *h, const char *tag, int64_t at)
{
	char t[CLOCK_RFC3339_SIZE];

	(void)clock_rfc3339(at, t);
	html_start(h, tag, NULL);
	html_textf(h, "%.10s %.8s", t, t + 11);
	html_end(h, tag);
	html_newline(h);
}

static void
labels(struct html *h, char **names, size_t n, const char *domain)
{
	for (size_t i = 0; i < n; i++) {
		html_element(h, "category", names[i], "domain", domain,
		    "nicename", names[i], NULL);
		html_newline(h);
	}
}

/* The whole thread as one text: what was added stands below, dated. */
static int
content(struct html *h, const struct model_thread *t)
{
	struct buf text;
	struct html inner;
	int rc = 0;

	buf_init(&text, WXR_ITEM_MAX);
	html_init(&inner, &text);
	for (size_t i = 0; i < t->n_entries && rc == 0; i++) {
		const struct model_entry *en = &t->entries[i];
		char at[CLOCK_RFC3339_SIZE];

		if (!en->published)
			continue;
		if (i > 0) {
			html_start(&inner, "p", NULL);
			html_start(&inner, "strong", NULL);
			html_textf(&inner, "%s, %s", en->title,
			    clock_rfc3339(en->at, at));
			html_end(&inner, "strong");
			html_end(&inner, "p");
		}
		rc = markdown_html(&inner, en->body, 3);
	}
	html_start(h, "content:encoded", NULL);
	html_text(h, buf_text(&text));
	html_end(h, "content:encoded");
	html_newline(h);
	rc = text.bad ? -1 : rc;
	buf_free(&text);
	return rc;
}

static int
wxr_item(
    struct html *h, const struct model_site *site, const struct model_thread *t)
{
	const char *slug = strrchr(t->path, '/');
	int rc;

	html_start(h, "item", NULL);
	html_newline(h);
	html_element(h, "title", t->title, NULL);
	html_start(h, "link", NULL);
	html_textf(h, "%s%s/", site->url, t->path);
	html_end(h, "link");
	html_start(h, "guid", "isPermaLink", "false", NULL);
	html_textf(h, "%s%s", site->url, t->key);
	html_end(h, "guid");
	html_newline(h);
	rc = content(h, t);
	html_start(h, "wp:post_id", NULL);
	html_textf(h, "%" PRId64, t->old_id != 0 ? t->old_id : t->id);
	html_end(h, "wp:post_id");
	date(h, "wp:post_date", t->opened_at);
	date(h, "wp:post_date_gmt", t->opened_at);
	html_element(
	    h, "wp:post_name", slug != NULL ? slug + 1 : t->path, NULL);
	html_element(h, "wp:status", "publish", NULL);
	html_element(h, "wp:post_type", "post", NULL);
	html_newline(h);
	labels(h, t->categories, t->n_categories, "category");
	labels(h, t->tags, t->n_tags, "post_tag");
	html_end(h, "item");
	html_newline(h);
	return rc;
}

static int
export_wxr(const struct model_site *site, struct err *e)
{
	struct html h;
	struct buf b;
	int rc = 0;

	buf_init(&b, WXR_ITEM_MAX * 16);
	xml_init(&h, &b);
	buf_str(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	html_start(&h, "rss", "version", "2.0", "xmlns:content",
	    "http://purl.org/rss/1.0/modules/content/", "xmlns:wp",
	    "http://wordpress.org/export/1.2/", NULL);
	html_start(&h, "channel", NULL);
	html_newline(&h);
	html_element(&h, "title", site->title, NULL);
	html_element(&h, "link", site->url, NULL);
	html_element(&h, "wp:wxr_version", "1.2", NULL);
	html_newline(&h);
	for (size_t i = 0; i < site->n_threads && rc == 0; i++) {
		if (site->threads[i].published)
			rc = wxr_item(&h, site, &site->threads[i]);
	}
	html_end(&h, "channel");
	html_end(&h, "rss");
	html_newline(&h);
	if (rc == -1 || b.bad || html_done(&h) == -1 ||
	    fwrite(b.data, 1, b.len, stdout) != b.len)
		rc = err_set(e, "write the export");
	buf_free(&b);
	return rc == -1 ? CTL_FAILED : CTL_DONE;
}

/* Everything for the operator as JSON; what is public as WXR. */
int
ctl_export(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	int rc;

	if (ctl_args(argc, argv, "jw", &a, e) == -1 ||
	    ctl_too_many(&a, 0, e) == -1)
		return CTL_WRONG;
	site = store_load_site(
	    c->store, c->config, a.wxr ? STORE_PUBLIC : STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	rc = a.wxr ? export_wxr(site, e) : export_json(site, e);
	model_free(site);
	return rc;
}

/* The site as statusd would render it, for another host. */
int
ctl_export_site(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *model;
	struct site *site;
	struct ctl_args a;
	int rc = -1;

	if (ctl_args(argc, argv, "", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.n_words == 0) {
		(void)err_set(e, "which folder?");
		return CTL_WRONG;
	}
	if (mkdir(a.words[0], 0755) == -1 && errno != EEXIST) {
		(void)err_set(e, "%s: %s", a.words[0], strerror(errno));
		return CTL_WRONG;
	}
	model = store_load_site(c->store, c->config, STORE_PUBLIC, c->now, e);
	site = model != NULL ? site_open(a.words[0], "", e) : NULL;
	if (site != NULL) {
		/* What is old can be left for a further turn. */
		for (int i = 0; i < TURNS_MAX; i++) {
			rc = site_update(site, model, c->now, e);
			if (rc == -1 || !site_wants_update(site))
				break;
		}
		site_close(site);
	}
	model_free(model);
	return rc == -1 ? CTL_FAILED : CTL_DONE;
}
