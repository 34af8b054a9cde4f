#include "statusd/store_history.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/say.h"
#include "statusd/store_inner.h"
#include "statusd/store_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define RECENT_S (2 * DAY_S)

/* A chart, and the sample of a disk, whose forecast is read each time. */
struct kept {
	struct model_series series;
	char *sample; /* or NULL */
};

/* The charts of a system as they were read in a slot. */
struct store_charts {
	char code[64];
	int64_t slot;
	int64_t newest; /* the last series that there was then */
	unsigned public; /* what the configuration allowed */
	struct kept *kept;
	size_t n;
};

static void
kept_clear(struct kept *x)
{
	free(x->series.name);
	free(x->series.recent);
	free(x->series.days);
	free(x->sample);
}

void
store_series_forget(struct store *s)
{
	for (size_t i = 0; i < s->n_charts; i++) {
		for (size_t k = 0; k < s->charts[i].n; k++)
			kept_clear(&s->charts[i].kept[k]);
		free(s->charts[i].kept);
	}
	free(s->charts);
	s->charts = NULL;
	s->n_charts = 0;
}

int
store_samples_sum_up(struct store *s, int64_t now, struct err *e)
{
	int64_t today = now / DAY_S, done = 0;
	struct sql_stmt *st;

	if (store_meta_get(s, "summed_up", &done, e) == -1)
		return -1;
	if (done >= today)
		return 0;
	st = sql_prepare(s->sql,
	    "INSERT OR REPLACE INTO sample_day (series, day, low, mean, high) "
	    "SELECT series, slot / 288, min(low), sum(sum) / sum(n), max(high) "
	    "FROM sample WHERE slot >= ?1 * 288 AND slot < ?2 * 288 "
	    "GROUP BY series, slot / 288",
	    e);
	if (st == NULL)
		return -1;
	/* What came late for the days before is counted in, too. */
	sql_bind_int(st, 1, done > 2 ? done - 2 : today - MODEL_DAYS);
	sql_bind_int(st, 2, today);
	if (sql_run(st, e) == -1)
		return -1;
	return store_meta_set(s, "summed_up", today, e);
}

/* What a chart is made of: the sum of the series whose names fit. */
struct chart_of {
	enum model_metric metric;
	unsigned bit; /* CONFIG_PUBLIC_* */
	const char *like; /* GLOB of the samples' names */
	bool sum; /* of all that fit; else a chart for each */
	enum say name,
	    name_each; /* the second for one of several: {name} or {n} */
	const char *unit;
};

static const struct chart_of charts[] = {
	{ MODEL_QUEUE, CONFIG_PUBLIC_QUEUE, "queue.*", true, SAY_CHART_QUEUE,
	    SAY_N, "messages" },
	{ MODEL_DELAY, CONFIG_PUBLIC_DELAY, "delay*", false, SAY_CHART_DELAY,
	    SAY_CHART_DELAY_OF, "seconds" },
	{ MODEL_DELAY, CONFIG_PUBLIC_DELAY, "canary.delay:*", false,
	    SAY_CHART_DELAY_OF, SAY_CHART_DELAY_OF, "seconds" },
	{ MODEL_DISK, CONFIG_PUBLIC_DISK, "disk.used:*", false, SAY_CHART_DISK,
	    SAY_CHART_DISK_N, "ratio" },
	{ MODEL_LATENCY, CONFIG_PUBLIC_AVAILABILITY, "latency:*", false,
	    SAY_CHART_LATENCY, SAY_CHART_LATENCY, "seconds" },
	{ MODEL_SPAM, CONFIG_PUBLIC_SPAM, "spam*", false, SAY_CHART_SPAM,
	    SAY_CHART_SPAM, "messages" },
};

struct reading {
	const char *system;
	const struct chart_of *of;
	const char *only; /* the name of the one series, or NULL: of all */
	int64_t now;
};

