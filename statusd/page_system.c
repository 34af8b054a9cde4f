/* The page of one system. */
#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/chart.h"
#include "statusd/chart_table.h"
#include "statusd/flags.h"
#include "statusd/page_parts.h"

#include <stdio.h>

/* Posts that are named on it; the rest is behind a link. */
#define POSTS_MAX 15
#define DAY_S 86400

static void
fact(struct page *p, enum say name, const char *text)
{
	if (text[0] == '\0')
		return;
	html_element(&p->h, "dt", say(name), NULL);
	html_element(&p->h, "dd", text, NULL);
}

static void
time_fact(struct page *p, enum say name, int64_t at)
{
	html_element(&p->h, "dt", say(name), NULL);
	html_start(&p->h, "dd", NULL);
	if (at != 0)
		page_second(p, at);
	else
		html_text(&p->h, say(SAY_NEVER));
	html_end(&p->h, "dd");
}

static void
system_facts(struct page *p, const struct model_system *s)
{
	static const enum say answers[] = {
		[MODEL_NOT_ASKED] = SAY_NOT_ASKED,
		[MODEL_ANSWERS] = SAY_YES,
		[MODEL_SILENT] = SAY_NO,
	};
	struct html *h = &p->h;
	struct buf place;

	buf_init(&place, 1024);
	view_place(s, &place);
	html_start(h, "dl", NULL);
	html_element(h, "dt", say(SAY_STATE), NULL);
	html_start(h, "dd", NULL);
	page_chip(p, view_state_style(s->state), view_state_word(s->state));
	if (s->reason[0] != '\0') {
		html_text(h, " ");
		html_text(h, s->reason);
	}
	html_end(h, "dd");
	if (s->state_since != 0)
		time_fact(p, SAY_SINCE_FACT, s->state_since);
	time_fact(p, SAY_LAST_VERIFIED, s->last_verified);
	fact(p, SAY_ANSWERS, say(answers[s->answers]));
	fact(p, SAY_PLACE, buf_text(&place));
	html_end(h, "dl");
	buf_free(&place);
}

static void
figure(struct page *p, enum say name, const char *value)
{
	html_start(&p->h, "div", NULL);
	fact(p, name, value);
	html_end(&p->h, "div");
}

/* How much of the days customers could use it: both figures. */
static void
uptime(struct page *p, const struct model_system *s)
{
	struct model_tally sum;
	char share[CHART_VALUE_SIZE], lasted[SAY_DURATION_SIZE];
	struct html *h = &p->h;

	model_days_sum(s, &sum);
	if (model_uptime(&sum, false) < 0)
		return;
	html_start(h, "dl", "class", "tiles", NULL);
	figure(p, SAY_USABLE, chart_percent(model_uptime(&sum, false), share));
	figure(p, SAY_USABLE_PLANNED,
	    chart_percent(model_uptime(&sum, true), share));
	figure(p, SAY_NOT_USABLE,
	    say_duration(model_downtime_s(&sum, false), lasted));
	if (model_unknown_s(&sum, false) > 0)
		figure(p, SAY_NOT_KNOWN,
		    say_duration(model_unknown_s(&sum, false), lasted));
	html_end(h, "dl");
	html_start(h, "p", "class", "more", NULL);
	page_link(p, "reports/", say(SAY_ALL_MONTHS));
	html_end(h, "p");
}

static void
last_days(struct page *p, const struct model_system *s)
{
	if (s->n_days == 0)
		return;
	html_start(&p->h, "section", "aria-labelledby", "days", NULL);
	html_element(&p->h, "h2", say(SAY_LAST_90_DAYS), "id", "days", NULL);
	chart_days(&p->h, s->days, s->n_days);
	if (p->site->show_availability)
		uptime(p, s);
	html_end(&p->h, "section");
}

