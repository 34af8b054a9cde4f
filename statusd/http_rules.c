#include "statusd/http_rules.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Put the part behind the last slash away. */
static size_t
one_up(const char *out, size_t len)
{
	while (len > 0 && out[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

int
http_normal_path(const char *path, char *out, size_t size)
{
	size_t len = 0;
	const char *p = path;

	if (*p != '/')
		return -1;
	while (*p != '\0') {
		size_t n;
		bool last;

		while (*p == '/')
			p++;
		n = strcspn(p, "/");
		last = p[n] == '\0';
		if (n == 2 && memcmp(p, "..", 2) == 0) {
			len = one_up(out, len);
		} else if (n > 0 && !(n == 1 && *p == '.')) {
			if (len + n + 3 > size)
				return -1;
			out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
			p += n;
			if (last)
				break;
			continue;
		}
		p += n;
		if (last) {
			if (len + 2 > size)
				return -1;
			out[len++] = '/';
		}
	}
	out[len] = '\0';
	return strcmp(path, out) != 0;
}

bool
http_escapes_ok(const char *uri)
{
	for (const char *p = strchr(uri, '%'); p != NULL;
	     p = strchr(p + 1, '%')) {
		if (!isxdigit((unsigned char)p[1]) ||
		    !isxdigit((unsigned char)p[2]))
			return false;
		if (p[1] == '0' && p[2] == '0')
			return false;
	}
	return true;
}

/* Whether what stands behind a coding gives it a weight of 0. */
static bool
is_refused(const char *params, size_t n)
{
	const char *end = params + n;
	const char *q = memmem(params, n, "q=", 2);

	if (q == NULL)
		q = memmem(params, n, "Q=", 2);
	if (q == NULL)
		return false;
	for (q += 2; q < end; q++)
		if (*q >= '1' && *q <= '9')
			return false;
		else if (*q != '0' && *q != '.')
			break;
	return true;
}

bool
http_accepts_gzip(const char *header)
{
	int any = 0, gzip = 0; /* 1: taken, -1: refused */

	while (header != NULL && *header != '\0') {
		size_t n = strcspn(header, ","), word;

		while (n > 0 && (*header == ' ' || *header == '\t')) {
			header++;
			n--;
		}
		word = strcspn(header, " \t;,");
		if (word > n)
			word = n;
		if ((word == 4 && strncasecmp(header, "gzip", 4) == 0) ||
		    (word == 6 && strncasecmp(header, "x-gzip", 6) == 0))
			gzip = is_refused(header + word, n - word) ? -1 : 1;
		else if (word == 1 && *header == '*')
			any = is_refused(header + word, n - word) ? -1 : 1;
		header += n;
		if (*header == ',')
			header++;
	}
	return gzip == 1 || (gzip == 0 && any == 1);
}

bool
http_etag_matches(const char *header, const char *etag)
{
	size_t len = strlen(etag);

	while (header != NULL && *header != '\0') {
		const char *end;
		size_t n;

		header += strspn(header, " \t,");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (*header != '"')
			return false;
		header++;
		end = strchr(header, '"');
		if (end == NULL)
			return false;
		n = (size_t)(end - header);
		if (n >= len && memcmp(header, etag, len) == 0 &&
		    (n == len ||
		        (n == len + 3 && memcmp(header + len, "-gz", 3) == 0)))
			return true;
		header = end + 1;
	}
	return false;
}

char *
http_date(int64_t unix_s, char out[HTTP_DATE_SIZE])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)unix_s;
	struct tm tm;

	if (unix_s < 0 || unix_s > 253402300799 || gmtime_r(&t, &tm) == NULL) {
		t = 0;
		(void)gmtime_r(&t, &tm);
	}
	(void)snprintf(out, HTTP_DATE_SIZE,
	    "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
	    months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	return out;
}

int
http_parse_date(const char *s, int64_t *unix_r)
{
	struct tm tm = { 0 };
	const char *end = strptime(s, "%a, %d %b %Y %H:%M:%S GMT", &tm);

	if (end == NULL || *end != '\0')
		return -1;
	*unix_r = (int64_t)timegm(&tm);
	return 0;
}
