#include "queuewatch/logline.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400
#define TAG_MOST 128

int
slice_is(struct slice s, const char *word)
{
	return s.n == strlen(word) && memcmp(s.p, word, s.n) == 0;
}

int
slice_begins(struct slice s, const char *word)
{
	size_t n = strlen(word);

	return s.n >= n && memcmp(s.p, word, n) == 0;
}

const char *
slice_find(struct slice s, const char *what)
{
	return memmem(s.p, s.n, what, strlen(what));
}

/* The line as far as it has been read. */
struct cursor {
	const char *p, *end;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* So many digits, no more, no fewer; -1 otherwise. */
static int
digits(struct cursor *c, int count)
{
	int i, v = 0;

	if (c->end - c->p < count)
		return -1;
	for (i = 0; i < count; i++) {
		if (!is_digit(c->p[i]))
			return -1;
		v = v * 10 + (c->p[i] - '0');
	}
	c->p += count;
	return v;
}

static bool
skip(struct cursor *c, char want)
{
	if (c->p == c->end || *c->p != want)
		return false;
	c->p++;
	return true;
}

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

struct stamp {
	int year; /* 0: not said */
	int month, day, hour, min, sec;
	bool zoned;
	int zone_s;
};

static int64_t
local(const struct stamp *s, int year)
{
	struct tm tm = { .tm_year = year - 1900,
		.tm_mon = s->month - 1,
		.tm_mday = s->day,
		.tm_hour = s->hour,
		.tm_isdst = -1 };

	return (int64_t)mktime(&tm);
}

/* When the hour began, without a year the last time that can be meant. */
static int64_t
hour_at(const struct stamp *s, int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;
	int64_t at;

	if (s->year != 0)
		return local(s, s->year);
	(void)localtime_r(&t, &tm);
	at = local(s, tm.tm_year + 1900);
	/* A day's grace: hosts disagree about zones. */
	return at <= now + DAY_S ? at : local(s, tm.tm_year + 1899);
}

static int64_t
stamp_at(
    const struct stamp *s, const char *text, size_t n, struct logline_dates *d)
{
	if (s->zoned)
		return days(s->year, s->month, s->day) * DAY_S +
		    s->hour * 3600 + s->min * 60 + s->sec - s->zone_s;
	/* Up to the hour the text says all; asking for the zone is slow. */
	if (n >= sizeof(d->hour) || n != d->hour_len ||
	    memcmp(text, d->hour, n) != 0 || d->now - d->hour_now > 3600) {
		d->hour_at = hour_at(s, d->now);
		d->hour_now = d->now;
		d->hour_len = n < sizeof(d->hour) ? n : 0;
		memcpy(d->hour, text, d->hour_len);
	}
	return d->hour_at + s->min * 60 + s->sec;
}

/* "+02:00", "+0200", "Z", "UTC", "GMT"; nothing is no zone. */
static void
read_zone(struct cursor *c, struct stamp *s)
{
	struct cursor at = *c;
	int sign, h, m;

	if (at.end - at.p >= 4 &&
	    (memcmp(at.p, "UTC ", 4) == 0 || memcmp(at.p, "GMT ", 4) == 0)) {
		c->p += 3;
		s->zoned = true;
		return;
	}
	if (skip(&at, 'Z')) {
		if (at.p == at.end || *at.p != ' ')
			return;
		*c = at;
		s->zoned = true;
		return;
	}
	sign = skip(&at, '-') ? -1 : skip(&at, '+') ? 1 : 0;
	if (sign == 0 || (h = digits(&at, 2)) == -1)
		return;
	(void)skip(&at, ':');
	m = digits(&at, 2);
	if (m == -1)
		return;
	*c = at;
	s->zoned = true;
	s->zone_s = sign * (h * 3600 + m * 60);
}

/* "10:00:00" and a fraction.  Where the minutes begin goes to *minutes_r. */
static bool
read_time(struct cursor *c, struct stamp *s, const char **minutes_r)
{
	s->hour = digits(c, 2);
	*minutes_r = c->p;
	if (s->hour == -1 || !skip(c, ':') || (s->min = digits(c, 2)) == -1 ||
	    !skip(c, ':') || (s->sec = digits(c, 2)) == -1)
		return false;
	if (skip(c, '.') || skip(c, ',')) {
		while (c->p < c->end && is_digit(*c->p))
			c->p++;
	}
	return s->hour < 24 && s->min < 60 && s->sec <= 60;
}

static int
read_month(struct cursor *c)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int m;

	if (c->end - c->p < 4)
		return 0;
	for (m = 0; m < 12; m++) {
		if (memcmp(c->p, names + (size_t)m * 3, 3) == 0) {
			c->p += 3;
			return m + 1;
		}
	}
	return 0;
}

/* A year between blanks; 0 where there is none. */
static int
read_year(struct cursor *c)
{
	struct cursor at = *c;
	int year = digits(&at, 4);

	if (year < 1970 || at.p == at.end || *at.p != ' ')
		return 0;
	at.p++;
	*c = at;
	return year;
}