/* Runs a statement that gives at, low, mean, high. */
static int
read_points(struct sql_stmt *st, const struct reading *r, int64_t from,
    struct model_point **points_r, struct err *e)
{
	size_t n = 0;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, r->system);
	sql_bind_text(st, 2, r->only != NULL ? r->only : r->of->like);
	sql_bind_int(st, 3, from);
	while ((rc = sql_step(st, e)) == 1) {
		struct model_point *p = store_grow(points_r, &n, sizeof(*p));

		if (p == NULL) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
		p->at = sql_int(st, 0);
		p->low = (float)sql_double(st, 1);
		p->mean = (float)sql_double(st, 2);
		p->high = (float)sql_double(st, 3);
	}
	return rc == -1 ? -1 : (int)n;
}

/*
 * Series that are summed are summed slot by slot, so that a queue's mail that
 * moves to another is not counted twice.
 */
static int
read_recent(struct store *s, const struct reading *r, struct model_series *x,
    struct err *e)
{
	int n = read_points(
	    sql_prepare(s->sql,
	        "SELECT slot / 3 * 900 + 450, min(low), avg(mean), max(high) "
	        "FROM (SELECT slot, sum(x.low) AS low, "
	        "sum(x.sum / x.n) AS mean, sum(x.high) AS high "
	        "FROM series y JOIN sample x ON x.series = y.id "
	        "WHERE y.system = ?1 AND y.name GLOB ?2 AND x.slot >= ?3 "
	        "GROUP BY slot) GROUP BY slot / 3 ORDER BY 1",
	        e),
	    r, (r->now - RECENT_S) / STORE_SLOT_S, &x->recent, e);

	if (n == -1)
		return -1;
	x->n_recent = (size_t)n;
	return 0;
}

static int
read_days(struct store *s, const struct reading *r, struct model_series *x,
    struct err *e)
{
	int n = read_points(
	    sql_prepare(s->sql,
	        "SELECT day * 86400 + 43200, sum(x.low), sum(x.mean), "
	        "sum(x.high) FROM series y JOIN sample_day x ON "
	        "x.series = y.id WHERE y.system = ?1 AND y.name GLOB ?2 AND "
	        "x.day > ?3 GROUP BY x.day ORDER BY 1",
	        e),
	    r, r->now / DAY_S - MODEL_DAYS, &x->days, e);

	if (n == -1)
		return -1;
	x->n_days = (size_t)n;
	return 0;
}

/* When the disk of this chart is likely to be full. */
static int
read_forecast(struct store *s, const char *system, const char *sample,
    struct model_series *x, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT likely_at, earliest_at FROM finding WHERE system = ? AND "
	    "\"check\" = 'disk' AND subject = ?",
	    e);
	const char *path = strchr(sample, ':');
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, path != NULL ? path + 1 : "");
	rc = sql_step(st, e);
	if (rc == 1) {
		x->full_likely_at = sql_int(st, 0);
		x->full_earliest_at = sql_int(st, 1);
	}
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

/* A chart with what stands in it; one without a point is left out. */
static int
read_chart(struct store *s, const struct reading *r, const char *name,
    struct store_charts *c, struct err *e)
{
	struct kept *k = store_grow(&c->kept, &c->n, sizeof(*k));
	struct model_series *x;

	if (k == NULL || (k->series.name = strdup(name)) == NULL)
		return err_set(e, "no memory");
	x = &k->series;
	x->metric = r->of->metric;
	x->unit = r->of->unit;
	if (x->metric == MODEL_DISK && r->only != NULL &&
	    (k->sample = strdup(r->only)) == NULL)
		return err_set(e, "no memory");
	if (read_recent(s, r, x, e) == -1 || read_days(s, r, x, e) == -1)
		return -1;
	if (x->n_recent == 0 && x->n_days == 0) {
		kept_clear(k);
		c->n--;
	}
	return 0;
}

/* The names of the series that fit, each ended by a NUL; the last by two. */
static int
list_names(struct store *s, const struct reading *r, char *out, size_t size,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT name FROM series WHERE system = ? AND name GLOB ? "
	    "ORDER BY name",
	    e);
	size_t len = 0;
	int rc, n = 0;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, r->system);
	sql_bind_text(st, 2, r->of->like);
	while ((rc = sql_step(st, e)) == 1) {
		const char *name = sql_text(st, 0);
		size_t w = strlen(name) + 1;

		/* A name with a pattern in it would fit others. */
		if (strpbrk(name, "*?[") != NULL || len + w + 1 > size)
			continue;
		memcpy(out + len, name, w);
		len += w;
		n++;
	}
	out[len] = '\0';
	return rc == -1 ? -1 : n;
}

