#include "statusd/feed_parts.h"

#include "lib/buf.h"
#include "statusd/http_rules.h"
#include "statusd/markdown.h"
#include "statusd/say.h"

#define HISTORY_MAX 50
#define PART_MAX ((size_t)4 * 1024 * 1024)

static void
link_element(struct html *h, const struct model_site *site,
    const struct model_thread *t, const struct model_entry *e)
{
	struct buf url;

	buf_init(&url, 8192);
	feed_address(site, t, e, &url);
	html_element(h, "link", buf_text(&url), NULL);
	buf_free(&url);
}

static void
guid_element(struct html *h, const char *kind, const char *key)
{
	struct buf guid;

	buf_init(&guid, 256);
	feed_guid(&guid, kind, key);
	html_element(h, "guid", buf_text(&guid), "isPermaLink", "false", NULL);
	buf_free(&guid);
}

static void
date_element(struct html *h, const char *tag, int64_t at)
{
	char date[HTTP_DATE_SIZE];

	html_element(h, tag, http_date(at, date), NULL);
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
rss_begin(struct html *h, const struct feed *f, const char *about)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	struct buf text;
	int64_t modified = feed_modified_of(f);

	html_trusted(h, xml, sizeof(xml) - 1);
	html_start(h, "rss", "version", "2.0", "xmlns:atom", FEED_ATOM_NS,
	    "xmlns:content", "http://purl.org/rss/1.0/modules/content/", NULL);
	html_start(h, "channel", NULL);
	html_newline(h);
	buf_init(&text, 8192);
	feed_title(f, &text);
	html_element(h, "title", buf_text(&text), NULL);
	html_element(h, "link", f->site->url, NULL);
	html_element(h, "description", about, NULL);
	html_element(h, "language", say(SAY_LANGUAGE), NULL);
	buf_reset(&text);
	buf_printf(&text, "%s%s", f->site->url, f->path);
	html_element(h, "atom:link", "", "href", buf_text(&text), "rel", "self",
	    "type", "application/rss+xml", NULL);
	buf_free(&text);
	if (modified != 0)
		date_element(h, "lastBuildDate", modified);
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
categories(struct html *h, const struct model_thread *t)
{
	for (size_t i = 0; i < t->n_categories; i++)
		html_element(h, "category", t->categories[i], NULL);
	for (size_t i = 0; i < t->n_tags; i++)
		html_element(h, "category", t->tags[i], NULL);
}

static void
rss_item(struct html *h, const struct feed *f, const struct feed_item *item)
{
	const struct model_entry *e = feed_entry_of(item);

	html_start(h, "item", NULL);
	html_element(h, "title", e->title, NULL);
	link_element(h, f->site, item->thread, item->entry > 0 ? e : NULL);
	guid_element(h, "entry", e->key);
	date_element(h, "pubDate", e->at);
	categories(h, item->thread);
	plain_element(h, e);
	html_start(h, "content:encoded", NULL);
	feed_content(h, e);
	html_end(h, "content:encoded");
	html_end(h, "item");
	html_newline(h);
}

int
feed_rss(const struct feed *f, struct buf *out)
{
	struct feed_item items[FEED_ITEMS_MAX];
	size_t n = feed_items(f, items);
	struct html h;

	xml_init(&h, out);
	rss_begin(&h, f, say(SAY_FEED_ABOUT));
	for (size_t i = 0; i < n; i++)
		rss_item(&h, f, &items[i]);
	return rss_end(&h);
}

int
feed_history_rss(const struct model_site *site, struct buf *out)
{
	struct feed f = {
		.site = site, .name = "", .path = "history.rss", .events = true
	};
	struct html h;
	size_t n = 0;

	xml_init(&h, out);
	rss_begin(&h, &f, say(SAY_FEED_HISTORY));
	for (size_t i = 0; i < site->n_threads && n < HISTORY_MAX; i++) {
		const struct model_thread *t = &site->threads[i];

		if (t->kind == MODEL_POST)
			continue;
		n++;
		html_start(&h, "item", NULL);
		html_element(&h, "title", t->title, NULL);
		html_start(&h, "description", NULL);
		feed_story(&h, t);
		html_end(&h, "description");
		date_element(&h, "pubDate", t->opened_at);
		link_element(&h, site, t, NULL);
		guid_element(&h, "incident", t->key);
		html_end(&h, "item");
		html_newline(&h);
	}
	return rss_end(&h);
}
