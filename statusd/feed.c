#include "statusd/feed.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/html.h"
#include "statusd/http_rules.h"
#include "statusd/markdown.h"
#include "statusd/view.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX 50
#define HISTORY_MAX 50
#define PART_MAX ((size_t)4 * 1024 * 1024)

#define ATOM "http://www.w3.org/2005/Atom"

struct item {
	const struct model_thread *thread;
	size_t entry;
};

static const struct model_entry *
entry_of(const struct item *i)
{
	return &i->thread->entries[i->entry];
}

/* Newest first; of one second, the later entry. */
static int
by_time(const void *a, const void *b)
{
	const struct model_entry *ea = entry_of(a), *eb = entry_of(b);

	if (ea->at != eb->at)
		return ea->at < eb->at ? 1 : -1;
	if (ea->id != eb->id)
		return ea->id < eb->id ? 1 : -1;
	return 0;
}

static struct item *
newest_items(const struct model_site *site, size_t *n_r)
{
	struct item *items;
	size_t n = 0;

	for (size_t i = 0; i < site->n_threads; i++)
		n += site->threads[i].n_entries;
	items = calloc(n + 1, sizeof(*items));
	*n_r = 0;
	if (items == NULL)
		return NULL;
	for (size_t i = 0; i < site->n_threads; i++)
		for (size_t k = 0; k < site->threads[i].n_entries; k++)
			items[(*n_r)++] = (struct item){ &site->threads[i], k };
	qsort(items, *n_r, sizeof(*items), by_time);
	return items;
}

int64_t
feed_modified(const struct model_site *site)
{
	int64_t newest = 0;

	for (size_t i = 0; i < site->n_threads; i++)
		for (size_t k = 0; k < site->threads[i].n_entries; k++)
			if (site->threads[i].entries[k].at > newest)
				newest = site->threads[i].entries[k].at;
	return newest;
}

static void
address(const struct model_site *site, const struct model_thread *t,
    const struct model_entry *e, struct buf *out)
{
	buf_printf(out, "%s%s/", site->url, t->path);
	if (e != NULL)
		buf_printf(out, "#%s", e->key);
}

static void
link_element(struct html *h, const struct model_site *site,
    const struct model_thread *t, const struct model_entry *e)
{
	struct buf url;

	buf_init(&url, 8192);
	address(site, t, e, &url);
	html_element(h, "link", buf_text(&url), NULL);
	buf_free(&url);
}

/* "urn:mailglance:entry:abc...": says nothing that could ever change. */
static void
set_guid(struct buf *out, const char *kind, const char *key)
{
	buf_printf(out, "urn:mailglance:%s:%s", kind, key);
}

static void
guid_element(struct html *h, const char *kind, const char *key)
{
	struct buf guid;

	buf_init(&guid, 256);
	set_guid(&guid, kind, key);
	html_element(h, "guid", buf_text(&guid), "isPermaLink", "false", NULL);
	buf_free(&guid);
}

static void
date_element(struct html *h, const char *tag, int64_t at)
{
	char date[HTTP_DATE_SIZE];

	html_element(h, tag, http_date(at, date), NULL);
}

/* An entry's text as HTML, as the text of an element. */
static void
content_of(struct html *h, const struct model_entry *e)
{
	struct buf text;
	struct html inner;

	buf_init(&text, PART_MAX);
	html_init(&inner, &text);
	if (markdown_html(&inner, e->body, 3) != 0 || text.bad)
		h->out->bad = 1;
	html_text_n(h, buf_text(&text), text.len);
	buf_free(&text);
}

static void
plain_element(struct html *h, const struct model_entry *e)
{
	struct buf text;

	buf_init(&text, PART_MAX);
	if (markdown_plain(&text, e->body) != 0)
		h->out->bad = 1;
	html_element(h, "description", buf_text(&text), NULL);
	buf_free(&text);
}

static void
rss_begin(struct html *h, const struct model_site *site, const char *path,
    const char *about)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	struct buf url;

	html_trusted(h, xml, sizeof(xml) - 1);
	html_start(h, "rss", "version", "2.0", "xmlns:atom", ATOM,
	    "xmlns:content", "http://purl.org/rss/1.0/modules/content/", NULL);
	html_start(h, "channel", NULL);
	html_newline(h);
	html_element(h, "title", site->title, NULL);
	html_element(h, "link", site->url, NULL);
	html_element(h, "description", about, NULL);
	html_element(h, "language", "en", NULL);
	buf_init(&url, 8192);
	buf_printf(&url, "%s%s", site->url, path);
	html_element(h, "atom:link", "", "href", buf_text(&url), "rel", "self",
	    "type", "application/rss+xml", NULL);
	buf_free(&url);
	if (feed_modified(site) != 0)
		date_element(h, "lastBuildDate", feed_modified(site));
	html_newline(h);
}

static int
rss_end(struct html *h)
{
	html_end(h, "channel");
	html_end(h, "rss");
	html_newline(h);
	return html_done(h);
}

