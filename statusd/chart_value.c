#include "statusd/chart.h"

#include "statusd/say.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The number with the language's own point. */
static char *
pointed(const char *plain, char out[SAY_NUMBER_SIZE])
{
	int whole = (int)strcspn(plain, ".");

	if (plain[whole] == '\0')
		(void)snprintf(out, SAY_NUMBER_SIZE, "%s", plain);
	else
		(void)snprintf(out, SAY_NUMBER_SIZE, "%.*s%.8s%s", whole, plain,
		    say(SAY_POINT), plain + whole + 1);
	return out;
}

static void
in_unit(enum say unit, const char *plain, char *out)
{
	char number[SAY_NUMBER_SIZE];

	(void)say_in(out, CHART_VALUE_SIZE, unit, "n", pointed(plain, number),
	    "number", number, NULL);
}

static void
seconds(double value, char *out)
{
	char plain[32];
	enum say unit = SAY_SECONDS_UNIT;

	if (value > 0 && value < 1) {
		unit = SAY_MS_UNIT;
		(void)snprintf(
		    plain, sizeof(plain), "%.0f", ceil(value * 1000));
	} else if (value > 0 && value < 10 &&
	    fabs(value - round(value)) > 0.05) {
		(void)snprintf(plain, sizeof(plain), "%.1f", value);
	} else if (value < 60) {
		(void)snprintf(plain, sizeof(plain), "%.0f", value);
	} else if (value < 3600) {
		unit = SAY_MINUTES_UNIT;
		(void)snprintf(plain, sizeof(plain), "%.0f", value / 60);
	} else {
		unit = SAY_HOURS_UNIT;
		(void)snprintf(plain, sizeof(plain), "%.3g", value / 3600);
	}
	in_unit(unit, plain, out);
}

char *
chart_share(double percent, char out[CHART_VALUE_SIZE])
{
	char plain[32];

	(void)snprintf(plain, sizeof(plain), "%.4g", percent);
	in_unit(SAY_PERCENT, plain, out);
	return out;
}

char *
chart_value(enum model_metric metric, double value, char out[CHART_VALUE_SIZE])
{
	char plain[32], number[SAY_NUMBER_SIZE];

	if (!isfinite(value) || value < 0)
		value = 0;
	switch (metric) {
	case MODEL_DISK:
		(void)snprintf(plain, sizeof(plain), "%.3g", value * 100);
		in_unit(SAY_PERCENT, plain, out);
		break;
	case MODEL_DELAY:
	case MODEL_LATENCY:
		seconds(value, out);
		break;
	case MODEL_QUEUE:
	case MODEL_SPAM:
		if (value > 0 && value < 10 && value != round(value)) {
			(void)snprintf(plain, sizeof(plain), "%.1f", value);
			(void)snprintf(out, CHART_VALUE_SIZE, "%s",
			    pointed(plain, number));
		} else {
			(void)snprintf(out, CHART_VALUE_SIZE, "%s",
			    say_number(value, number));
		}
		break;
	}
	return out;
}

double
chart_top(enum model_metric metric, double high)
{
	static const double times[] = { 0.1, 0.2, 0.5, 1, 2, 4, 10, 20, 60, 120,
		240, 600, 1200, 3600, 7200, 14400, 36000, 86400, 172800 };
	double top = 10;

	if (metric == MODEL_DISK)
		return 1;
	if (metric == MODEL_DELAY || metric == MODEL_LATENCY) {
		for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
			if (high <= times[i])
				return times[i];
		return high;
	}
	/* 10, 20, 40, 100, 200, ... */
	while (top < high && top < 1e15) {
		if (2 * top >= high)
			return 2 * top;
		if (4 * top >= high)
			return 4 * top;
		top *= 10;
	}
	return top;
}

char *
chart_percent(double share, char out[CHART_VALUE_SIZE])
{
	double percent = share * 100;
	char plain[32];

	if (!(share >= 0)) {
		(void)snprintf(out, CHART_VALUE_SIZE, "%s", say(SAY_NONE));
		return out;
	}
	/* Less than all is never told as all. */
	if (percent < 100)
		percent = floor(percent * 1000) / 1000;
	(void)snprintf(
	    plain, sizeof(plain), percent >= 100 ? "%.0f" : "%.3f", percent);
	in_unit(SAY_PERCENT, plain, out);
	return out;
}
