#include "statusd/history.h"

#include "statusd/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

void
history_add(struct model_tally *t, const struct history_span *span,
    int64_t from, int64_t until)
{
	int64_t a = span->from > from ? span->from : from;
	int64_t b = span->until < until ? span->until : until;

	if (b <= a)
		return;
	t->s[span->state] += (int32_t)(b - a);
	if (span->planned)
		t->planned[span->state] += (int32_t)(b - a);
}

int64_t
history_day(int64_t at)
{
	return at - ((at % DAY_S) + DAY_S) % DAY_S;
}

/* Days from 1 January 1970 to the first of the month, Gregorian. */
int64_t
history_month_start(int year, int month)
{
	/* The year begins in March, so that the leap day is its last. */
	int64_t y = month > 2 ? year : year - 1;
	int64_t m = month > 2 ? month - 3 : month + 9;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t day = (153 * m + 2) / 5;

	return (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + day -
	           719468) *
	    DAY_S;
}

void
history_month_of(int64_t at, int *year_r, int *month_r)
{
	int year = (int)(at / (365 * (int64_t)DAY_S + DAY_S / 4)) + 1970;
	int month = 12;

	while (history_month_start(year, 1) > at)
		year--;
	while (history_month_start(year + 1, 1) <= at)
		year++;
	while (history_month_start(year, month) > at)
		month--;
	*year_r = year;
	*month_r = month;
}

int
history_parse_month(const char *text, int *year_r, int *month_r)
{
	static const char form[] = "dddd-dd";

	for (size_t i = 0; i < sizeof(form); i++) {
		if (form[i] == 'd' ? !isdigit((unsigned char)text[i])
		                   : text[i] != form[i])
			return -1;
	}
	*year_r = (int)strtol(text, NULL, 10);
	*month_r = (int)strtol(text + 5, NULL, 10);
	return *year_r >= 1970 && *month_r >= 1 && *month_r <= 12 ? 0 : -1;
}

double
history_credit(const struct config *c, const struct model_tally *t)
{
	const struct config_credit *k = c->credits.items;
	double uptime = model_uptime(t, !c->credit_planned), credit = 0;

	if (c->credits.n == 0)
		return -1;
	for (size_t i = 0; uptime >= 0 && i < c->credits.n; i++) {
		if (uptime * 100 < strtod(k[i].below, NULL) &&
		    (double)k[i].percent > credit)
			credit = (double)k[i].percent;
	}
	return credit;
}

/* The month of that number, made where it is missing. */
static struct model_month *
month_at(struct history *h, int year, int month)
{
	struct model_month *m = h->n_months > 0 ? &h->months[h->n_months - 1]
	                                        : NULL;

	for (size_t i = h->n_months; i-- > 0;) {
		if (h->months[i].year == year && h->months[i].month == month)
			return &h->months[i];
	}
	do {
		struct model_month next = { year, month, { { 0 }, { 0 } }, -1 };
		struct model_month *p = reallocarray(
		    h->months, h->n_months + 1, sizeof(*p));

		if (p == NULL)
			return NULL;
		h->months = p;
		if (h->n_months > 0) {
			m = &p[h->n_months - 1];
			next.year = m->year + m->month / 12;
			next.month = m->month % 12 + 1;
		}
		m = &p[h->n_months++];
		*m = next;
	} while (m->year * 12 + m->month < year * 12 + month);
	return m;
}

int
history_take(struct history *h, const struct history_span *span)
{
	int64_t first = span->from > h->first_day ? span->from : h->first_day;
	int64_t at = span->from;

	for (int64_t day = history_day(first); day < span->until;
	     day += DAY_S) {
		int64_t i = (day - h->first_day) / DAY_S;

		if (i >= MODEL_DAYS)
			break;
		history_add(&h->days[i].t, span, day, day + DAY_S);
	}
	while (at < span->until) {
		struct model_month *m;
		int year, month;
		int64_t end;

		history_month_of(at, &year, &month);
		end = history_month_start(year, month + 1);
		m = month_at(h, year, month);
		if (m == NULL)
			return -1;
		history_add(&m->t, span, at, end);
		at = end;
	}
	return 0;
}
