#include "statusd/site_search.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/markdown.h"
#include "statusd/page_frame.h"
#include "statusd/page_parts.h"
#include "statusd/store_search.h"
#include "statusd/view.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define HITS_MAX 50
#define TEXT_MAX ((size_t)1024 * 1024)
/* Posts taken into the index in one go. */
#define BATCH SEARCH_WANTED_MAX

struct search {
	_Atomic(unsigned) refs;
	struct model_site site; /* title, address and links alone */
	int64_t modified; /* of the newest entry */
};

/* What an entry is, and its title where that says more than the thread's. */
static void
head_of(const struct model_thread *t, size_t i, struct buf *text)
{
	const struct model_entry *e = &t->entries[i];
	const char *bare = strstr(t->title, ": ");
	const char *own = strstr(e->title, ": ");

	if (i == 0)
		return;
	bare = bare != NULL ? bare + 2 : t->title;
	own = own != NULL ? own + 2 : e->title;
	view_entry_label(t, e, text);
	if (e->kind == MODEL_RESOLUTION && strstr(own, bare) == NULL)
		buf_printf(text, ": %s", own);
	buf_str(text, ": ");
}

static char *
text_of(const struct model_thread *t)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < t->n_entries; i++) {
		head_of(t, i, &text);
		(void)markdown_plain(&text, t->entries[i].body);
		buf_char(&text, '\n');
	}
	/* What does not fit is not found; the rest is. */
	text.bad = 0;
	buf_str(&text, "");
	return text.data != NULL ? buf_take(&text) : strdup("");
}

static int
copy_site(struct model_site *to, const struct model_site *from)
{
	to->title = strdup(from->title);
	to->url = strdup(from->url);
	to->links = calloc(from->n_links + 1, sizeof(*to->links));
	if (to->title == NULL || to->url == NULL || to->links == NULL)
		return -1;
	for (size_t i = 0; i < from->n_links; i++) {
		to->n_links = i + 1;
		to->links[i].name = strdup(from->links[i].name);
		to->links[i].url = strdup(from->links[i].url);
		if (to->links[i].name == NULL || to->links[i].url == NULL)
			return -1;
	}
	return 0;
}

struct search *
search_new(const struct model_site *model)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	if (copy_site(&s->site, model) != 0) {
		search_unref(s);
		return NULL;
	}
	for (size_t i = 0; i < model->n_threads; i++)
		if (model->threads[i].updated_at > s->modified)
			s->modified = model->threads[i].updated_at;
	return s;
}

