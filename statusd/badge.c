#include "statusd/badge.h"

#include "lib/buf.h"
#include "lib/escape.h"
#include "statusd/assets.h"
#include "statusd/html.h"
#include "statusd/page_frame.h"
#include "statusd/view.h"

#include <stdio.h>
#include <string.h>

#define HEIGHT "20"
#define PAD 7

/* White has AA contrast on each of them. */
static const char *
colour_of(enum model_state state)
{
	switch (state) {
	case MODEL_OPERATIONAL:
		return "#17653a";
	case MODEL_DEGRADED:
		return "#744700";
	case MODEL_PARTIAL_OUTAGE:
		return "#8c3800";
	case MODEL_MAJOR_OUTAGE:
		return "#9c1a1a";
	case MODEL_MAINTENANCE:
		return "#194d8f";
	case MODEL_UNKNOWN:
		break;
	}
	return "#4a525a";
}

/* About as wide as the text; textLength makes it fit. */
static int
width_of(const char *text)
{
	size_t left = strlen(text), chars = 0;

	while (left > 0) {
		unsigned cp;
		size_t n = escape_utf8(text, left, &cp);

		n = n > 0 ? n : 1;
		text += n;
		left -= n;
		chars++;
	}
	return (int)(chars < 60 ? chars : 60) * 13 / 2;
}

static void
part(struct html *h, int x, int width, const char *fill, const char *text)
{
	char at[16], wide[16], middle[16], length[16];

	(void)snprintf(at, sizeof(at), "%d", x);
	(void)snprintf(wide, sizeof(wide), "%d", width + 2 * PAD);
	(void)snprintf(middle, sizeof(middle), "%d", x + PAD);
	(void)snprintf(length, sizeof(length), "%d", width);
	html_element(h, "rect", "", "x", at, "width", wide, "height", HEIGHT,
	    "fill", fill, NULL);
	html_element(h, "text", text, "x", middle, "y", "14", "textLength",
	    length, "lengthAdjust", "spacingAndGlyphs", NULL);
}

int
badge_write(const struct model_site *site, const struct model_system *s,
    struct buf *out)
{
	static const enum say words[] = {
		[MODEL_UNKNOWN] = SAY_BADGE_UNKNOWN,
		[MODEL_OPERATIONAL] = SAY_BADGE_OPERATIONAL,
		[MODEL_DEGRADED] = SAY_BADGE_DEGRADED,
		[MODEL_PARTIAL_OUTAGE] = SAY_BADGE_PARTIAL,
		[MODEL_MAJOR_OUTAGE] = SAY_BADGE_MAJOR,
		[MODEL_MAINTENANCE] = SAY_BADGE_MAINTENANCE,
	};
	enum model_state state = s != NULL ? s->state : view_overall(site);
	const char *name = s != NULL ? s->code : say(SAY_BADGE_ALL);
	const char *word = say(words[state]);
	int left = width_of(name), right = width_of(word);
	char width[16], label[160];
	struct html h;

	(void)snprintf(width, sizeof(width), "%d", left + right + 4 * PAD);
	(void)snprintf(label, sizeof(label), "%.100s: %s", name, word);
	xml_init(&h, out);
	html_start(&h, "svg", "xmlns", "http://www.w3.org/2000/svg", "width",
	    width, "height", HEIGHT, "role", "img", "aria-label", label, NULL);
	html_element(&h, "title", label, NULL);
	html_start(&h, "g", "font-family", "Verdana,DejaVu Sans,sans-serif",
	    "font-size", "11", "fill", "#fff", NULL);
	part(&h, 0, left, "#3a4047", name);
	part(&h, left + 2 * PAD, right, colour_of(state), word);
	html_end(&h, "g");
	html_end(&h, "svg");
	html_newline(&h);
	return html_done(&h);
}

static void
glance_head(struct page *p)
{
	static const char doctype[] = "<!doctype html>\n";
	struct html *h = &p->h;
	struct buf href;

	html_trusted(h, doctype, sizeof(doctype) - 1);
	page_root(h);
	html_start(h, "head", NULL);
	html_start(h, "meta", "charset", "utf-8", NULL);
	html_element(h, "title", p->site->title, NULL);
	html_start(h, "meta", "name", "viewport", "content",
	    "width=device-width, initial-scale=1", NULL);
	html_start(
	    h, "meta", "name", "color-scheme", "content", "light dark", NULL);
	html_start(h, "meta", "name", "robots", "content", "noindex", NULL);
	buf_init(&href, 4096);
	page_address(p, assets_style_name(), &href);
	html_start(
	    h, "link", "rel", "stylesheet", "href", buf_text(&href), NULL);
	buf_free(&href);
	html_end(h, "head");
	html_newline(h);
}

/* In a frame a link leads out of it. */
static void
link_out(struct page *p, const char *path, const char *text)
{
	struct buf href;

	buf_init(&href, 4096);
	page_address(p, path, &href);
	html_element(
	    &p->h, "a", text, "href", buf_text(&href), "target", "_top", NULL);
	buf_free(&href);
}

int
badge_glance(const struct model_site *site, int64_t now, struct buf *out)
{
	const struct page_slot at = { .name = "time", .second = now };
	struct page p;
	struct html *h = &p.h;

	page_bare(&p, site, now, out);
	glance_head(&p);
	html_start(h, "body", "class", "framed", NULL);
	html_start(h, "main", NULL);
	html_start(h, "svg", "class", "drawings", "aria-hidden", "true", NULL);
	page_marks(&p);
	html_end(h, "svg");
	html_start(h, "h1", NULL);
	link_out(&p, "", view_headline(site));
	html_end(h, "h1");
	html_start(h, "ul", "class", "states", NULL);
	for (size_t i = 0; i < site->n_systems; i++) {
		const struct model_system *s = &site->systems[i];
		char path[PAGE_PATH_SIZE];

		if (s->internal)
			continue;
		html_start(h, "li", NULL);
		link_out(&p, page_system_path(s->code, path), s->code);
		html_text(h, " ");
		if (s->role[0] != '\0')
			html_element(h, "span", s->role, "class", "what", NULL);
		html_text(h, " ");
		page_chip(
		    &p, view_state_style(s->state), view_state_word(s->state));
		html_end(h, "li");
	}
	html_end(h, "ul");
	html_start(h, "p", "class", "asof", NULL);
	page_say(&p, SAY_AS_OF, &at, 1);
	html_end(h, "p");
	html_end(h, "main");
	html_end(h, "body");
	html_end(h, "html");
	html_newline(h);
	return html_done(h);
}
