#include "statusd/say.h"

#include "lib/buf.h"
#include "statusd/html.h"
#include "statusd/say_inner.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const say_english[SAY_N] = {
#define W(id, text) [SAY_##id] = text,
#define C(id, check, subject, trouble, means, over, good)           \
	[SAY_##id##_TROUBLE] = trouble, [SAY_##id##_MEANS] = means, \
	[SAY_##id##_OVER] = over, [SAY_##id##_GOOD] = good,
#include "statusd/say_words.def"
#undef W
#undef C
};

const char *
say(enum say id)
{
	const char *own = say_own(id);

	return own != NULL && own[0] != '\0' ? own : say_english[id];
}

/* The value of the placeholder at "name", or NULL. */
static const char *
value_of(const char *name, size_t n, va_list args)
{
	const char *key, *value, *found = NULL;
	va_list ap;

	va_copy(ap, args);
	while (found == NULL && (key = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		if (strlen(key) == n && strncmp(key, name, n) == 0)
			found = value != NULL ? value : "";
	}
	va_end(ap);
	return found;
}

static void
fill(struct buf *b, struct html *h, const char *text, va_list args)
{
	while (*text != '\0') {
		size_t n = *text == '{' ? strcspn(text, "}") : 0;
		const char *value = n > 0 && text[n] == '}'
		    ? value_of(text + 1, n - 1, args)
		    : NULL;

		if (value == NULL) {
			n = strcspn(text + 1, "{") + 1;
			if (h != NULL)
				html_text_n(h, text, n);
			else
				buf_add(b, text, n);
			text += n;
			continue;
		}
		if (h != NULL)
			html_text(h, value);
		else
			buf_str(b, value);
		text += n + 1;
	}
}

void
say_to(struct buf *b, enum say id, ...)
{
	va_list ap;

	va_start(ap, id);
	fill(b, NULL, say(id), ap);
	va_end(ap);
}

void
say_html(struct html *h, enum say id, ...)
{
	va_list ap;

	va_start(ap, id);
	fill(NULL, h, say(id), ap);
	va_end(ap);
}

char *
say_in(char *out, size_t size, enum say id, ...)
{
	struct buf b;
	va_list ap;

	buf_init(&b, 8192);
	va_start(ap, id);
	fill(&b, NULL, say(id), ap);
	va_end(ap);
	(void)snprintf(out, size, "%s", buf_text(&b));
	buf_free(&b);
	return out;
}

char *
say_number(double value, char out[SAY_NUMBER_SIZE])
{
	const char *comma = say(SAY_THOUSANDS);
	char digits[32];
	size_t n, at = 0, w = strlen(comma);

	if (!isfinite(value) || value < 0)
		value = 0;
	(void)snprintf(digits, sizeof(digits), "%.0f", fmin(value, 1e15));
	n = strlen(digits);
	for (size_t i = 0; i < n && at + w + 2 < SAY_NUMBER_SIZE; i++) {
		if (i > 0 && (n - i) % 3 == 0) {
			memcpy(out + at, comma, w);
			at += w;
		}
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

void
say_count(struct buf *b, enum say one, enum say many, double n)
{
	char number[SAY_NUMBER_SIZE];

	say_to(b, n == 1 ? one : many, "n", say_number(n, number), NULL);
}

char *
say_duration(long long seconds, char out[SAY_DURATION_SIZE])
{
	static const struct {
		enum say unit;
		long long s;
	} units[] = { { SAY_DAYS_UNIT, 86400 }, { SAY_HOURS_UNIT, 3600 },
		{ SAY_MINUTES_UNIT, 60 }, { SAY_SECONDS_UNIT, 1 } };
	char first[SAY_DURATION_SIZE / 2], second[SAY_DURATION_SIZE / 2] = "";
	char number[32];
	size_t i = 0;
	long long rest;

	seconds = seconds > 0 ? seconds : 0;
	while (i < 3 && seconds < units[i].s)
		i++;
	(void)snprintf(number, sizeof(number), "%lld", seconds / units[i].s);
	(void)say_in(first, sizeof(first), units[i].unit, "n", number, NULL);
	rest = i < 3 ? seconds % units[i].s / units[i + 1].s : 0;
	(void)snprintf(number, sizeof(number), "%lld", rest);
	if (rest > 0)
		(void)say_in(second, sizeof(second), units[i + 1].unit, "n",
		    number, NULL);
	(void)snprintf(out, SAY_DURATION_SIZE, "%s%s%s", first,
	    rest > 0 ? " " : "", second);
	return out;
}
