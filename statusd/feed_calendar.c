#include "statusd/feed_parts.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/escape.h"
#include "statusd/markdown.h"

#include <string.h>

#define EVENTS_MAX 50
#define TEXT_MAX ((size_t)64 * 1024)
/* Most bytes of a line, its end aside (RFC 5545 section 3.1). */
#define LINE_MAX 75

/* Add a line, folded where it is long, never inside of a character. */
static void
line(struct buf *out, const struct buf *content)
{
	const char *s = buf_text(content);
	size_t left = content->len, used = 0;

	while (left > 0) {
		unsigned cp;
		size_t n = escape_utf8(s, left, &cp);

		if (n == 0) {
			buf_char(out, '?');
			s++;
			left--;
			used++;
			continue;
		}
		if (used + n > LINE_MAX) {
			buf_str(out, "\r\n ");
			used = 1;
		}
		buf_add(out, s, n);
		used += n;
		s += n;
		left -= n;
	}
	buf_str(out, "\r\n");
}

/* "NAME:text", escaped (section 3.3.11). */
static void
text_line(struct buf *out, const char *name, const char *text)
{
	struct buf b;

	buf_init(&b, 4 * TEXT_MAX);
	buf_printf(&b, "%s:", name);
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '\n') {
			buf_str(&b, "\\n");
		} else if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			buf_char(&b, ' ');
		} else {
			if (*p == '\\' || *p == ';' || *p == ',')
				buf_char(&b, '\\');
			buf_char(&b, *p);
		}
	}
	if (b.bad)
		out->bad = 1;
	line(out, &b);
	buf_free(&b);
}

/* "NAME:20260319T162130Z" */
static void
time_line(struct buf *out, const char *name, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	buf_printf(out, "%s:", name);
	for (const char *p = clock_rfc3339(at, text); *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			buf_char(out, *p);
	buf_str(out, "\r\n");
}

/* What its posts say, oldest first. */
static void
description(struct buf *out, const struct model_thread *t)
{
	struct buf text;

	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < t->n_entries; i++) {
		if (text.len > 0)
			buf_str(&text, "\n\n");
		(void)markdown_plain(&text, t->entries[i].body);
		while (text.len > 0 && text.data[text.len - 1] == '\n')
			text.data[--text.len] = '\0';
	}
	if (text.len > 0)
		text_line(out, "DESCRIPTION", buf_text(&text));
	buf_free(&text);
}

static void
systems(struct buf *out, const struct model_thread *t)
{
	struct buf b;

	if (t->n_systems == 0)
		return;
	buf_init(&b, TEXT_MAX);
	buf_str(&b, "CATEGORIES:");
	for (size_t i = 0; i < t->n_systems; i++)
		buf_printf(&b, "%s%s", i > 0 ? "," : "", t->systems[i]);
	line(out, &b);
	buf_free(&b);
}

static void
event(struct buf *out, const struct model_site *site,
    const struct model_thread *t)
{
	struct buf url;

	buf_str(out, "BEGIN:VEVENT\r\n");
	buf_printf(out, "UID:%s@maintenance.mailglance\r\n", t->key);
	time_line(out, "DTSTAMP", t->updated_at);
	time_line(out, "LAST-MODIFIED", t->updated_at);
	buf_printf(
	    out, "SEQUENCE:%zu\r\n", t->n_entries > 0 ? t->n_entries - 1 : 0);
	time_line(out, "DTSTART", t->planned_from);
	if (t->planned_until > t->planned_from)
		time_line(out, "DTEND", t->planned_until);
	/* Over before it began: it does not take place. */
	buf_printf(out, "STATUS:%s\r\n",
	    t->resolved_at != 0 && t->resolved_at < t->planned_from
	        ? "CANCELLED"
	        : "CONFIRMED");
	text_line(out, "SUMMARY", t->title);
	description(out, t);
	systems(out, t);
	buf_init(&url, 8192);
	buf_str(&url, "URL:");
	feed_address(site, t, NULL, &url);
	line(out, &url);
	buf_free(&url);
	buf_str(out, "TRANSP:TRANSPARENT\r\nEND:VEVENT\r\n");
}

int
feed_calendar(const struct model_site *site, struct buf *out)
{
	size_t n = 0;

	buf_str(out,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
	    "PRODID:-//mailglance//statusd//EN\r\n"
	    "CALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n");
	text_line(out, "X-WR-CALNAME", site->title);
	for (size_t i = 0; i < site->n_threads && n < EVENTS_MAX; i++) {
		if (site->threads[i].kind != MODEL_PLANNED ||
		    site->threads[i].planned_from == 0)
			continue;
		n++;
		event(out, site, &site->threads[i]);
	}
	buf_str(out, "END:VCALENDAR\r\n");
	return out->bad ? -1 : 0;
}
