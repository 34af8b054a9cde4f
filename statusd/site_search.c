#include "statusd/site_search.h"

#include "lib/buf.h"
#include "statusd/markdown.h"
#include "statusd/page_frame.h"
#include "statusd/page_parts.h"
#include "statusd/view.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 8
#define WORD_SIZE 64
#define HITS_MAX 50
#define TEXT_MAX ((size_t)1024 * 1024)
/* Bytes shown before and behind the first match. */
#define BEFORE 60
#define BEHIND 180

struct found_post {
	char *title;
	char *path;
	char *text;
	int64_t at;
};

struct search {
	_Atomic(unsigned) refs;
	struct model_site site; /* title, address and links alone */
	int64_t modified; /* of the newest entry */
	struct found_post *posts;
	size_t n;
};

struct words {
	char word[WORDS_MAX][WORD_SIZE];
	size_t n;
};

static char *
text_of(const struct model_thread *t)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < t->n_entries; i++) {
		buf_str(&text, t->entries[i].title);
		buf_char(&text, '\n');
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

static int
add_post(struct search *s, const struct model_thread *t)
{
	struct found_post *p = &s->posts[s->n++];

	p->title = strdup(t->title);
	p->path = strdup(t->path);
	p->text = text_of(t);
	p->at = t->opened_at;
	return p->title == NULL || p->path == NULL || p->text == NULL ? -1 : 0;
}

struct search *
search_new(const struct model_site *model)
{
	struct search *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	atomic_init(&s->refs, 1);
	s->posts = calloc(model->n_threads + 1, sizeof(*s->posts));
	if (s->posts == NULL || copy_site(&s->site, model) != 0) {
		search_unref(s);
		return NULL;
	}
	for (size_t i = 0; i < model->n_threads; i++) {
		if (model->threads[i].updated_at > s->modified)
			s->modified = model->threads[i].updated_at;
		if (add_post(s, &model->threads[i]) != 0) {
			search_unref(s);
			return NULL;
		}
	}
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
	for (size_t i = 0; i < s->n; i++) {
		free(s->posts[i].title);
		free(s->posts[i].path);
		free(s->posts[i].text);
	}
	for (size_t i = 0; i < s->site.n_links; i++) {
		free(s->site.links[i].name);
		free(s->site.links[i].url);
	}
	free(s->site.links);
	free(s->site.title);
	free(s->site.url);
	free(s->posts);
	free(s);
}

static void
split(const char *query, struct words *w)
{
	w->n = 0;
	while (*query != '\0' && w->n < WORDS_MAX) {
		size_t n;

		query += strspn(query, " \t\r\n");
		n = strcspn(query, " \t\r\n");
		if (n > 0 && n < WORD_SIZE) {
			memcpy(w->word[w->n], query, n);
			w->word[w->n++][n] = '\0';
		}
		query += n;
	}
}

static bool
has_all(const struct found_post *p, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcasestr(p->title, w->word[i]) == NULL &&
		    strcasestr(p->text, w->word[i]) == NULL)
			return false;
	return w->n > 0;
}

/* The first of the words in "text"; its length in *len_r. */
static const char *
first_match(const char *text, const struct words *w, size_t *len_r)
{
	const char *first = NULL;

	for (size_t i = 0; i < w->n; i++) {
		const char *at = strcasestr(text, w->word[i]);

		if (at != NULL && (first == NULL || at < first)) {
			first = at;
			*len_r = strlen(w->word[i]);
		}
	}
	return first;
}

static bool
inside_char(const char *s)
{
	return ((unsigned char)*s & 0xc0) == 0x80;
}

/* From "from" to the begin of the next word, "limit" at most. */
static const char *
next_word(const char *from, const char *limit)
{
	const char *p = from;

	while (p < limit && *p != ' ' && *p != '\n')
		p++;
	if (p < limit)
		return p + 1;
	while (from < limit && inside_char(from))
		from++;
	return from;
}

