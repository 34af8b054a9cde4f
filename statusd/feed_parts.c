#include "statusd/feed_parts.h"

#include "lib/buf.h"
#include "statusd/markdown.h"
#include "statusd/view.h"

#include <stdbool.h>
#include <string.h>

#define PART_MAX ((size_t)4 * 1024 * 1024)

const struct model_entry *
feed_entry_of(const struct feed_item *i)
{
	return &i->thread->entries[i->entry];
}

/* Newest first; of one second, the later entry. */
static bool
is_newer(const struct feed_item *a, const struct feed_item *b)
{
	const struct model_entry *ea = feed_entry_of(a), *eb = feed_entry_of(b);

	return ea->at != eb->at ? ea->at > eb->at : ea->id > eb->id;
}

/* Put it where it belongs among the newest; returns how many there are. */
static size_t
keep(struct feed_item *items, size_t n, const struct feed_item *item)
{
	size_t at = n;

	if (n == FEED_ITEMS_MAX) {
		if (!is_newer(item, &items[n - 1]))
			return n;
		at = --n;
	}
	while (at > 0 && is_newer(item, &items[at - 1])) {
		items[at] = items[at - 1];
		at--;
	}
	items[at] = *item;
	return n + 1;
}

static size_t
count_of(const struct feed *f)
{
	return f->threads != NULL ? f->n_threads : f->site->n_threads;
}

static const struct model_thread *
thread_of(const struct feed *f, size_t i)
{
	return &f->site->threads[f->threads != NULL ? f->threads[i] : i];
}

size_t
feed_items(const struct feed *f, struct feed_item items[FEED_ITEMS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < count_of(f); i++) {
		const struct model_thread *t = thread_of(f, i);

		/* None of its entries is newer than this. */
		if (n == FEED_ITEMS_MAX &&
		    t->updated_at < feed_entry_of(&items[n - 1])->at)
			continue;
		for (size_t k = 0; k < t->n_entries; k++) {
			struct feed_item item = { t, k };

			n = keep(items, n, &item);
		}
	}
	return n;
}

/* Newest first by what was added last, as feed_items() takes them. */
size_t
feed_needs(const struct feed *f,
    const struct model_thread *needed[FEED_NEEDS_MAX], bool *missing_r)
{
	size_t n = 0, seen = 0;

	*missing_r = false;
	for (size_t i = 0; i < count_of(f) && seen < FEED_ITEMS_MAX; i++) {
		const struct model_thread *t = thread_of(f, i);

		seen += t->light ? 1 : t->n_entries;
		*missing_r = *missing_r || t->light;
		if (n < FEED_NEEDS_MAX)
			needed[n++] = t;
	}
	return n;
}

int64_t
feed_modified_of(const struct feed *f)
{
	int64_t newest = 0;

	for (size_t i = 0; i < count_of(f); i++) {
		const struct model_thread *t = thread_of(f, i);

		if ((t->n_entries > 0 || t->light) && t->updated_at > newest &&
		    (!f->events || t->kind != MODEL_POST))
			newest = t->updated_at;
	}
	return newest;
}

int64_t
feed_modified_events(const struct model_site *site)
{
	struct feed f = { .site = site, .events = true };

	return feed_modified_of(&f);
}

int64_t
feed_modified(const struct model_site *site)
{
	struct feed f = { .site = site };

	return feed_modified_of(&f);
}

void
feed_title(const struct feed *f, struct buf *out)
{
	buf_str(out, f->site->title);
	if (f->name[0] != '\0')
		buf_printf(out, ": %s", f->name);
}

void
feed_address(const struct model_site *site, const struct model_thread *t,
    const struct model_entry *e, struct buf *out)
{
	buf_printf(out, "%s%s/", site->url, t->path);
	if (e != NULL)
		buf_printf(out, "#%s", e->key);
}

void
feed_guid(struct buf *out, const char *kind, const char *key)
{
	buf_printf(out, "urn:mailglance:%s:%s", kind, key);
}

void
feed_content(struct html *h, const struct model_entry *e)
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

void
feed_story(struct html *h, const struct model_thread *t)
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
		feed_content(h, e);
	}
}
