#include "greywl/out.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/escape.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_CAP 65536

static void say(FILE *to, const char *prefix, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
say(FILE *to, const char *prefix, const char *fmt, va_list ap)
{
	struct buf raw, safe;

	buf_init(&raw, LINE_CAP);
	buf_init(&safe, 8 * LINE_CAP);
	buf_vprintf(&raw, fmt, ap);
	escape_line(&safe, buf_text(&raw), raw.len);
	(void)fprintf(to, "%s%s\n", prefix, buf_text(&safe));
	buf_free(&raw);
	buf_free(&safe);
}

void
gw_line(FILE *to, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(to, "", fmt, ap);
	va_end(ap);
}

void
gw_complain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(stderr, "greywl: ", fmt, ap);
	va_end(ap);
}

void
gw_colour(enum gw_colour c)
{
	static const char *const codes[] = { [GW_PLAIN] = "\033[0m",
		[GW_GREEN] = "\033[32m",
		[GW_YELLOW] = "\033[33m",
		[GW_RED] = "\033[31m" };
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if ((no != NULL && *no != '\0') || term == NULL ||
	    strcmp(term, "dumb") == 0 || !isatty(STDOUT_FILENO))
		return;
	(void)fputs(codes[c], stdout);
}

size_t
gw_width(const char *s)
{
	size_t n = strlen(s), i, len, width = 0;
	unsigned cp;

	for (i = 0; i < n; i += len) {
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0)
			len = 1;
		else if ((cp >= 0x300 && cp <= 0x36f) || cp == 0x200d)
			continue; /* drawn over the sign before */
		else if ((cp >= 0x1100 && cp <= 0x115f) ||
		    (cp >= 0x2e80 && cp <= 0xd7a3) ||
		    (cp >= 0xf900 && cp <= 0xfaff) ||
		    (cp >= 0xff00 && cp <= 0xff60) || cp >= 0x1f300)
			width++;
		width++;
	}
	return width;
}

json_t *
gw_json_text(const char *s)
{
	json_t *j = json_string(s);
	struct buf b;

	if (j != NULL)
		return j;
	buf_init(&b, LINE_CAP);
	escape_line(&b, s, strlen(s));
	j = json_string(buf_text(&b));
	buf_free(&b);
	return j;
}

json_t *
gw_json_time(int64_t unix_s)
{
	char text[CLOCK_RFC3339_SIZE];

	return unix_s == 0 ? json_null()
	                   : json_string(clock_rfc3339(unix_s, text));
}

void
gw_json_print(json_t *j)
{
	(void)json_dumpf(j, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout);
	json_decref(j);
}

json_t *
gw_entry_json(const struct allow_entry *entry)
{
	return json_pack("{so ss ss so so so so sI so}", "entry",
	    gw_json_text(entry->value), "kind", allow_kind_words[entry->kind],
	    "proof", allow_proof_words[entry->proof], "author",
	    gw_json_text(entry->author), "note", gw_json_text(entry->note),
	    "created", gw_json_time(entry->created), "expires",
	    gw_json_time(entry->expires), "hits", (json_int_t)entry->hits,
	    "last_hit", gw_json_time(entry->last_hit));
}