/* The end of the last whole word before "end". */
static const char *
last_word(const char *at, const char *end)
{
	const char *p = end;

	if (*end == '\0')
		return end;
	while (p > at && *p != ' ' && *p != '\n')
		p--;
	if (p > at)
		return p;
	while (end > at && inside_char(end))
		end--;
	return end;
}

/* The text around the first match, each match in a <mark>. */
static void
snippet(struct html *h, const char *text, const struct words *w)
{
	size_t len = 0;
	const char *at = first_match(text, w, &len), *from, *end;
	char part[BEFORE + WORD_SIZE + BEHIND + 8];
	size_t n;

	if (at == NULL)
		at = text;
	from = at - text > BEFORE ? next_word(at - BEFORE, at) : text;
	end = last_word(at + len, at + len + strnlen(at + len, BEHIND));
	n = (size_t)(end - from);
	memcpy(part, from, n);
	part[n] = '\0';
	html_start(h, "p", NULL);
	if (from > text)
		html_text(h, "… ");
	for (from = part; (at = first_match(from, w, &len)) != NULL;
	     from = at + len) {
		html_text_n(h, from, (size_t)(at - from));
		html_start(h, "mark", NULL);
		html_text_n(h, at, len);
		html_end(h, "mark");
	}
	html_text(h, from);
	if (*end != '\0')
		html_text(h, " …");
	html_end(h, "p");
}

static void
hit(struct page *p, const struct found_post *post, const struct words *w)
{
	struct model_thread t = { .path = post->path };
	char path[PAGE_PATH_SIZE];

	html_start(&p->h, "li", NULL);
	page_minute(p, post->at);
	html_text(&p->h, " ");
	page_link(p, page_thread_path(&t, path), post->title);
	snippet(&p->h, post->text, w);
	html_end(&p->h, "li");
	html_newline(&p->h);
}

static void
form(struct page *p, const char *query)
{
	struct html *h = &p->h;

	html_start(
	    h, "form", "role", "search", "method", "get", "action", "./", NULL);
	html_start(h, "label", NULL);
	html_text(h, "Words to look for");
	html_start(h, "input", "type", "search", "name", "q", "value", query,
	    "maxlength", "200", "enterkeyhint", "search", NULL);
	html_end(h, "label");
	html_element(h, "button", "Search", "type", "submit", NULL);
	html_end(h, "form");
}

static void
results(struct page *p, const struct search *s, const char *query)
{
	struct html *h = &p->h;
	struct words w;
	size_t n = 0;

	split(query, &w);
	for (size_t i = 0; i < s->n; i++)
		n += has_all(&s->posts[i], &w);
	html_start(h, "p", "role", "status", NULL);
	if (n == 0)
		html_text(h, "No post has all of these words.");
	else
		html_textf(h, "%zu post%s found%s", n, n == 1 ? "" : "s",
		    n > HITS_MAX ? ", the newest of them:" : ":");
	html_end(h, "p");
	if (n == 0)
		return;
	html_start(h, "ul", "class", "lines", NULL);
	n = 0;
	for (size_t i = 0; i < s->n && n < HITS_MAX; i++) {
		if (!has_all(&s->posts[i], &w))
			continue;
		n++;
		hit(p, &s->posts[i], &w);
	}
	html_end(h, "ul");
}

int
search_page(
    const struct search *s, const char *query, int64_t now, struct buf *out)
{
	static const struct page_head head = { .title = "Search",
		.path = "search/",
		.lives = "Posts that are newer than that were not looked "
		         "through." };
	struct page p;

	page_begin(&p, &s->site, &head, now != 0 ? now : s->modified, out);
	html_element(&p.h, "h1", "Search", NULL);
	form(&p, query);
	if (query[strspn(query, " \t\r\n")] != '\0')
		results(&p, s, query);
	return page_end(&p, &head);
}
