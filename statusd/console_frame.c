/* What all pages of the console share. */
#include "lib/buf.h"
#include "statusd/assets.h"
#include "statusd/console_inner.h"

#include <stdio.h>
#include <string.h>

/* Where a page of the console is, with the site's own path in front. */
static void
address(struct visit *v, const char *path, char *out, size_t size)
{
	(void)snprintf(out, size, "%.*sconsole/%s", (int)v->page.base_len,
	    v->page.base, path);
}

static void
head(struct visit *v, const char *title)
{
	struct html *h = &v->page.h;
	struct buf href;

	html_start(h, "head", NULL);
	html_start(h, "meta", "charset", "utf-8", NULL);
	html_start(h, "title", NULL);
	html_textf(h, "%s – %s", title, v->shell.title);
	html_end(h, "title");
	html_start(h, "meta", "name", "viewport", "content",
	    "width=device-width, initial-scale=1", NULL);
	html_start(
	    h, "meta", "name", "color-scheme", "content", "light dark", NULL);
	html_start(h, "meta", "name", "robots", "content", "noindex", NULL);
	buf_init(&href, 1024);
	page_address(&v->page, assets_style_name(), &href);
	html_start(
	    h, "link", "rel", "stylesheet", "href", buf_text(&href), NULL);
	buf_reset(&href);
	page_address(&v->page, "favicon.svg", &href);
	html_start(h, "link", "rel", "icon", "type", "image/svg+xml", "href",
	    buf_text(&href), NULL);
	buf_free(&href);
	html_end(h, "head");
	html_newline(h);
}

static void
navigation(struct visit *v)
{
	static const struct {
		const char *path, *text;
	} links[] = { { "", "Overview" }, { "new", "New post" },
		{ "log", "Log" } };
	struct html *h = &v->page.h;

	html_start(h, "header", "class", "top", NULL);
	html_start(h, "p", "class", "name", NULL);
	page_link(&v->page, "", v->shell.title);
	html_end(h, "p");
	if (v->signed_in) {
		html_start(h, "nav", "aria-label", "Console", NULL);
		html_start(h, "ul", NULL);
		for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
			html_start(h, "li", NULL);
			frame_link(v, links[i].path, links[i].text);
			html_end(h, "li");
		}
		html_end(h, "ul");
		html_end(h, "nav");
	}
	html_end(h, "header");
	html_newline(h);
}

void
frame_begin(struct visit *v, const char *title)
{
	static const char doctype[] = "<!doctype html>\n";
	struct html *h = &v->page.h;

	page_bare(&v->page, &v->shell, 0, &v->reply->page);
	html_trusted(h, doctype, sizeof(doctype) - 1);
	html_start(h, "html", "lang", "en", NULL);
	head(v, title);
	html_start(h, "body", "class", "console", NULL);
	html_element(h, "a", "Skip to the content", "class", "skip", "href",
	    "#main", NULL);
	navigation(v);
	html_start(h, "svg", "class", "drawings", "aria-hidden", "true", NULL);
	page_marks(&v->page);
	html_end(h, "svg");
	html_start(h, "main", "id", "main", NULL);
	html_element(h, "h1", title, NULL);
	if (v->said[0] != '\0')
		html_element(h, "p", v->said, "class",
		    v->done ? "said ok" : "said bad", "role",
		    v->done ? "status" : "alert", NULL);
	html_newline(h);
}

void
frame_end(struct visit *v)
{
	struct html *h = &v->page.h;

	html_end(h, "main");
	html_start(h, "footer", NULL);
	if (v->signed_in) {
		html_start(h, "p", NULL);
		html_textf(h, "Signed in as %s. This page was made at ",
		    v->session.name);
		page_second(&v->page, v->call->now);
		html_text(h, ".");
		html_end(h, "p");
		frame_form(v, "sign-out", NULL);
		frame_button(v, "quiet", "Sign out");
		html_end(h, "form");
	}
	html_end(h, "footer");
	html_end(h, "body");
	html_end(h, "html");
	html_newline(h);
	if (html_done(h) == -1)
		v->reply->page.bad = 1;
}

void
frame_say(struct visit *v, unsigned status, const char *title)
{
	v->reply->status = status;
	frame_begin(v, title);
	html_start(&v->page.h, "p", NULL);
	frame_link(v, "", "To the overview");
	html_end(&v->page.h, "p");
	frame_end(v);
}

void
frame_form(struct visit *v, const char *action, const char *style)
{
	char to[512];

	address(v, action, to, sizeof(to));
	html_start(&v->page.h, "form", "method", "post", "action", to, "class",
	    style, NULL);
	if (v->signed_in)
		frame_hidden(v, "token", v->csrf);
}

void
frame_hidden(struct visit *v, const char *name, const char *value)
{
	html_start(&v->page.h, "input", "type", "hidden", "name", name, "value",
	    value, NULL);
}

void
frame_button(struct visit *v, const char *style, const char *text)
{
	html_element(
	    &v->page.h, "button", text, "type", "submit", "class", style, NULL);
}

void
frame_link(struct visit *v, const char *path, const char *text)
{
	char to[512];

	address(v, path, to, sizeof(to));
	html_element(&v->page.h, "a", text, "href", to, NULL);
}

void
frame_go(struct visit *v, const char *path)
{
	struct buf unused;

	buf_init(&unused, 16);
	page_bare(&v->page, &v->shell, 0, &unused);
	buf_free(&unused);
	address(v, path, v->reply->location, sizeof(v->reply->location));
	v->reply->status = 303;
}

void
frame_level(struct visit *v, enum level level)
{
	static const char *const styles[] = {
		[LEVEL_OK] = "ok",
		[LEVEL_NOTICE] = "work",
		[LEVEL_WARNING] = "warn",
		[LEVEL_CRITICAL] = "down",
		[LEVEL_UNKNOWN] = "unsure",
	};

	page_chip(&v->page, styles[level], level_word(level));
}
