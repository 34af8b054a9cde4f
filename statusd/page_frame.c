#include "statusd/page_frame.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/assets.h"
#include "statusd/view.h"

#include <stdio.h>
#include <string.h>

/* The path in the site's address: where its links begin. */
static void
set_base(struct page *p)
{
	const char *host = strstr(p->site->url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;

	p->base = path != NULL ? path : "/";
	p->base_len = strcspn(p->base, "?#");
	if (p->base_len == 0 || p->base[p->base_len - 1] != '/') {
		p->base = "/";
		p->base_len = 1;
	}
}

static void
join(const struct page *p, const char *path, char out[PAGE_PATH_SIZE * 2])
{
	(void)snprintf(out, (size_t)PAGE_PATH_SIZE * 2, "%.*s%s",
	    (int)p->base_len, p->base, path);
}

void
page_address(const struct page *p, const char *path, struct buf *out)
{
	buf_printf(out, "%.*s%s", (int)p->base_len, p->base, path);
}

void
page_link_start(struct page *p, const char *path, const char *style)
{
	char href[PAGE_PATH_SIZE * 2];

	join(p, path, href);
	html_start(&p->h, "a", "href", href, "class", style, NULL);
}

void
page_link_slash(struct page *p, const char *path)
{
	char with[PAGE_PATH_SIZE];

	(void)snprintf(with, sizeof(with), "%s/", path);
	page_link_start(p, with, NULL);
}

void
page_link(struct page *p, const char *path, const char *text)
{
	page_link_start(p, path, NULL);
	html_text(&p->h, text);
	html_end(&p->h, "a");
}

void
page_time_as(struct page *p, int64_t at, const char *text)
{
	char datetime[CLOCK_RFC3339_SIZE];

	html_element(
	    &p->h, "time", text, "datetime", clock_rfc3339(at, datetime), NULL);
}

void
page_minute(struct page *p, int64_t at)
{
	char text[VIEW_TIME_SIZE];

	page_time_as(p, at, view_minute(at, text));
}

void
page_second(struct page *p, int64_t at)
{
	char text[VIEW_TIME_SIZE];

	page_time_as(p, at, view_second(at, text));
}

static void
page_slot(struct page *p, const struct page_slot *s)
{
	if (s->minute != 0)
		page_minute(p, s->minute);
	else if (s->second != 0)
		page_second(p, s->second);
	else if (s->path != NULL)
		page_link(p, s->path, s->text);
	else
		html_text(&p->h, s->text);
}

void
page_say(struct page *p, enum say id, const struct page_slot *slots, size_t n)
{
	const char *text = say(id);

	while (*text != '\0') {
		size_t w = strcspn(text, "{"), k = 0, name;

		html_text_n(&p->h, text, w);
		text += w;
		if (*text == '\0')
			return;
		name = strcspn(text, "}");
		for (k = 0; k < n; k++)
			if (strlen(slots[k].name) + 1 == name &&
			    strncmp(slots[k].name, text + 1, name - 1) == 0)
				page_slot(p, &slots[k]);
		text += name + (text[name] == '}');
	}
}

/* Each mark has a form of its own: it is told without its colour. */
static const struct {
	const char *style;
	const char *path;
} marks[] = {
	{ "ok", "M3.5 8.5l3 3 6-7" },
	{ "warn", "M8 2.5v7M8 12.2v1.3" },
	{ "bad", "M8 2.5v7M8 12.2v1.3" },
	{ "down", "M4 4l8 8M12 4l-8 8" },
	{ "work", "M5 4v8M11 4v8" },
	{ "unsure",
	    "M5.5 5.7a2.5 2.5 0 1 1 3.6 2.3c-.8.4-1.1.9-1.1 1.8M8 "
	    "12.5v1" },
	{ "inside", "M3 8h10" },
};

void
page_marks(struct page *p)
{
	struct html *h = &p->h;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		char id[32];

		(void)snprintf(id, sizeof(id), "mark-%s", marks[i].style);
		html_start(h, "symbol", "id", id, "viewBox", "0 0 16 16", NULL);
		html_element(h, "path", "", "d", marks[i].path, NULL);
		html_end(h, "symbol");
	}
}

void
page_chip(struct page *p, const char *style, const char *word)
{
	char class[48], ref[48];

	(void)snprintf(class, sizeof(class), "chip %s", style);
	(void)snprintf(ref, sizeof(ref), "#mark-%s", style);
	html_start(&p->h, "span", "class", class, NULL);
	html_start(&p->h, "svg", "class", "mark", "aria-hidden", "true", NULL);
	html_element(&p->h, "use", "", "href", ref, NULL);
	html_end(&p->h, "svg");
	html_text(&p->h, word);
	html_end(&p->h, "span");
}

char *
page_system_path(const char *code, char out[PAGE_PATH_SIZE])
{
	(void)snprintf(out, PAGE_PATH_SIZE, "system/%s/", code);
	return out;
}

char *
page_month_path(int year, int month, char out[PAGE_PATH_SIZE])
{
	(void)snprintf(out, PAGE_PATH_SIZE, "%04d/%02d/", year, month);
	return out;
}

char *
page_thread_path(const struct model_thread *t, char out[PAGE_PATH_SIZE])
{
	(void)snprintf(out, PAGE_PATH_SIZE, "%s/", t->path);
	return out;
}

