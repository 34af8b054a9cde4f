#include "statusd/chart.h"

#include "lib/duration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "1,234,567" */
static void
grouped(double value, char *out, size_t size)
{
	char digits[32];
	size_t n, at = 0;

	(void)snprintf(digits, sizeof(digits), "%.0f", fmin(value, 1e15));
	n = strlen(digits);
	for (size_t i = 0; i < n && at + 2 < size; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = digits[i];
	}
	out[at] = '\0';
}

static void
seconds(double value, char *out, size_t size)
{
	if (value <= 0)
		(void)snprintf(out, size, "0 s");
	else if (value < 1)
		(void)snprintf(out, size, "%.0f ms", ceil(value * 1000));
	else if (value < 10 && fabs(value - round(value)) > 0.05)
		(void)snprintf(out, size, "%.1f s", value);
	else if (value < 60)
		(void)snprintf(out, size, "%.0f s", value);
	else if (value < 3600)
		(void)snprintf(out, size, "%.0f min", value / 60);
	else
		(void)snprintf(out, size, "%.3g h", value / 3600);
}

char *
chart_value(enum model_metric metric, double value, char out[CHART_VALUE_SIZE])
{
	if (!isfinite(value) || value < 0)
		value = 0;
	switch (metric) {
	case MODEL_DISK:
		(void)snprintf(out, CHART_VALUE_SIZE, "%.3g %%", value * 100);
		break;
	case MODEL_DELAY:
	case MODEL_LATENCY:
		seconds(value, out, CHART_VALUE_SIZE);
		break;
	case MODEL_QUEUE:
	case MODEL_SPAM:
		if (value > 0 && value < 10 && value != round(value))
			(void)snprintf(out, CHART_VALUE_SIZE, "%.1f", value);
		else
			grouped(value, out, CHART_VALUE_SIZE);
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

	if (!(share >= 0)) {
		(void)snprintf(out, CHART_VALUE_SIZE, "–");
		return out;
	}
	/* Less than all is never told as all. */
	if (percent < 100)
		percent = floor(percent * 1000) / 1000;
	(void)snprintf(out, CHART_VALUE_SIZE,
	    percent >= 100 ? "%.0f %%" : "%.3f %%", percent);
	return out;
}
