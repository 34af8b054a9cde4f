#include "statusd/chart.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "statusd/chart_table.h"
#include "statusd/say.h"
#include "statusd/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The drawing, and in it the place of the curve. */
#define WIDTH 360
#define HEIGHT 176
#define LEFT 52.0
#define RIGHT 352.0
#define TOP 14.0
#define BOTTOM 144.0
#define LABEL_HALF 22 /* of a day under the axis */

#define DAY 86400
#define FORECAST_MAX (30 * DAY)

struct frame {
	struct html *h;
	const struct chart *c;
	const struct model_point *p;
	size_t n;
	int64_t from, until;
	int64_t step;
	double top;
};

static double
x_of(const struct frame *f, int64_t at)
{
	return LEFT +
	    (RIGHT - LEFT) * (double)(at - f->from) /
	    (double)(f->until - f->from);
}

static double
y_of(const struct frame *f, double v)
{
	double share = v / f->top;

	share = share < 0 ? 0 : share > 1 ? 1 : share;
	return BOTTOM - (BOTTOM - TOP) * share;
}

static void
element_path(struct html *h, const char *class, const struct buf *d)
{
	if (d->len > 0 && !d->bad)
		html_element(
		    h, "path", "", "class", class, "d", buf_text(d), NULL);
}

/* Whether nothing is known of the time between two points. */
static bool
is_gap(const struct frame *f, size_t i)
{
	return i == 0 || f->p[i].at - f->p[i - 1].at > 2 * f->step;
}

static void
mean_line(const struct frame *f)
{
	struct buf d;

	buf_init(&d, 65536);
	for (size_t i = 0; i < f->n; i++)
		buf_printf(&d, "%s%.1f %.1f", is_gap(f, i) ? "M" : "L",
		    x_of(f, f->p[i].at), y_of(f, (double)f->p[i].mean));
	element_path(f->h, "mean", &d);
	buf_free(&d);
}

/* From the lowest to the highest, piece by piece. */
static void
band(const struct frame *f)
{
	struct buf d;

	buf_init(&d, 65536);
	for (size_t i = 0, end; i < f->n; i = end) {
		for (end = i + 1; end < f->n && !is_gap(f, end); end++)
			;
		for (size_t k = i; k < end; k++)
			buf_printf(&d, "%s%.1f %.1f", k == i ? "M" : "L",
			    x_of(f, f->p[k].at), y_of(f, (double)f->p[k].high));
		for (size_t k = end; k > i; k--)
			buf_printf(&d, "L%.1f %.1f", x_of(f, f->p[k - 1].at),
			    y_of(f, (double)f->p[k - 1].low));
		buf_char(&d, 'Z');
	}
	element_path(f->h, "band", &d);
	buf_free(&d);
}

static void
text_at(struct html *h, double x, double y, const char *anchor, const char *s)
{
	char tx[24], ty[24];

	(void)snprintf(tx, sizeof(tx), "%.1f", x);
	(void)snprintf(ty, sizeof(ty), "%.1f", y);
	html_element(
	    h, "text", s, "x", tx, "y", ty, "text-anchor", anchor, NULL);
}

static void
y_axis(const struct frame *f)
{
	struct buf d;

	buf_init(&d, 1024);
	for (int i = 0; i <= 2; i++) {
		char value[CHART_VALUE_SIZE];
		double v = f->top * i / 2, y = y_of(f, v);

		buf_printf(&d, "M%.1f %.1fH%.1f", LEFT, y, RIGHT);
		text_at(f->h, LEFT - 5, y + 4, "end",
		    chart_value(f->c->series->metric, v, value));
	}
	element_path(f->h, "grid", &d);
	buf_free(&d);
}

/* Days at their first second; with hours, noon as well. */
static void
x_axis(const struct frame *f)
{
	int64_t tick = f->c->by_day ? DAY : DAY / 2;
	int64_t every = f->until - f->from > 4 * DAY
	    ? (f->until - f->from) / tick / 4
	    : 1;
	int64_t first = (f->from / tick + 1) * tick;
	struct buf d;

	buf_init(&d, 1024);
	for (int64_t at = first; at < f->until; at += tick * every) {
		char time[VIEW_TIME_SIZE], label[VIEW_MONTH_SIZE];
		double x = x_of(f, at);

		(void)view_minute(at, time);
		buf_printf(&d, "M%.1f %.1fv4", x, BOTTOM);
		if (x < LEFT + 8 || x > WIDTH - LABEL_HALF)
			continue;
		if (at % DAY == 0)
			(void)view_short_day(at, label);
		else
			(void)snprintf(label, sizeof(label), "%.5s", time + 11);
		text_at(f->h, x, BOTTOM + 18, "middle", label);
	}
	element_path(f->h, "ticks", &d);
	buf_free(&d);
}

/* Where a line from the last point to (at, full) is when the frame ends. */
static void
line_to_full(const struct frame *f, int64_t at, bool begin, struct buf *d)
{
	const struct model_point *last = &f->p[f->n - 1];
	int64_t end = at < f->until ? at : f->until;
	double mean = (double)last->mean;
	double v = mean +
	    (1 - mean) * (double)(end - last->at) / (double)(at - last->at);

	if (begin)
		buf_printf(d, "M%.1f %.1f", x_of(f, last->at), y_of(f, mean));
	buf_printf(d, "L%.1f %.1f", x_of(f, end), y_of(f, v));
}

