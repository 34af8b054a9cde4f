#include "greywl/maillog.h"

#include <string.h>

/* Where it is read; "end" is behind the line. */
struct at {
	const char *s, *end;
};

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year, m = (month + 9) % 12;

	return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day -
	    1 - 719468;
}

int
maillog_year_of(int64_t unix_s)
{
	int64_t days = unix_s / 86400, year = 1970 + days / 366;

	while (days_of(year + 1, 1, 1) <= days)
		year++;
	return (int)year;
}

int64_t
maillog_in_year(const struct maillog_stamp *stamp, int year)
{
	int64_t days = stamp->unix_s / 86400 - days_of(1972, 1, 1);
	int64_t leap = days_of(year, 3, 1) - days_of(year, 2, 1) == 29;

	/* 29 February of a year that has none is 1 March */
	if (!leap && days > 59)
		days--;
	return (days_of(year, 1, 1) + days) * 86400 + stamp->unix_s % 86400;
}

/* A number of "most" digits at most, at least one; -1: there is none. */
static int64_t
number(struct at *at, int most)
{
	int64_t v = 0;
	int i;

	for (i = 0;
	     i < most && at->s < at->end && *at->s >= '0' && *at->s <= '9'; i++)
		v = v * 10 + (*at->s++ - '0');
	return i > 0 ? v : -1;
}

static bool
sign(struct at *at, char c)
{
	if (at->s == at->end || *at->s != c)
		return false;
	at->s++;
	return true;
}

/* 1 to 12; 0: no month's name. */
static int
month_name(struct at *at)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int i;

	for (i = 0; i < 12 && at->end - at->s >= 4; i++) {
		if (memcmp(at->s, names + 3 * i, 3) == 0 && at->s[3] == ' ') {
			at->s += 4;
			return i + 1;
		}
	}
	return 0;
}

/* "16:21:30", with fraction; -1: none. */
static int64_t
time_of_day(struct at *at)
{
	int64_t h = number(at, 2), m, s;

	if (h < 0 || h > 23 || !sign(at, ':'))
		return -1;
	m = number(at, 2);
	if (m < 0 || m > 59 || !sign(at, ':'))
		return -1;
	s = number(at, 2);
	if (s < 0 || s > 60)
		return -1;
	if (sign(at, '.') && number(at, 9) == -1)
		return -1;
	return h * 3600 + m * 60 + s;
}

static bool
in_month(int64_t year, int64_t month, int64_t day)
{
	return month >= 1 && month <= 12 && day >= 1 &&
	    day <= days_of(month == 12 ? year + 1 : year, month % 12 + 1, 1) -
	        days_of(year, month, 1);
}

/* "Z", "+01:00", "+0100", or nothing: UTC.  Seconds to take off; -1: wrong. */
static int
offset(struct at *at, int64_t *seconds_r)
{
	bool minus = at->s < at->end && *at->s == '-';
	int64_t h, m;

	*seconds_r = 0;
	if (sign(at, 'Z') || (!minus && (at->s == at->end || *at->s != '+')))
		return 0;
	at->s++;
	h = number(at, 2);
	(void)sign(at, ':');
	m = number(at, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*seconds_r = (minus ? -1 : 1) * (h * 3600 + m * 60);
	return 0;
}

/* "2026-03-19T16:21:30+01:00": what stands behind "2026-". */
static const char *
rfc3339(struct at at, int64_t year, struct maillog_stamp *stamp_r)
{
	int64_t month = number(&at, 2), day, time, off;

	if (!sign(&at, '-'))
		return NULL;
	day = number(&at, 2);
	if (!in_month(year, month, day) || (!sign(&at, 'T') && !sign(&at, ' ')))
		return NULL;
	time = time_of_day(&at);
	if (time < 0 || offset(&at, &off) == -1 || !sign(&at, ' '))
		return NULL;
	stamp_r->unix_s = days_of(year, month, day) * 86400 + time - off;
	stamp_r->has_year = true;
	return at.s;
}

const char *
maillog_stamp(const char *s, size_t n, struct maillog_stamp *stamp_r)
{
	struct at at = { s, s + n }, back;
	int64_t year = -1, month, day, time;

	if (n > 0 && *s >= '0' && *s <= '9') {
		year = number(&at, 4);
		if (sign(&at, '-'))
			return rfc3339(at, year, stamp_r);
		if (!sign(&at, ' '))
			return NULL;
	}
	month = month_name(&at);
	(void)sign(&at, ' ');
	day = number(&at, 2);
	if (month == 0 || !sign(&at, ' '))
		return NULL;
	back = at;
	if (year == -1) {
		year = number(&at, 4);
		if (year < 1970 || !sign(&at, ' ')) {
			year = -1;
			at = back;
		}
	}
	if (!in_month(year == -1 ? 1972 : year, month, day))
		return NULL;
	time = time_of_day(&at);
	if (time < 0 || !sign(&at, ' '))
		return NULL;
	stamp_r->has_year = year != -1;
	stamp_r->unix_s =
	    days_of(stamp_r->has_year ? year : 1972, month, day) * 86400 + time;
	return at.s;
}