static void
probe(struct page *p, const struct model_probe *probe)
{
	static const enum say answers[] = {
		[MODEL_NOT_ASKED] = SAY_ANSWER_UNKNOWN,
		[MODEL_ANSWERS] = SAY_YES,
		[MODEL_SILENT] = SAY_NO,
	};
	char value[CHART_VALUE_SIZE];
	struct html *h = &p->h;

	html_start(h, "tr", NULL);
	html_element(h, "th", probe->name, "scope", "row", NULL);
	html_element(h, "td", say(answers[probe->answers]), NULL);
	html_element(h, "td",
	    probe->latency_s >= 0 && p->site->show_availability
	        ? chart_value(MODEL_LATENCY, probe->latency_s, value)
	        : say(SAY_NONE),
	    NULL);
	html_start(h, "td", NULL);
	if (probe->at != 0)
		page_second(p, probe->at);
	else
		html_text(h, say(SAY_NEVER));
	html_end(h, "td");
	html_start(h, "td", NULL);
	if (probe->expires_at != 0)
		page_minute(p, probe->expires_at);
	else
		html_text(h, say(SAY_NONE));
	if (probe->changed_at != 0 && p->written - probe->changed_at < DAY_S) {
		html_text(h, ", ");
		html_text(h, say(SAY_CERTIFICATE_CHANGED));
	}
	html_end(h, "td");
	html_end(h, "tr");
}

static void
probes(struct page *p, const struct model_system *s)
{
	static const enum say heads[] = { SAY_SERVICE, SAY_ANSWERS,
		SAY_ANSWER_TIME, SAY_ASKED_LAST, SAY_CERTIFICATE_UNTIL };

	if (s->n_probes == 0)
		return;
	html_start(&p->h, "section", "aria-labelledby", "outside", NULL);
	html_element(&p->h, "h2", say(SAY_OUTSIDE), "id", "outside", NULL);
	chart_table_head(&p->h, say(SAY_OUTSIDE), heads, 5);
	for (size_t i = 0; i < s->n_probes; i++)
		probe(p, &s->probes[i]);
	chart_table_end(&p->h);
	html_end(&p->h, "section");
}

static void
charts(struct page *p, const struct model_system *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_series; i++)
		n += s->series[i].n_recent > 1 || s->series[i].n_days > 1;
	if (n == 0)
		return;
	html_start(&p->h, "section", "aria-labelledby", "charts", NULL);
	html_element(&p->h, "h2", say(SAY_MEASURED), "id", "charts", NULL);
	html_start(&p->h, "div", "class", "charts", NULL);
	for (size_t i = 0; i < s->n_series; i++)
		for (int by_day = 0; by_day <= 1; by_day++) {
			struct chart c = { .series = &s->series[i],
				.by_day = by_day,
				.now = p->written };

			chart_series(&p->h, &c);
		}
	html_end(&p->h, "div");
	html_end(&p->h, "section");
}

static void
history_of(struct page *p, const struct page_threads *list)
{
	struct html *h = &p->h;
	char path[PAGE_PATH_SIZE];
	struct buf all;

	html_start(h, "section", "aria-labelledby", "history", NULL);
	html_element(h, "h2", say(SAY_HISTORY), "id", "history", NULL);
	if (list->n == 0)
		html_element(h, "p", say(SAY_HISTORY_NONE), NULL);
	else
		html_start(h, "ul", "class", "lines", NULL);
	for (size_t i = 0; i < list->n && i < POSTS_MAX; i++)
		page_thread_line(p, &p->site->threads[list->threads[i]]);
	if (list->n > 0)
		html_end(h, "ul");
	html_start(h, "p", "class", "more", NULL);
	if (list->n > POSTS_MAX) {
		(void)snprintf(path, sizeof(path), "%sposts/", list->path);
		page_link_start(p, path, NULL);
		buf_init(&all, 256);
		say_count(
		    &all, SAY_HISTORY_ALL, SAY_HISTORY_ALL, (double)list->n);
		html_text(h, buf_text(&all));
		buf_free(&all);
		html_end(h, "a");
		html_text(h, " ");
	}
	(void)snprintf(path, sizeof(path), "%sfeed/", list->path);
	page_link(p, path, say(SAY_HISTORY_FEED));
	html_end(h, "p");
	html_end(h, "section");
}

int
page_system(const struct model_site *site, const struct model_system *s,
    const struct page_threads *list, int64_t now, struct buf *out)
{
	char title[256];
	struct page_head head = {
		.title = title, .path = list->path, .lives = SAY_LIVES_STATE
	};
	struct page p;

	(void)snprintf(title, sizeof(title), "%s%s%s", s->code,
	    s->role[0] != '\0' ? ": " : "", s->role);
	page_begin(&p, site, &head, now, out);
	page_drawings(&p, s->country);
	html_start(&p.h, "h1", NULL);
	flags_use(&p.h, s->country);
	html_textf(&p.h, " %s", title);
	html_end(&p.h, "h1");
	system_facts(&p, s);
	last_days(&p, s);
	probes(&p, s);
	charts(&p, s);
	history_of(&p, list);
	return page_end(&p, &head);
}
