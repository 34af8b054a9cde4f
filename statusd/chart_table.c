#include "statusd/chart_table.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/chart.h"
#include "statusd/view.h"

#include <string.h>

#define HOUR 3600

void
chart_table_head(
    struct html *h, const char *label, const enum say *heads, size_t n)
{
	html_start(h, "div", "class", "wide", "role", "region", "tabindex", "0",
	    "aria-label", label, NULL);
	html_start(h, "table", "class", "figures", NULL);
	html_start(h, "thead", NULL);
	html_start(h, "tr", NULL);
	for (size_t i = 0; i < n; i++)
		html_element(h, "th", say(heads[i]), "scope", "col", NULL);
	html_end(h, "tr");
	html_end(h, "thead");
	html_start(h, "tbody", NULL);
}

void
chart_table_end(struct html *h)
{
	html_end(h, "tbody");
	html_end(h, "table");
	html_end(h, "div");
	html_newline(h);
}

static void
row(struct html *h, enum model_metric m, const struct model_point *p,
    bool by_day)
{
	char time[VIEW_TIME_SIZE], value[CHART_VALUE_SIZE];
	const float values[] = { p->low, p->mean, p->high };

	(void)view_minute(p->at, time);
	if (by_day)
		time[strcspn(time, " ")] = '\0';
	html_start(h, "tr", NULL);
	html_element(h, "th", time, "scope", "row", NULL);
	for (size_t i = 0; i < 3; i++)
		html_element(
		    h, "td", chart_value(m, (double)values[i], value), NULL);
	html_end(h, "tr");
}

/* Of two days an hour's points become one. */
static size_t
merge(const struct model_series *s, size_t i, struct model_point *out)
{
	int64_t hour = s->recent[i].at / HOUR;
	size_t n = 1;

	*out = s->recent[i];
	out->at = hour * HOUR;
	while (i + n < s->n_recent && s->recent[i + n].at / HOUR == hour) {
		const struct model_point *p = &s->recent[i + n];

		out->low = p->low < out->low ? p->low : out->low;
		out->high = p->high > out->high ? p->high : out->high;
		out->mean += p->mean;
		n++;
	}
	out->mean /= (float)n;
	return n;
}

void
chart_table(struct html *h, const struct model_series *s, bool by_day)
{
	static const enum say heads[] = { SAY_FROM, SAY_LOWEST, SAY_MEAN,
		SAY_HIGHEST };
	struct model_point p;

	html_start(h, "details", NULL);
	html_element(h, "summary", say(SAY_AS_TABLE), NULL);
	chart_table_head(h, s->name, heads, 4);
	if (by_day)
		for (size_t i = s->n_days; i > 0; i--)
			row(h, s->metric, &s->days[i - 1], true);
	else
		for (size_t i = 0; i < s->n_recent;) {
			i += merge(s, i, &p);
			row(h, s->metric, &p, false);
		}
	chart_table_end(h);
	html_end(h, "details");
}