/* A chart for each: "Storage", or "Storage 1", "Storage 2" for several. */
static int
read_each(
    struct store *s, struct reading *r, struct store_charts *c, struct err *e)
{
	char names[8192], title[256], number[16];
	int i = 1, n = list_names(s, r, names, sizeof(names), e);

	for (const char *name = names; n > 0 && *name != '\0';
	     name += strlen(name) + 1, i++) {
		const char *own = strchr(name, ':');

		(void)snprintf(number, sizeof(number), "%d", i);
		(void)say_in(title, sizeof(title),
		    n == 1 ? r->of->name : r->of->name_each, "name",
		    own != NULL ? own + 1 : name, "n", number, NULL);
		r->only = name;
		if (read_chart(s, r, title, c, e) == -1)
			return -1;
		r->only = NULL;
	}
	return n == -1 ? -1 : 0;
}

static int
read_all(struct store *s, const struct config *c, struct store_charts *x,
    int64_t now, struct err *e)
{
	for (size_t i = 0; i < sizeof(charts) / sizeof(charts[0]); i++) {
		struct reading r = { x->code, &charts[i], NULL, now };
		int rc;

		if ((c->public & charts[i].bit) == 0)
			continue;
		rc = charts[i].sum
		    ? read_chart(s, &r, say(charts[i].name), x, e)
		    : read_each(s, &r, x, e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

static void *
copy(const void *from, size_t n, size_t size)
{
	void *to = calloc(n + 1, size);

	if (to != NULL && n > 0)
		memcpy(to, from, n * size);
	return to;
}

static int
give(struct store *s, const struct store_charts *c, struct model_system *m,
    struct err *e)
{
	m->series = calloc(c->n + 1, sizeof(*m->series));
	if (m->series == NULL)
		return err_set(e, "no memory");
	for (size_t i = 0; i < c->n; i++) {
		const struct model_series *x = &c->kept[i].series;
		struct model_series *y = &m->series[m->n_series++];

		*y = *x;
		y->name = strdup(x->name);
		y->recent = copy(x->recent, x->n_recent, sizeof(*x->recent));
		y->days = copy(x->days, x->n_days, sizeof(*x->days));
		if (y->name == NULL || y->recent == NULL || y->days == NULL)
			return err_set(e, "no memory");
		if (c->kept[i].sample != NULL &&
		    read_forecast(s, m->code, c->kept[i].sample, y, e) == -1)
			return -1;
	}
	return 0;
}

static int
newest_series(struct store *s, int64_t *id_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT coalesce(max(id), 0) FROM series", e);

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	*id_r = sql_int(st, 0);
	sql_reset(st);
	return 0;
}

int
store_load_series(struct store *s, const struct config *c,
    struct model_system *m, int64_t now, struct err *e)
{
	int64_t slot = now / STORE_SLOT_S, newest = 0;
	struct store_charts *x = NULL;

	for (size_t i = 0; i < s->n_charts; i++) {
		if (strcmp(s->charts[i].code, m->code) == 0)
			x = &s->charts[i];
	}
	if (x == NULL) {
		x = store_grow(&s->charts, &s->n_charts, sizeof(*x));
		if (x == NULL)
			return err_set(e, "no memory");
		memcpy(x->code, m->code, strnlen(m->code, sizeof(x->code) - 1));
	}
	/* Where there is none, the first series shows at once. */
	if (x->n == 0 && newest_series(s, &newest, e) == -1)
		return -1;
	if (x->slot != slot || x->public != c->public ||
	    (x->n == 0 && x->newest != newest)) {
		for (size_t i = 0; i < x->n; i++)
			kept_clear(&x->kept[i]);
		free(x->kept);
		x->kept = NULL;
		x->n = 0;
		x->slot = 0;
		if (read_all(s, c, x, now, e) == -1)
			return -1;
		x->slot = slot;
		x->newest = newest;
		x->public = c->public;
	}
	return give(s, x, m, e);
}
