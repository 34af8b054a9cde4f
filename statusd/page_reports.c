/* Uptime and downtime by system and month. */
#include "statusd/page.h"

#include "lib/buf.h"
#include "statusd/chart.h"
#include "statusd/chart_table.h"
#include "statusd/page_parts.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MONTHS_MAX 24

static bool
has_credit(const struct model_system *s)
{
	for (size_t i = 0; i < s->n_months; i++)
		if (s->months[i].credit >= 0)
			return true;
	return false;
}

static void
minutes(struct html *h, int64_t seconds)
{
	char number[SAY_NUMBER_SIZE];

	html_element(
	    h, "td", say_number((double)((seconds + 59) / 60), number), NULL);
}

static void
month(struct html *h, const struct model_month *m, bool credit)
{
	char value[CHART_VALUE_SIZE], name[VIEW_MONTH_SIZE];
	struct view_month at = { m->year, m->month };

	html_start(h, "tr", NULL);
	html_element(h, "th", view_month_year(at, name), "scope", "row", NULL);
	html_element(
	    h, "td", chart_percent(model_uptime(&m->t, false), value), NULL);
	html_element(
	    h, "td", chart_percent(model_uptime(&m->t, true), value), NULL);
	minutes(h, model_downtime_s(&m->t, false));
	minutes(h, model_downtime_s(&m->t, true));
	minutes(h, model_unknown_s(&m->t, false));
	if (credit) {
		html_element(h, "td",
		    m->credit >= 0 ? chart_share(m->credit, value)
		                   : say(SAY_NONE),
		    NULL);
	}
	html_end(h, "tr");
}

static void
system_months(struct page *p, const struct model_system *s)
{
	static const enum say heads[] = { SAY_MONTH, SAY_USABLE,
		SAY_USABLE_ASIDE, SAY_NOT_USABLE_MIN, SAY_USABLE_ASIDE,
		SAY_NOT_KNOWN_MIN, SAY_CREDIT };
	struct html *h = &p->h;
	bool credit = has_credit(s);
	char path[PAGE_PATH_SIZE];

	html_start(h, "h2", NULL);
	page_link(p, page_system_path(s->code, path), s->code);
	if (s->role[0] != '\0')
		html_textf(h, ": %s", s->role);
	html_end(h, "h2");
	if (s->n_months == 0) {
		html_element(h, "p", say(SAY_NOTHING_KNOWN), NULL);
		return;
	}
	chart_table_head(h, s->code, heads, credit ? 7 : 6);
	for (size_t i = s->n_months; i > 0 && s->n_months - i < MONTHS_MAX; i--)
		month(h, &s->months[i - 1], credit);
	chart_table_end(h);
}

int
page_reports(const struct model_site *site, int64_t now, struct buf *out)
{
	const struct page_head head = { .title = say(SAY_REPORTS),
		.path = "reports/",
		.lives = SAY_LIVES_MONTH };
	struct page p;

	page_begin(&p, site, &head, now, out);
	html_element(&p.h, "h1", say(SAY_UPTIME), NULL);
	html_element(&p.h, "p", say(SAY_UPTIME_RULE), NULL);
	if (!site->show_availability) {
		html_element(&p.h, "p", say(SAY_NOT_PUBLIC), NULL);
		return page_end(&p, &head);
	}
	html_start(&p.h, "p", NULL);
	page_link(&p, "reports/uptime.csv", say(SAY_AS_CSV));
	html_end(&p.h, "p");
	for (size_t i = 0; i < site->n_systems; i++)
		if (!site->systems[i].internal)
			system_months(&p, &site->systems[i]);
	return page_end(&p, &head);
}

/* A field of CSV (RFC 4180); a spreadsheet sees no formula in it. */
static void
field(struct buf *out, const char *text)
{
	buf_char(out, '"');
	if (strchr("=+-@\t\r", text[0]) != NULL && text[0] != '\0')
		buf_char(out, '\'');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"')
			buf_char(out, '"');
		buf_char(out, *p);
	}
	buf_char(out, '"');
}

static void
share(struct buf *out, double v)
{
	buf_char(out, ',');
	if (v >= 0)
		buf_printf(out, "%.6f", v);
}

static void
line(struct buf *out, const char *code, const struct model_month *m)
{
	field(out, code);
	buf_printf(out, ",%04d-%02d", m->year, m->month);
	share(out, model_uptime(&m->t, false));
	share(out, model_uptime(&m->t, true));
	buf_printf(out, ",%.2f,%.2f,%.2f,",
	    (double)model_downtime_s(&m->t, false) / 60,
	    (double)model_downtime_s(&m->t, true) / 60,
	    (double)model_unknown_s(&m->t, false) / 60);
	if (m->credit >= 0)
		buf_printf(out, "%.4g", m->credit);
	buf_str(out, "\r\n");
}

int
page_reports_csv(const struct model_site *site, struct buf *out)
{
	buf_str(out,
	    "system,month,usable,usable_without_planned,"
	    "down_minutes,down_minutes_without_planned,unknown_minutes,"
	    "credit_percent\r\n");
	for (size_t i = 0; i < site->n_systems; i++) {
		const struct model_system *s = &site->systems[i];

		for (size_t k = 0;
		     !s->internal && site->show_availability && k < s->n_months;
		     k++)
			line(out, s->code, &s->months[k]);
	}
	return out->bad ? -1 : 0;
}