static void
head_links(struct page *p, const struct page_head *head)
{
	struct html *h = &p->h;
	char href[PAGE_PATH_SIZE * 2];
	struct buf canonical;

	join(p, assets_style_name(), href);
	html_start(h, "link", "rel", "stylesheet", "href", href, NULL);
	join(p, assets_script_name(), href);
	html_start(h, "script", "src", href, "defer", "", NULL);
	html_end(h, "script");
	join(p, "favicon.svg", href);
	html_start(h, "link", "rel", "icon", "type", "image/svg+xml", "href",
	    href, NULL);
	join(p, "feed/", href);
	html_start(h, "link", "rel", "alternate", "type", "application/rss+xml",
	    "title", p->site->title, "href", href, NULL);
	join(p, "feed/atom/", href);
	html_start(h, "link", "rel", "alternate", "type",
	    "application/atom+xml", "title", "Atom", "href", href, NULL);
	join(p, "feed.json", href);
	html_start(h, "link", "rel", "alternate", "type",
	    "application/feed+json", "title", "JSON Feed", "href", href, NULL);
	join(p, "api/v2/status.json", href);
	html_start(h, "link", "rel", "status", "type", "application/json",
	    "href", href, NULL);
	if (head->path == NULL)
		return;
	buf_init(&canonical, 4096);
	buf_printf(&canonical, "%s%s", p->site->url, head->path);
	html_start(
	    h, "link", "rel", "canonical", "href", buf_text(&canonical), NULL);
	buf_free(&canonical);
}

static void
html_head(struct page *p, const struct page_head *head)
{
	struct html *h = &p->h;

	html_start(h, "head", NULL);
	html_start(h, "meta", "charset", "utf-8", NULL);
	html_start(h, "title", NULL);
	if (head->title[0] != '\0')
		html_textf(h, "%s – ", head->title);
	html_text(h, p->site->title);
	html_end(h, "title");
	html_start(h, "meta", "name", "viewport", "content",
	    "width=device-width, initial-scale=1", NULL);
	html_start(
	    h, "meta", "name", "color-scheme", "content", "light dark", NULL);
	html_newline(h);
	head_links(p, head);
	html_end(h, "head");
	html_newline(h);
}

static void
site_header(struct page *p, bool front)
{
	struct html *h = &p->h;

	html_start(h, "header", "class", "top", NULL);
	html_start(h, "p", "class", "name", NULL);
	if (front)
		html_element(h, "span", p->site->title, NULL);
	else
		page_link(p, "", p->site->title);
	html_end(h, "p");
	html_start(h, "nav", "aria-label", say(SAY_NAV_SITE), NULL);
	html_start(h, "ul", NULL);
	static const struct {
		const char *path;
		enum say text;
	} links[] = { { "maintenance/", SAY_NAV_MAINTENANCE },
		{ "reports/", SAY_NAV_REPORTS }, { "search/", SAY_NAV_SEARCH },
		{ "feed/", SAY_NAV_FEED } };
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		html_start(h, "li", NULL);
		page_link(p, links[i].path, say(links[i].text));
		html_end(h, "li");
	}
	html_end(h, "ul");
	html_end(h, "nav");
	html_end(h, "header");
	html_newline(h);
}

void
page_bare(struct page *p, const struct model_site *site, int64_t written,
    struct buf *out)
{
	*p = (struct page){ .site = site, .written = written };
	set_base(p);
	html_init(&p->h, out);
}

void
page_root(struct html *h)
{
	const char *direction = say(SAY_DIRECTION);

	html_start(h, "html", "lang", say(SAY_LANGUAGE), "dir",
	    strcmp(direction, "rtl") == 0 ? direction : NULL, NULL);
}

void
page_begin(struct page *p, const struct model_site *site,
    const struct page_head *head, int64_t written, struct buf *out)
{
	static const char doctype[] = "<!doctype html>\n";

	page_bare(p, site, written, out);
	html_trusted(&p->h, doctype, sizeof(doctype) - 1);
	page_root(&p->h);
	html_newline(&p->h);
	html_head(p, head);
	html_start(&p->h, "body", NULL);
	html_element(
	    &p->h, "a", say(SAY_SKIP), "class", "skip", "href", "#main", NULL);
	html_newline(&p->h);
	site_header(p, head->title[0] == '\0');
	html_start(&p->h, "main", "id", "main", NULL);
	html_newline(&p->h);
}

static void
footer_links(struct page *p)
{
	struct html *h = &p->h;

	if (p->site->n_links == 0)
		return;
	html_start(h, "nav", "aria-label", say(SAY_NAV_LINKS), NULL);
	html_start(h, "ul", NULL);
	for (size_t i = 0; i < p->site->n_links; i++) {
		html_start(h, "li", NULL);
		html_element(h, "a", p->site->links[i].name, "href",
		    p->site->links[i].url, NULL);
		html_end(h, "li");
	}
	html_end(h, "ul");
	html_end(h, "nav");
}

int
page_end(struct page *p, const struct page_head *head)
{
	const struct page_slot at = { .name = "time", .second = p->written };
	struct html *h = &p->h;

	html_end(h, "main");
	html_newline(h);
	html_start(h, "footer", NULL);
	footer_links(p);
	if (p->written != 0) {
		html_start(h, "p", NULL);
		page_say(p, SAY_WRITTEN_AT, &at, 1);
		if (head->lives != SAY_N) {
			html_text(h, " ");
			html_text(h, say(head->lives));
		}
		html_end(h, "p");
	}
	html_element(h, "p", say(SAY_ALL_UTC), "class", "zone", "data-here",
	    say(SAY_YOUR_TIME), NULL);
	html_end(h, "footer");
	html_newline(h);
	html_end(h, "body");
	html_end(h, "html");
	html_newline(h);
	return html_done(h);
}
