#include "lib/duration.h"

#include "lib/err.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole number at *s, not negative; moves *s behind it; -1 for none. */
static int
number(const char **s, int64_t *v_r)
{
	char *end;

	if (!isdigit((unsigned char)**s))
		return -1;
	errno = 0;
	*v_r = strtoll(*s, &end, 10);
	*s = end;
	return errno == 0 ? 0 : -1;
}

int
duration_parse_ms(const char *s, int64_t *ms_r, struct err *e)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "ms", 1 },
		{ "s", 1000 },
		{ "min", 60000 },
		{ "h", 3600000 },
		{ "d", 86400000 },
		{ "w", 604800000 },
	};
	const char *p = s;
	int64_t v;
	size_t i;

	if (number(&p, &v) == 0) {
		if (v == 0 && *p == '\0') {
			*ms_r = 0;
			return 0;
		}
		for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
			if (strcmp(p, units[i].unit) == 0 &&
			    !__builtin_mul_overflow(v, units[i].ms, ms_r))
				return 0;
		}
	}
	return err_set(e,
	    "\"%.40s\" is not a duration: write a whole number with ms, s, "
	    "min, h, d or w, for example 3min",
	    s);
}

char *
duration_text(int64_t seconds, char out[DURATION_SIZE])
{
	static const struct {
		const char *unit;
		int64_t s;
	} units[] = { { "d", 86400 }, { "h", 3600 }, { "min", 60 },
		{ "s", 1 } };
	size_t i = 0;
	int64_t rest;

	if (seconds <= 0) {
		(void)snprintf(out, DURATION_SIZE, "0 s");
		return out;
	}
	while (seconds < units[i].s)
		i++;
	rest = i < 3 ? seconds % units[i].s / units[i + 1].s : 0;
	if (rest > 0)
		(void)snprintf(out, DURATION_SIZE, "%lld %s %lld %s",
		    (long long)(seconds / units[i].s), units[i].unit,
		    (long long)rest, units[i + 1].unit);
	else
		(void)snprintf(out, DURATION_SIZE, "%lld %s",
		    (long long)(seconds / units[i].s), units[i].unit);
	return out;
}

int
size_parse(const char *s, int64_t *bytes_r, struct err *e)
{
	static const char letters[] = "KMGT";
	const char *p = s, *at;
	int64_t v, unit = 1;

	if (number(&p, &v) == -1)
		goto bad;
	if (*p != '\0' && (at = strchr(letters, toupper((unsigned char)*p)))) {
		unit = INT64_C(1) << 10 * (at - letters + 1);
		p++;
		if (*p == 'i')
			p++;
	}
	if (*p == 'B')
		p++;
	if (*p == '\0' && !__builtin_mul_overflow(v, unit, bytes_r))
		return 0;
bad:
	return err_set(e,
	    "\"%.40s\" is not a size: write a whole number with B, K, M, G or "
	    "T, for example 20M",
	    s);
}

int
ratio_parse(const char *s, double *ratio_r, struct err *e)
{
	char *end;
	double v;

	if (isdigit((unsigned char)*s) || *s == '.') {
		errno = 0;
		v = strtod(s, &end);
		if (*end == '%') {
			v /= 100;
			end++;
		}
		if (*end == '\0' && errno == 0 && v >= 0 && v <= 1 &&
		    strpbrk(s, "xXpP") == NULL) {
			*ratio_r = v;
			return 0;
		}
	}
	return err_set(e,
	    "\"%.40s\" is not a share: write 0%% to 100%%, for example 85%%",
	    s);
}