/* A disk: between when it would be full at the earliest and most likely. */
static void
forecast(const struct frame *f)
{
	const struct model_series *s = f->c->series;
	int64_t last = f->p[f->n - 1].at, likely = s->full_likely_at;
	int64_t earliest = s->full_earliest_at;
	struct buf d;

	if (likely <= last)
		return;
	buf_init(&d, 512);
	if (earliest > last && earliest < likely) {
		line_to_full(f, earliest, true, &d);
		if (earliest < f->until)
			buf_printf(&d, "L%.1f %.1f",
			    x_of(f, likely < f->until ? likely : f->until),
			    y_of(f, 1));
		line_to_full(f, likely, false, &d);
		buf_char(&d, 'Z');
		element_path(f->h, "ahead", &d);
		buf_reset(&d);
	}
	line_to_full(f, likely, true, &d);
	element_path(f->h, "forecast", &d);
	buf_free(&d);
}

static const char *
span_of(const struct frame *f)
{
	return say(f->c->by_day ? SAY_CHART_DAYS : SAY_CHART_RECENT);
}

static void
label(const struct frame *f, struct buf *out)
{
	double low = (double)f->p[0].low, high = (double)f->p[0].high;
	enum model_metric m = f->c->series->metric;
	char a[CHART_VALUE_SIZE], b[CHART_VALUE_SIZE], last[CHART_VALUE_SIZE];

	for (size_t i = 1; i < f->n; i++) {
		low = fmin(low, (double)f->p[i].low);
		high = fmax(high, (double)f->p[i].high);
	}
	say_to(out, SAY_CHART_LABEL, "name", f->c->series->name, "span",
	    span_of(f), "low", chart_value(m, low, a), "high",
	    chart_value(m, high, b), "last",
	    chart_value(m, (double)f->p[f->n - 1].mean, last), NULL);
}

static void
draw(const struct frame *f)
{
	struct html *h = f->h;
	char box[40];
	struct buf what;

	buf_init(&what, 1024);
	label(f, &what);
	(void)snprintf(box, sizeof(box), "0 0 %d %d", WIDTH, HEIGHT);
	html_start(h, "svg", "class", "chart", "viewBox", box, "role", "img",
	    "aria-label", buf_text(&what), NULL);
	y_axis(f);
	x_axis(f);
	band(f);
	mean_line(f);
	if (f->c->series->metric == MODEL_DISK)
		forecast(f);
	html_end(h, "svg");
	html_newline(h);
	buf_free(&what);
}

/* A sentence with a time that is not broken into lines. */
static void
full_at(struct html *h, enum say id, int64_t at)
{
	char time[VIEW_TIME_SIZE], datetime[CLOCK_RFC3339_SIZE];
	const char *text = say(id), *rest = strchr(text, '}');

	html_text(h, " ");
	html_text_n(h, text, strcspn(text, "{"));
	html_element(h, "time", view_minute(at, time), "datetime",
	    clock_rfc3339(at, datetime), NULL);
	html_text(h, rest != NULL ? rest + 1 : "");
}

static void
caption(const struct frame *f)
{
	struct html *h = f->h;
	const struct model_series *s = f->c->series;
	char value[CHART_VALUE_SIZE];
	/* Told where the drawing reaches that far. */
	bool ahead = s->full_likely_at > f->c->now &&
	    (f->c->by_day || s->n_days < 2 ||
	        s->full_likely_at - f->c->now < 2 * DAY);

	html_start(h, "figcaption", NULL);
	html_element(h, "strong", s->name, NULL);
	html_text(h, " ");
	if (!f->c->by_day) {
		html_start(h, "span", "class", "last", NULL);
		say_html(h, SAY_CHART_LAST, "value",
		    chart_value(s->metric, (double)f->p[f->n - 1].mean, value),
		    NULL);
		html_end(h, "span");
		html_text(h, " ");
	}
	html_start(h, "span", "class", "span", NULL);
	html_textf(h, "%s.", span_of(f));
	if (ahead)
		full_at(h, SAY_CHART_FULL, s->full_likely_at);
	if (ahead && s->full_earliest_at > f->c->now)
		full_at(h, SAY_CHART_FULL_EARLIEST, s->full_earliest_at);
	html_end(h, "span");
	html_end(h, "figcaption");
}

/* There is room for what is ahead, but not more than for what was. */
static int64_t
until_with_forecast(const struct frame *f)
{
	const struct model_series *s = f->c->series;
	int64_t most = f->c->by_day ? FORECAST_MAX : DAY;
	int64_t more = s->full_likely_at - f->until;

	if (s->metric != MODEL_DISK || more <= 0)
		return f->until;
	more += most / 10;
	return f->until + (more < most ? more : most);
}

void
chart_series(struct html *h, const struct chart *c)
{
	const struct model_series *s = c->series;
	struct frame f = { .h = h,
		.c = c,
		.p = c->by_day ? s->days : s->recent,
		.n = c->by_day ? s->n_days : s->n_recent,
		.step = c->by_day ? DAY : MODEL_RECENT_STEP_S };
	double high = 0;

	if (f.n < 2 || f.p[f.n - 1].at <= f.p[0].at)
		return;
	for (size_t i = 0; i < f.n; i++)
		high = fmax(high, (double)f.p[i].high);
	f.from = f.p[0].at - f.step / 2;
	f.until = f.p[f.n - 1].at + f.step / 2;
	f.until = until_with_forecast(&f);
	f.top = chart_top(s->metric, high);
	html_start(h, "figure", NULL);
	caption(&f);
	draw(&f);
	chart_table(h, s, c->by_day);
	html_end(h, "figure");
	html_newline(h);
}
