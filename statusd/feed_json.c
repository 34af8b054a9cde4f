#include "statusd/feed_parts.h"

#include "lib/buf.h"
#include "statusd/jout.h"
#include "statusd/markdown.h"
#include "statusd/say.h"

#define PART_MAX ((size_t)4 * 1024 * 1024)

static void
contents(struct jout *j, const struct model_entry *e)
{
	struct buf text;
	struct html h;

	buf_init(&text, PART_MAX);
	html_init(&h, &text);
	if (markdown_html(&h, e->body, 3) != 0 || text.bad)
		j->out->bad = 1;
	jout_text(j, "content_html", buf_text(&text));
	buf_reset(&text);
	if (markdown_plain(&text, e->body) != 0 || text.bad)
		j->out->bad = 1;
	jout_text(j, "content_text", buf_text(&text));
	buf_free(&text);
}

static void
tags(struct jout *j, const struct model_thread *t)
{
	jout_array(j, "tags");
	for (size_t i = 0; i < t->n_systems; i++)
		jout_text(j, NULL, t->systems[i]);
	for (size_t i = 0; i < t->n_categories; i++)
		jout_text(j, NULL, t->categories[i]);
	for (size_t i = 0; i < t->n_tags; i++)
		jout_text(j, NULL, t->tags[i]);
	jout_array_end(j);
}

static void
item(struct jout *j, const struct feed *f, const struct feed_item *i)
{
	const struct model_entry *e = feed_entry_of(i);
	struct buf text;

	jout_object(j, NULL);
	buf_init(&text, 8192);
	feed_guid(&text, "entry", e->key);
	jout_text(j, "id", buf_text(&text));
	buf_reset(&text);
	feed_address(f->site, i->thread, i->entry > 0 ? e : NULL, &text);
	jout_text(j, "url", buf_text(&text));
	buf_free(&text);
	jout_text(j, "title", e->title);
	contents(j, e);
	jout_time(j, "date_published", e->at);
	tags(j, i->thread);
	jout_object_end(j);
}

int
feed_json(const struct feed *f, struct buf *out)
{
	struct feed_item items[FEED_ITEMS_MAX];
	size_t n = feed_items(f, items);
	struct buf text;
	struct jout j;

	jout_init(&j, out);
	jout_object(&j, NULL);
	jout_text(&j, "version", "https://jsonfeed.org/version/1.1");
	buf_init(&text, 8192);
	feed_title(f, &text);
	jout_text(&j, "title", buf_text(&text));
	jout_text(&j, "home_page_url", f->site->url);
	buf_reset(&text);
	buf_printf(&text, "%s%s", f->site->url, f->path);
	jout_text(&j, "feed_url", buf_text(&text));
	buf_free(&text);
	jout_text(&j, "language", say(SAY_LANGUAGE));
	jout_array(&j, "items");
	for (size_t i = 0; i < n; i++)
		item(&j, f, &items[i]);
	jout_array_end(&j);
	jout_object_end(&j);
	return jout_done(&j);
}
