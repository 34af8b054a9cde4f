#ifndef STATUSD_HISTORY_H
#define STATUSD_HISTORY_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

/*
 * From stored periods to days, months and what is owed.  Pure; UTC.
 */

/* A time in which a system was in one state. */
struct history_span {
	int64_t from, until; /* Unix seconds; until > from */
	enum model_state state;
	bool planned; /* planned work was in progress */
};

/* What of the span lies in [from, until) is added to the tally. */
void history_add(struct model_tally *t, const struct history_span *span,
    int64_t from, int64_t until);

/* 00:00 of the day; of the first day of the month. */
int64_t history_day(int64_t at);
int64_t history_month_start(int year, int month);
/* The month that "at" lies in. */
void history_month_of(int64_t at, int *year_r, int *month_r);
/* "2026-03": 0, or -1 where it is none. */
int history_parse_month(const char *text, int *year_r, int *month_r);

/*
 * What the credit rule gives for a month, in percent: of the lines whose
 * uptime was missed, the highest; 0 where none was, or nothing is known; -1
 * where there is no rule.
 */
double history_credit(const struct config *c, const struct model_tally *t);

/*
 * Days and months that grow as spans come, oldest first: days from
 * "first_day" on, months as they appear.
 */
struct history {
	int64_t first_day; /* 00:00 */
	struct model_day days[MODEL_DAYS];
	struct model_month *months; /* contiguous */
	size_t n_months;
};

/* 0, or -1 without memory. */
int history_take(struct history *h, const struct history_span *span);

#endif
