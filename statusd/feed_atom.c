#include "statusd/feed_parts.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/say.h"

#define HISTORY_MAX 50

static void
atom_time(struct html *h, const char *tag, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	html_element(h, tag, clock_rfc3339(at, text), NULL);
}

static void
link_to(struct html *h, const char *rel, const char *type, const char *href)
{
	html_element(
	    h, "link", "", "rel", rel, "type", type, "href", href, NULL);
}

static void
categories(struct html *h, const struct model_thread *t)
{
	for (size_t i = 0; i < t->n_categories; i++)
		html_element(h, "category", "", "term", t->categories[i], NULL);
	for (size_t i = 0; i < t->n_tags; i++)
		html_element(h, "category", "", "term", t->tags[i], NULL);
}

/* Of the whole thread, or of one entry unless NULL. */
static void
atom_entry(struct html *h, const struct model_site *site,
    const struct model_thread *t, const struct model_entry *e)
{
	struct buf text;

	html_start(h, "entry", NULL);
	buf_init(&text, 8192);
	if (e != NULL)
		feed_guid(&text, "entry", e->key);
	else
		feed_guid(&text, "incident", t->key);
	html_element(h, "id", buf_text(&text), NULL);
	atom_time(h, "published", e != NULL ? e->at : t->opened_at);
	atom_time(h, "updated", e != NULL ? e->at : t->updated_at);
	buf_reset(&text);
	feed_address(
	    site, t, e != NULL && e->kind != MODEL_OPENING ? e : NULL, &text);
	link_to(h, "alternate", "text/html", buf_text(&text));
	buf_free(&text);
	html_element(h, "title", e != NULL ? e->title : t->title, NULL);
	categories(h, t);
	html_start(h, "content", "type", "html", NULL);
	if (e != NULL)
		feed_content(h, e);
	else
		feed_story(h, t);
	html_end(h, "content");
	html_end(h, "entry");
	html_newline(h);
}

static void
atom_begin(struct html *h, const struct feed *f)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
	struct buf text;

	html_trusted(h, xml, sizeof(xml) - 1);
	html_start(h, "feed", "xmlns", FEED_ATOM_NS, "xml:lang",
	    say(SAY_LANGUAGE), NULL);
	html_newline(h);
	buf_init(&text, 8192);
	buf_printf(&text, "%s%s", f->site->url, f->path);
	html_element(h, "id", buf_text(&text), NULL);
	link_to(h, "self", "application/atom+xml", buf_text(&text));
	link_to(h, "alternate", "text/html", f->site->url);
	buf_reset(&text);
	feed_title(f, &text);
	html_element(h, "title", buf_text(&text), NULL);
	buf_free(&text);
	html_start(h, "author", NULL);
	html_element(h, "name", f->site->title, NULL);
	html_end(h, "author");
	atom_time(h, "updated", feed_modified_of(f));
	html_newline(h);
}

static int
atom_end(struct html *h)
{
	html_end(h, "feed");
	html_newline(h);
	return html_done(h);
}

int
feed_atom(const struct feed *f, struct buf *out)
{
	struct feed_item items[FEED_ITEMS_MAX];
	size_t n = feed_items(f, items);
	struct html h;

	xml_init(&h, out);
	atom_begin(&h, f);
	for (size_t i = 0; i < n; i++)
		atom_entry(
		    &h, f->site, items[i].thread, feed_entry_of(&items[i]));
	return atom_end(&h);
}

int
feed_history_atom(const struct model_site *site, struct buf *out)
{
	struct feed f = {
		.site = site, .name = "", .path = "history.atom", .events = true
	};
	struct html h;
	size_t n = 0;

	xml_init(&h, out);
	atom_begin(&h, &f);
	for (size_t i = 0; i < site->n_threads && n < HISTORY_MAX; i++) {
		if (site->threads[i].kind == MODEL_POST)
			continue;
		n++;
		atom_entry(&h, site, &site->threads[i], NULL);
	}
	return atom_end(&h);
}
