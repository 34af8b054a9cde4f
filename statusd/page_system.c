/* The page of one system. */
#include "statusd/page.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "statusd/chart.h"
#include "statusd/chart_table.h"
#include "statusd/flags.h"
#include "statusd/page_parts.h"

#include <stdio.h>

/* Posts that are named on it; the rest is behind a link. */
#define POSTS_MAX 15

static void
fact(struct page *p, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	html_element(&p->h, "dt", name, NULL);
	html_element(&p->h, "dd", text, NULL);
}

static void
time_fact(struct page *p, const char *name, int64_t at, const char *none)
{
	html_element(&p->h, "dt", name, NULL);
	html_start(&p->h, "dd", NULL);
	if (at != 0)
		page_second(p, at);
	else
		html_text(&p->h, none);
	html_end(&p->h, "dd");
}

static void
system_facts(struct page *p, const struct model_system *s)
{
	static const char *const answers[] = {
		[MODEL_NOT_ASKED] = "not asked from outside",
		[MODEL_ANSWERS] = "yes",
		[MODEL_SILENT] = "no",
	};
	struct html *h = &p->h;
	struct buf place;

	buf_init(&place, 1024);
	view_place(s, &place);
	html_start(h, "dl", NULL);
	html_element(h, "dt", "State", NULL);
	html_start(h, "dd", NULL);
	page_chip(p, view_state_style(s->state), view_state_word(s->state));
	if (s->reason[0] != '\0') {
		html_text(h, " ");
		html_text(h, s->reason);
	}
	html_end(h, "dd");
	if (s->state_since != 0)
		time_fact(p, "Since", s->state_since, "");
	time_fact(p, "Last verified", s->last_verified, "never");
	fact(p, "Answers", answers[s->answers]);
	fact(p, "Place", buf_text(&place));
	html_end(h, "dl");
	buf_free(&place);
}

/* "99.98 % of the last 90 days: usable" */
static void
uptime(struct page *p, const struct model_system *s)
{
	struct model_tally sum = { { 0 }, { 0 } };
	char with[CHART_VALUE_SIZE], without[CHART_VALUE_SIZE];
	char down[DURATION_SIZE], unknown[DURATION_SIZE];
	struct html *h = &p->h;

	for (size_t i = 0; i < s->n_days; i++)
		for (size_t k = 0; k < MODEL_STATES; k++) {
			sum.s[k] += s->days[i].t.s[k];
			sum.planned[k] += s->days[i].t.planned[k];
		}
	if (model_uptime(&sum, false) < 0)
		return;
	html_start(h, "p", NULL);
	html_textf(h,
	    "Customers could use it %s of the time of which that is known; "
	    "planned work aside, %s. Not usable: %s.",
	    chart_percent(model_uptime(&sum, false), with),
	    chart_percent(model_uptime(&sum, true), without),
	    duration_text(model_downtime_s(&sum, false), down));
	if (model_unknown_s(&sum, false) > 0)
		html_textf(h, " Not known: %s.",
		    duration_text(model_unknown_s(&sum, false), unknown));
	html_text(h, " ");
	page_link(p, "reports/", "All months");
	html_end(h, "p");
}

static void
last_days(struct page *p, const struct model_system *s)
{
	if (s->n_days == 0)
		return;
	html_start(&p->h, "section", "aria-labelledby", "days", NULL);
	html_element(&p->h, "h2", "The last 90 days", "id", "days", NULL);
	chart_days(&p->h, s->days, s->n_days);
	if (p->site->show_availability)
		uptime(p, s);
	html_end(&p->h, "section");
}

static void
probe(struct page *p, const struct model_probe *probe)
{
	static const char *const answers[] = {
		[MODEL_NOT_ASKED] = "not known",
		[MODEL_ANSWERS] = "yes",
		[MODEL_SILENT] = "no",
	};
	char value[CHART_VALUE_SIZE];
	struct html *h = &p->h;

	html_start(h, "tr", NULL);
	html_element(h, "th", probe->name, "scope", "row", NULL);
	html_element(h, "td", answers[probe->answers], NULL);
	html_element(h, "td",
	    probe->latency_s >= 0 && p->site->show_availability
	        ? chart_value(MODEL_LATENCY, probe->latency_s, value)
	        : "–",
	    NULL);
	html_start(h, "td", NULL);
	if (probe->at != 0)
		page_second(p, probe->at);
	else
		html_text(h, "never");
	html_end(h, "td");
	html_start(h, "td", NULL);
	if (probe->expires_at != 0)
		page_minute(p, probe->expires_at);
	else
		html_text(h, "–");
	html_end(h, "td");
	html_end(h, "tr");
}

static void
probes(struct page *p, const struct model_system *s)
{
	static const char *const heads[] = { "Service", "Answers", "In",
		"Asked last", "Certificate until" };

	if (s->n_probes == 0)
		return;
	html_start(&p->h, "section", "aria-labelledby", "outside", NULL);
	html_element(&p->h, "h2", "Seen from outside", "id", "outside", NULL);
	chart_table_head(&p->h, "Seen from outside", heads, 5);
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
	html_element(&p->h, "h2", "Measured", "id", "charts", NULL);
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

	html_start(h, "section", "aria-labelledby", "history", NULL);
	html_element(h, "h2", "History", "id", "history", NULL);
	if (list->n == 0)
		html_element(h, "p", "Nothing has been posted about it.", NULL);
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
		html_textf(h, "All %zu posts", list->n);
		html_end(h, "a");
		html_text(h, " ");
	}
	(void)snprintf(path, sizeof(path), "%sfeed/", list->path);
	page_link(p, path, "Feed of this system");
	html_end(h, "p");
	html_end(h, "section");
}

int
page_system(const struct model_site *site, const struct model_system *s,
    const struct page_threads *list, int64_t now, struct buf *out)
{
	char title[256];
	struct page_head head = { .title = title,
		.path = list->path,
		.lives = "If that is long ago, what it says may no longer be "
		         "true." };
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
