#include "statusd/history.h"
#include "statusd/probe_rule.h"

#include <stdio.h>
#include <string.h>

int64_t
probe_expiry(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char name[4] = "";
	const char *p;
	int day, hour, min, sec, year, month;

	if (sscanf(text, "%3s %2d %2d:%2d:%2d %4d", name, &day, &hour, &min,
	        &sec, &year) != 6 ||
	    strlen(name) != 3)
		return -1;
	p = strstr(months, name);
	month = p != NULL ? (int)(p - months) / 3 + 1 : 0;
	if (p == NULL || (p - months) % 3 != 0 || day < 1 || day > 31 ||
	    hour > 23 || min > 59 || sec > 60 || year < 1970)
		return -1;
	return history_month_start(year, month) + ((int64_t)day - 1) * 86400 +
	    hour * 3600 + min * 60 + sec;
}
