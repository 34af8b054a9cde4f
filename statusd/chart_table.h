#ifndef STATUSD_CHART_TABLE_H
#define STATUSD_CHART_TABLE_H

#include "statusd/html.h"
#include "statusd/model.h"
#include "statusd/say.h"

#include <stdbool.h>

/* What a chart shows, as a table that can be opened. */
void chart_table(struct html *h, const struct model_series *s, bool by_day);

/* The head of a table of figures; "wide" lets it scroll by itself. */
void chart_table_head(
    struct html *h, const char *label, const enum say *heads, size_t n);
void chart_table_end(struct html *h);

#endif
