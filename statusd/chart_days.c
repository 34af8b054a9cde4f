#include "lib/buf.h"
#include "statusd/chart.h"
#include "statusd/say.h"
#include "statusd/view.h"

#include <stdio.h>
#include <string.h>

#define STEP 5
#define HEIGHT 34
#define LABEL_SIZE 320

/* How high a bar is: what it means is told without its colour, too. */
static int
height_of(enum model_state worst)
{
	switch (worst) {
	case MODEL_MAJOR_OUTAGE:
		return HEIGHT;
	case MODEL_PARTIAL_OUTAGE:
		return 30;
	case MODEL_DEGRADED:
		return 26;
	case MODEL_MAINTENANCE:
	case MODEL_OPERATIONAL:
		return 20;
	case MODEL_UNKNOWN:
		break;
	}
	return 8;
}

static bool
is_known(const struct model_day *d)
{
	for (size_t i = 0; i < MODEL_STATES; i++)
		if (d->t.s[i] > 0)
			return true;
	return false;
}

/* "2026-03-19: major outage, 43 min not usable" */
static void
day_words(const struct model_day *d, struct buf *out)
{
	char day[VIEW_TIME_SIZE], lasted[SAY_DURATION_SIZE];
	bool known = is_known(d);
	int64_t down = model_downtime_s(&d->t, false);
	int64_t unknown = model_unknown_s(&d->t, false);

	(void)view_minute(d->at, day);
	day[strcspn(day, " ")] = '\0';
	say_to(out, SAY_DAY_IS, "day", day, "state",
	    known ? view_state_word(model_tally_worst(&d->t))
	          : say(SAY_DAY_NOT_WATCHED),
	    NULL);
	if (known && down > 0)
		say_to(out, SAY_DAY_DOWN, "duration",
		    say_duration(down, lasted), NULL);
	if (known && unknown > 0)
		say_to(out, SAY_DAY_UNKNOWN, "duration",
		    say_duration(unknown, lasted), NULL);
}

static void
bar(struct html *h, const struct model_day *d, size_t i)
{
	enum model_state worst = model_tally_worst(&d->t);
	bool known = is_known(d);
	int height = known ? height_of(worst) : 3;
	char class[32], x[24], y[24], tall[24];
	struct buf what;

	(void)snprintf(class, sizeof(class), "day %s",
	    known ? view_state_style(worst) : "unsure");
	(void)snprintf(x, sizeof(x), "%zu", i * STEP);
	(void)snprintf(y, sizeof(y), "%d", HEIGHT - height);
	(void)snprintf(tall, sizeof(tall), "%d", height);
	buf_init(&what, 256);
	day_words(d, &what);
	html_start(h, "rect", "class", class, "x", x, "y", y, "width", "4",
	    "height", tall, NULL);
	html_element(h, "title", buf_text(&what), NULL);
	html_end(h, "rect");
	buf_free(&what);
}

/* The days with trouble, newest first; returns how many. */
static size_t
list(struct html *h, const struct model_day *days, size_t n)
{
	size_t listed = 0;

	for (size_t i = n; i > 0; i--) {
		const struct model_day *d = &days[i - 1];
		struct buf what;

		if (!is_known(d) ||
		    (model_tally_worst(&d->t) == MODEL_OPERATIONAL &&
		        model_unknown_s(&d->t, false) == 0))
			continue;
		if (listed++ == 0)
			html_start(h, "ul", NULL);
		buf_init(&what, 256);
		day_words(d, &what);
		html_element(h, "li", buf_text(&what), NULL);
		buf_free(&what);
	}
	if (listed > 0)
		html_end(h, "ul");
	return listed;
}

/* "The last 90 days, a bar each: 3 with trouble" */
static void
label(const struct model_day *days, size_t n, char out[LABEL_SIZE])
{
	char count[24], bad[24];
	size_t trouble = 0;

	for (size_t i = 0; i < n; i++)
		trouble += is_known(&days[i]) &&
		    model_tally_worst(&days[i].t) != MODEL_OPERATIONAL;
	(void)snprintf(count, sizeof(count), "%zu", n);
	(void)snprintf(bad, sizeof(bad), "%zu", trouble);
	(void)say_in(
	    out, LABEL_SIZE, SAY_DAYS_LABEL, "n", count, "trouble", bad, NULL);
}

static const char *
style_of(const struct model_day *d)
{
	return is_known(d) ? view_state_style(model_tally_worst(&d->t))
	                   : "none";
}

/* All days of one style: each run of them a line that is dashed into days. */
static void
runs(struct html *h, const char *const *styles, size_t n, const char *style)
{
	char class[32];
	struct buf d;

	buf_init(&d, 8192);
	for (size_t i = 0, end; i < n; i = end) {
		bool is = strcmp(styles[i], style) == 0;

		for (end = i + 1;
		     end < n && (strcmp(styles[end], style) == 0) == is; end++)
			;
		if (is)
			buf_printf(
			    &d, "M%zu 6h%zu", i * STEP, (end - i) * STEP - 1);
	}
	(void)snprintf(class, sizeof(class), "run %s", style);
	if (d.len > 0)
		html_element(
		    h, "path", "", "class", class, "d", buf_text(&d), NULL);
	buf_free(&d);
}

void
chart_strip(struct html *h, const struct model_day *days, size_t n)
{
	static const char *const styles[] = { "none", "ok", "warn", "bad",
		"down", "work", "unsure" };
	const char *of[MODEL_DAYS];
	char box[40], words[LABEL_SIZE];

	if (n == 0)
		return;
	n = n < MODEL_DAYS ? n : MODEL_DAYS;
	for (size_t i = 0; i < n; i++)
		of[i] = style_of(&days[i]);
	(void)snprintf(box, sizeof(box), "0 0 %zu 12", n * STEP - 1);
	label(days, n, words);
	html_start(h, "svg", "class", "strip", "viewBox", box,
	    "preserveAspectRatio", "none", "role", "img", "aria-label", words,
	    NULL);
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		runs(h, of, n, styles[i]);
	html_end(h, "svg");
}

void
chart_days(struct html *h, const struct model_day *days, size_t n)
{
	char box[40], words[LABEL_SIZE], count[24];

	if (n == 0)
		return;
	(void)snprintf(box, sizeof(box), "0 0 %zu %d", n * STEP - 1, HEIGHT);
	label(days, n, words);
	html_start(h, "svg", "class", "days", "viewBox", box,
	    "preserveAspectRatio", "none", "role", "img", "aria-label", words,
	    NULL);
	for (size_t i = 0; i < n; i++)
		bar(h, &days[i], i);
	html_end(h, "svg");
	html_start(h, "p", "class", "scale", NULL);
	(void)snprintf(count, sizeof(count), "%zu", n - 1);
	say_html(h, SAY_DAYS_AGO, "n", count, NULL);
	html_element(h, "span", say(SAY_TODAY), NULL);
	html_end(h, "p");
	html_start(h, "details", NULL);
	html_element(h, "summary", say(SAY_DAYS_WITH_TROUBLE), NULL);
	if (list(h, days, n) == 0)
		html_element(h, "p", say(SAY_DAYS_NONE), NULL);
	html_end(h, "details");
	html_newline(h);
}
