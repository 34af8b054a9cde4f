#ifndef STATUSD_CHART_H
#define STATUSD_CHART_H

#include "statusd/html.h"
#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Drawings of what was measured, as SVG in the page: axes with units, times in
 * UTC, and what they show once more as a table for those who do not see them.
 * Pure.
 */

/* One bar a day: the higher, the worse it was; each says what in words. */
void chart_days(struct html *h, const struct model_day *days, size_t n);
/* The same as one small line, without words but its label. */
void chart_strip(struct html *h, const struct model_day *days, size_t n);

struct chart {
	const struct model_series *series;
	bool by_day; /* its days; else the last two days */
	int64_t now;
};

/* A <figure>; nothing where there are less than two points. */
void chart_series(struct html *h, const struct chart *c);

/* "1,200", "85 %", "250 ms", "5 min": a value with its unit. */
#define CHART_VALUE_SIZE 64
char *chart_value(
    enum model_metric metric, double value, char out[CHART_VALUE_SIZE]);

/* The end of an axis from 0 on which "high" has its place. */
double chart_top(enum model_metric metric, double high);

/* "99.982 %", never rounded up to 100; "–" where nothing is known. */
char *chart_percent(double share, char out[CHART_VALUE_SIZE]);
/* "12.5 %", of a value in percent. */
char *chart_share(double percent, char out[CHART_VALUE_SIZE]);

#endif