static void
rss_item(struct html *h, const struct model_site *site, const struct item *item)
{
	const struct model_entry *e = entry_of(item);

	html_start(h, "item", NULL);
	html_element(h, "title", e->title, NULL);
	link_element(h, site, item->thread, item->entry > 0 ? e : NULL);
	guid_element(h, "entry", e->key);
	date_element(h, "pubDate", e->at);
	plain_element(h, e);
	html_start(h, "content:encoded", NULL);
	content_of(h, e);
	html_end(h, "content:encoded");
	html_end(h, "item");
	html_newline(h);
}

int
feed_posts(const struct model_site *site, struct buf *out)
{
	size_t n;
	struct item *items = newest_items(site, &n);
	struct html h;

	if (items == NULL)
		return -1;
	xml_init(&h, out);
	rss_begin(&h, site, "feed/", "Posts and their updates, as they come");
	for (size_t i = 0; i < n && i < ITEMS_MAX; i++)
		rss_item(&h, site, &items[i]);
	free(items);
	return rss_end(&h);
}

/* All entries of an incident, newest first, as HTML in one text. */
static void
story_of(struct html *h, const struct model_thread *t)
{
	for (size_t i = t->n_entries; i > 0; i--) {
		const struct model_entry *e = &t->entries[i - 1];
		char time[VIEW_TIME_SIZE];
		struct buf label, part;
		struct html inner;

		buf_init(&label, 256);
		view_entry_label(t, e, &label);
		buf_init(&part, PART_MAX);
		html_init(&inner, &part);
		html_start(&inner, "p", NULL);
		html_element(&inner, "strong", buf_text(&label), NULL);
		html_textf(&inner, ", %s", view_minute(e->at, time));
		html_end(&inner, "p");
		html_text_n(h, buf_text(&part), part.len);
		buf_free(&part);
		buf_free(&label);
		content_of(h, e);
	}
}

int
feed_history_rss(const struct model_site *site, struct buf *out)
{
	struct html h;
	size_t n = 0;

	xml_init(&h, out);
	rss_begin(&h, site, "history.rss", "Incidents and maintenance");
	for (size_t i = 0; i < site->n_threads && n < HISTORY_MAX; i++) {
		const struct model_thread *t = &site->threads[i];

		if (t->kind == MODEL_POST)
			continue;
		n++;
		html_start(&h, "item", NULL);
		html_element(&h, "title", t->title, NULL);
		html_start(&h, "description", NULL);
		story_of(&h, t);
		html_end(&h, "description");
		date_element(&h, "pubDate", t->opened_at);
		link_element(&h, site, t, NULL);
		guid_element(&h, "incident", t->key);
		html_end(&h, "item");
		html_newline(&h);
	}
	return rss_end(&h);
}

static void
atom_time(struct html *h, const char *tag, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	html_element(h, tag, clock_rfc3339(at, text), NULL);
}

static void
atom_entry(
    struct html *h, const struct model_site *site, const struct model_thread *t)
{
	struct buf text;

	html_start(h, "entry", NULL);
	buf_init(&text, 8192);
	set_guid(&text, "incident", t->key);
	html_element(h, "id", buf_text(&text), NULL);
	atom_time(h, "published", t->opened_at);
	atom_time(h, "updated", t->updated_at);
	buf_reset(&text);
	address(site, t, NULL, &text);
	html_element(h, "link", "", "rel", "alternate", "type", "text/html",
	    "href", buf_text(&text), NULL);
	buf_free(&text);
	html_element(h, "title", t->title, NULL);
	html_start(h, "content", "type", "html", NULL);
	story_of(h, t);
	html_end(h, "content");
	html_end(h, "entry");
	html_newline(h);
}

static void
atom_begin(struct html *h, const struct model_site *site)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	struct buf url;

	html_trusted(h, xml, sizeof(xml) - 1);
	html_start(h, "feed", "xmlns", ATOM, "xml:lang", "en", NULL);
	html_newline(h);
	buf_init(&url, 8192);
	buf_printf(&url, "%shistory.atom", site->url);
	html_element(h, "id", buf_text(&url), NULL);
	html_element(h, "link", "", "rel", "self", "type",
	    "application/atom+xml", "href", buf_text(&url), NULL);
	buf_free(&url);
	html_element(h, "link", "", "rel", "alternate", "type", "text/html",
	    "href", site->url, NULL);
	html_element(h, "title", site->title, NULL);
	html_start(h, "author", NULL);
	html_element(h, "name", site->title, NULL);
	html_end(h, "author");
	atom_time(h, "updated", feed_modified(site));
	html_newline(h);
}

int
feed_history_atom(const struct model_site *site, struct buf *out)
{
	struct html h;
	size_t n = 0;

	xml_init(&h, out);
	atom_begin(&h, site);
	for (size_t i = 0; i < site->n_threads && n < HISTORY_MAX; i++) {
		if (site->threads[i].kind == MODEL_POST)
			continue;
		n++;
		atom_entry(&h, site, &site->threads[i]);
	}
	html_end(&h, "feed");
	html_newline(&h);
	return html_done(&h);
}
