#include "lib/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t
read_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_now(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000000;
}

int64_t
clock_now_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
clock_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_ns() / 1000000;
}

int64_t
clock_cpu_us(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID) / 1000;
}

#define DOUBTED_LEAP_MS (INT64_C(366) * 86400 * 1000)
#define DOUBTED_FOR_MS (INT64_C(3600) * 1000)

int64_t
clock_steady_of(struct clock_steady *s, int64_t wall_ms, int64_t mono_ms)
{
	int64_t offset = wall_ms - mono_ms, believed = s->offset_ms;
	int64_t since = s->doubted_ms;

	if (believed == 0 || llabs(offset - believed) <= DOUBTED_LEAP_MS ||
	    (since != 0 && mono_ms - since > DOUBTED_FOR_MS)) {
		if (offset != believed)
			s->offset_ms = offset;
		if (since != 0)
			s->doubted_ms = 0;
		return wall_ms;
	}
	if (since == 0)
		s->doubted_ms = mono_ms;
	return mono_ms + believed;
}

int64_t
clock_steady_ms(void)
{
	static struct clock_steady steady;

	return clock_steady_of(&steady, clock_now_ms(), clock_mono_ms());
}

char *
clock_rfc3339(int64_t unix_s, char out[CLOCK_RFC3339_SIZE])
{
	const int64_t first = -62167219200, last = 253402300799;
	time_t t;
	struct tm tm;

	if (unix_s < first)
		unix_s = first;
	if (unix_s > last)
		unix_s = last;
	t = (time_t)unix_s;
	(void)gmtime_r(&t, &tm);
	if (strftime(out, CLOCK_RFC3339_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
	/* glibc does not pad years under 1000 */
	if (tm.tm_year + 1900 < 1000)
		(void)snprintf(out, CLOCK_RFC3339_SIZE,
		    "%04u-%02u-%02uT%02u:%02u:%02uZ",
		    (unsigned)(tm.tm_year + 1900) % 10000,
		    (unsigned)(tm.tm_mon + 1) % 100, (unsigned)tm.tm_mday % 100,
		    (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100,
		    (unsigned)tm.tm_sec % 100);
	return out;
}

/* Exactly n digits at *s; moves *s behind them; -1 where there are fewer. */
static int
digits(const char **s, int n)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		v = v * 10 + (**s - '0');
	}
	return v;
}

static int
expect(const char **s, const char *any_of)
{
	if (**s == '\0' || strchr(any_of, **s) == NULL)
		return -1;
	(*s)++;
	return 0;
}

/* Seconds east of UTC of "Z" or "+hh:mm"; -1 where it is neither. */
static int
parse_offset(const char **s, int *seconds_r)
{
	int sign = **s == '-' ? -1 : 1, h, m;

	if (expect(s, "Zz") == 0) {
		*seconds_r = 0;
		return 0;
	}
	if (expect(s, "+-") == -1 || (h = digits(s, 2)) == -1 ||
	    expect(s, ":") == -1 || (m = digits(s, 2)) == -1 || h > 23 ||
	    m > 59)
		return -1;
	*seconds_r = sign * (h * 3600 + m * 60);
	return 0;
}

int
clock_parse_rfc3339(const char *s, int64_t *unix_r)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	struct tm tm = { 0 };
	int y, mo, d, offset, leap;

	if ((y = digits(&s, 4)) == -1 || expect(&s, "-") == -1 ||
	    (mo = digits(&s, 2)) == -1 || expect(&s, "-") == -1 ||
	    (d = digits(&s, 2)) == -1 || expect(&s, "Tt ") == -1 ||
	    (tm.tm_hour = digits(&s, 2)) == -1 || expect(&s, ":") == -1 ||
	    (tm.tm_min = digits(&s, 2)) == -1 || expect(&s, ":") == -1 ||
	    (tm.tm_sec = digits(&s, 2)) == -1)
		return -1;
	if (expect(&s, ".") == 0) {
		if (digits(&s, 1) == -1)
			return -1;
		while (*s >= '0' && *s <= '9')
			s++;
	}
	if (parse_offset(&s, &offset) == -1 || *s != '\0')
		return -1;
	leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
	if (mo < 1 || mo > 12 || d < 1 ||
	    d > days[mo - 1] + (mo == 2 && leap) || tm.tm_hour > 23 ||
	    tm.tm_min > 59 || tm.tm_sec > 60)
		return -1;
	tm.tm_year = y - 1900;
	tm.tm_mon = mo - 1;
	tm.tm_mday = d;
	*unix_r = (int64_t)timegm(&tm) - offset;
	return 0;
}
