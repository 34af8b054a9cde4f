#include "lib/clock.h"
#include "statusd/import_xml.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "+0200", "GMT", "UT", "Z": seconds east; others count as UTC. */
static int
zone_of(const char *s)
{
	int sign = s[0] == '-' ? -1 : 1, at;

	if (s[0] != '+' && s[0] != '-')
		return 0;
	for (int i = 1; i <= 4; i++) {
		if (!isdigit((unsigned char)s[i]))
			return 0;
	}
	at = (int)strtol(s + 1, NULL, 10);
	return sign * (at / 100 * 3600 + at % 100 * 60);
}

int
import_rfc822(const char *s, int64_t *at_r)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *comma = strchr(s, ',');
	char name[4] = "", zone[8] = "", iso[80];
	int day, year, hour, min, sec = 0;
	const char *p;

	s = comma != NULL ? comma + 1 : s;
	if (sscanf(s, " %2d %3s %4d %2d:%2d:%2d %7s", &day, name, &year, &hour,
	        &min, &sec, zone) < 6 ||
	    strlen(name) != 3)
		return -1;
	p = strstr(months, name);
	if (p == NULL || (p - months) % 3 != 0 || day < 1 || year < 1970 ||
	    hour < 0 || min < 0 || sec < 0)
		return -1;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", year,
	    (int)(p - months) / 3 + 1, day, hour, min, sec);
	if (clock_parse_rfc3339(iso, at_r) == -1)
		return -1;
	*at_r -= zone_of(zone);
	return 0;
}