struct search *
search_ref(struct search *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void
search_unref(struct search *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (size_t i = 0; i < s->site.n_links; i++) {
		free(s->site.links[i].name);
		free(s->site.links[i].url);
	}
	free(s->site.links);
	free(s->site.title);
	free(s->site.url);
	free(s);
}

/* A number that changes with what is found of a post (FNV-1a). */
static int64_t
version_of(const struct model_thread *t)
{
	uint64_t h = 14695981039346656037u;
	const char *const texts[] = { t->title, t->path };

	for (size_t i = 0; i < 2; i++)
		for (const char *p = texts[i]; *p != '\0'; p++)
			h = (h ^ (unsigned char)*p) * 1099511628211u;
	h = (h ^ (uint64_t)t->updated_at) * 1099511628211u;
	h = (h ^ (uint64_t)t->rev) * 1099511628211u;
	for (size_t i = 0; t->rev == 0 && i < t->n_entries; i++) {
		h = (h ^ (uint64_t)t->entries[i].id) * 1099511628211u;
		h = (h ^ strlen(t->entries[i].body)) * 1099511628211u;
	}
	return (int64_t)h;
}

static int
by_id(const void *a, const void *b)
{
	int64_t ia = *(const int64_t *)a, ib = *(const int64_t *)b;

	return ia < ib ? -1 : ia > ib;
}

struct ids {
	int64_t *ids;
	size_t n;
};

static int
is_among(void *ctx, int64_t thread)
{
	const struct ids *all = ctx;

	return bsearch(&thread, all->ids, all->n, sizeof(thread), by_id) !=
	    NULL;
}

static int
forget_old(
    struct store_search *index, const struct model_site *model, struct err *e)
{
	struct ids all = { calloc(model->n_threads + 1, sizeof(int64_t)),
		model->n_threads };
	int rc;

	if (all.ids == NULL)
		return err_set(e, "no memory");
	for (size_t i = 0; i < all.n; i++)
		all.ids[i] = model->threads[i].id;
	qsort(all.ids, all.n, sizeof(int64_t), by_id);
	rc = store_search_forget(index, is_among, &all, e);
	free(all.ids);
	return rc;
}

int
search_sync(struct store_search *index, const struct model_site *model,
    struct search_wanted *wanted, struct err *e)
{
	struct search_doc docs[BATCH];
	char *texts[BATCH];
	size_t n = 0;
	bool more = false;
	int rc;

	wanted->n = 0;
	for (size_t i = 0; i < model->n_threads; i++) {
		const struct model_thread *t = &model->threads[i];
		int64_t version = version_of(t), has;

		if (store_search_version(index, t->id, &has) == 1 &&
		    has == version)
			continue;
		if (t->light && wanted->n < SEARCH_WANTED_MAX)
			wanted->threads[wanted->n++] = t->id;
		more = more || t->light || n == BATCH;
		if (t->light || n == BATCH)
			continue;
		texts[n] = text_of(t);
		docs[n] = (struct search_doc){ .thread = t->id,
			.version = version,
			.at = t->opened_at,
			.path = t->path,
			.title = t->title,
			.text = texts[n] != NULL ? texts[n] : "" };
		n++;
	}
	rc = n > 0 ? store_search_put(index, docs, n, e) : 0;
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
	if (rc == 0)
		rc = forget_old(index, model, e);
	return rc == 0 && more ? 1 : rc;
}

/* Text with marks: each match in a <mark>. */
static void
marked(struct html *h, const char *text)
{
	static const char marks[] = { STORE_SEARCH_MARK, STORE_SEARCH_UNMARK,
		'\0' };
	bool open = false;

	while (*text != '\0') {
		size_t n = strcspn(text, marks);

		html_text_n(h, text, n);
		text += n;
		if (*text == STORE_SEARCH_MARK && !open)
			html_start(h, "mark", NULL);
		else if (*text == STORE_SEARCH_UNMARK && open)
			html_end(h, "mark");
		if (*text != '\0')
			open = *text++ == STORE_SEARCH_MARK;
	}
	if (open)
		html_end(h, "mark");
}

static void
hit(void *ctx, const struct search_doc *doc)
{
	struct page *p = ctx;
	struct html *h = &p->h;

	html_start(h, "li", NULL);
	page_minute(p, doc->at);
	html_text(h, " ");
	page_link_slash(p, doc->path);
	marked(h, doc->title);
	html_end(h, "a");
	html_start(h, "p", NULL);
	marked(h, doc->text);
	html_end(h, "p");
	html_end(h, "li");
	html_newline(h);
}

static void
form(struct page *p, const char *query)
{
	struct html *h = &p->h;

	html_start(
	    h, "form", "role", "search", "method", "get", "action", "./", NULL);
	html_start(h, "label", NULL);
	html_text(h, say(SAY_SEARCH_WORDS));
	html_start(h, "input", "type", "search", "name", "q", "value", query,
	    "maxlength", "200", "enterkeyhint", "search", NULL);
	html_end(h, "label");
	html_element(
	    h, "button", say(SAY_SEARCH_BUTTON), "type", "submit", NULL);
	html_end(h, "form");
}

static void
count_line(struct html *h, size_t n)
{
	char number[SAY_NUMBER_SIZE];

	html_start(h, "p", "role", "status", NULL);
	say_html(h,
	    n == 0             ? SAY_FOUND_NONE
	        : n == 1       ? SAY_FOUND_ONE
	        : n > HITS_MAX ? SAY_FOUND_MANY
	                       : SAY_FOUND,
	    "n", say_number((double)n, number), NULL);
	html_end(h, "p");
}

static int
results(struct page *p, struct store_search *index, const char *query)
{
	struct page inner = *p;
	struct search_ask ask = {
		.query = query, .most = HITS_MAX, .each = hit, .ctx = &inner
	};
	struct buf found;
	struct err e;
	size_t n;
	int rc;

	/* How many there are comes first, but is known last. */
	buf_init(&found, p->h.out->cap);
	html_init(&inner.h, &found);
	rc = store_search_find(index, &ask, &n, &e);
	if (found.bad)
		rc = -1;
	if (rc == 0)
		count_line(&p->h, n);
	if (rc == 0 && n > 0) {
		html_start(&p->h, "ul", "class", "lines", NULL);
		html_trusted(&p->h, buf_text(&found), found.len);
		html_end(&p->h, "ul");
	}
	buf_free(&found);
	return rc;
}

int
search_page(const struct search *s, struct store_search *index,
    const struct search_query *q, struct buf *out)
{
	const struct page_head head = { .title = say(SAY_SEARCH),
		.path = "search/",
		.lives = SAY_LIVES_SEARCH };
	struct page p;
	int rc = 0;

	page_begin(
	    &p, &s->site, &head, q->now != 0 ? q->now : s->modified, out);
	html_element(&p.h, "h1", say(SAY_SEARCH), NULL);
	form(&p, q->text);
	if (q->text[strspn(q->text, " \t\r\n")] != '\0')
		rc = index != NULL ? results(&p, index, q->text) : -1;
	return rc == 0 ? page_end(&p, &head) : -1;
}