/* "Oct  2 10:00:00 ", the year where it likes to be. */
static bool
read_month_form(struct cursor *c, struct stamp *s, const char **minutes_r)
{
	s->year = read_year(c);
	s->month = read_month(c);
	if (s->month == 0 || !skip(c, ' '))
		return false;
	while (skip(c, ' '))
		;
	s->day = digits(c, c->end - c->p >= 2 && is_digit(c->p[1]) ? 2 : 1);
	if (s->day < 1 || s->day > 31 || !skip(c, ' '))
		return false;
	if (s->year == 0)
		s->year = read_year(c);
	if (!read_time(c, s, minutes_r))
		return false;
	if (c->p < c->end && *c->p == ' ') {
		c->p++;
		if (s->year == 0 && (s->year = read_year(c)) != 0)
			*minutes_r = c->p; /* the year belongs to the hour */
		read_zone(c, s);
	} else
		read_zone(c, s);
	/* A zone without a year dates nothing by itself. */
	if (s->year == 0)
		s->zoned = false;
	(void)skip(c, ' ');
	return true;
}

/* "2025-10-02T10:00:00+02:00 ". */
static bool
read_iso_form(struct cursor *c, struct stamp *s, const char **minutes_r)
{
	s->year = digits(c, 4);
	if (s->year < 1970 || !skip(c, '-') ||
	    (s->month = digits(c, 2)) == -1 || !skip(c, '-') ||
	    (s->day = digits(c, 2)) == -1 || (!skip(c, 'T') && !skip(c, ' ')) ||
	    !read_time(c, s, minutes_r))
		return false;
	read_zone(c, s);
	if (!s->zoned && c->end - c->p > 1 && *c->p == ' ') {
		struct cursor at = { c->p + 1, c->end };

		read_zone(&at, s);
		if (s->zoned)
			*c = at;
	}
	return s->month >= 1 && s->month <= 12 && s->day >= 1 && s->day <= 31 &&
	    skip(c, ' ');
}

static struct slice
word(struct cursor *c)
{
	const char *space = memchr(c->p, ' ', (size_t)(c->end - c->p));
	struct slice s = { c->p,
		(size_t)((space != NULL ? space : c->end) - c->p) };

	c->p = space != NULL ? space + 1 : c->end;
	return s;
}

/* "TAG PID MSGID SD TEXT" of RFC 5424, once the host has been read. */
static bool
read_5424(struct cursor *c, struct logline *out)
{
	const char *bracket;
	struct slice sd;

	out->tag = word(c);
	(void)word(c);
	(void)word(c);
	if (c->p < c->end && *c->p == '[') {
		bracket = memmem(c->p, (size_t)(c->end - c->p), "] ", 2);
		if (bracket == NULL)
			return false;
		c->p = bracket + 2;
	} else {
		sd = word(c);
		if (!slice_is(sd, "-"))
			return false;
	}
	return true;
}

/* "TAG[PID]: " or "TAG: ". */
static bool
read_tag(struct cursor *c, struct logline *out)
{
	const char *colon = c->p, *end = c->p + TAG_MOST;

	if (end > c->end)
		end = c->end;
	while (colon < end && *colon != ':' && *colon != '[' && *colon != ' ')
		colon++;
	if (colon == end || *colon == ' ' || colon == c->p)
		return false;
	out->tag = (struct slice){ c->p, (size_t)(colon - c->p) };
	if (*colon == '[') {
		colon = memchr(colon, ']', (size_t)(end - colon));
		if (colon == NULL || ++colon == end || *colon != ':')
			return false;
	}
	c->p = colon + 1;
	return skip(c, ' ');
}

/* "[ID 197553 mail.info] " of some systems. */
static void
skip_id(struct cursor *c)
{
	const char *close;

	if (c->end - c->p < 5 || memcmp(c->p, "[ID ", 4) != 0)
		return;
	close = memchr(c->p, ']', (size_t)(c->end - c->p));
	if (close == NULL)
		return;
	c->p = close + 1;
	(void)skip(c, ' ');
}

/* "<22>" and, where it is RFC 5424's, "1 ". */
static bool
skip_priority(struct cursor *c)
{
	if (!skip(c, '<'))
		return false;
	while (c->p < c->end && is_digit(*c->p))
		c->p++;
	(void)skip(c, '>');
	return skip(c, '1') && skip(c, ' ');
}

int
logline_parse(const char *line, size_t n, struct logline_dates *dates,
    struct logline *out)
{
	struct cursor c = { line, line + n };
	struct stamp s;
	const char *from, *minutes;
	bool rfc5424, iso;

	memset(&s, 0, sizeof(s));
	rfc5424 = skip_priority(&c);
	from = c.p;
	iso = c.end - c.p > 5 && c.p[4] == '-';
	if (!(iso ? read_iso_form(&c, &s, &minutes)
	          : read_month_form(&c, &s, &minutes)))
		return 0;
	(void)word(&c); /* the host */
	if (!(rfc5424 ? read_5424(&c, out) : read_tag(&c, out)))
		return 0;
	skip_id(&c);
	while (c.p < c.end && isspace((unsigned char)c.end[-1]))
		c.end--;
	if (c.p == c.end)
		return 0;
	out->text = (struct slice){ c.p, (size_t)(c.end - c.p) };
	out->at = stamp_at(&s, from, (size_t)(minutes - from), dates);
	return 1;
}
