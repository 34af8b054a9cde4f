#include "lib/buf.h"
#include "lib/metrics_http.h"

#include <math.h>

/* Prometheus text format 0.0.4. */

static void
add_escaped(struct buf *b, const char *s, int quotes)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			buf_str(b, "\\\\");
		else if (*s == '\n')
			buf_str(b, "\\n");
		else if (*s == '"' && quotes)
			buf_str(b, "\\\"");
		else
			buf_char(b, *s);
	}
}

void
metrics_head(
    struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP %s ", name);
	add_escaped(b, help, 0);
	buf_printf(b, "\n# TYPE %s %s\n", name, type);
}

void
metrics_sample(struct buf *b, const char *name,
    const struct metrics_label *labels, double value)
{
	const struct metrics_label *l;

	buf_str(b, name);
	for (l = labels; l != NULL && l->name != NULL; l++) {
		buf_printf(b, "%c%s=\"", l == labels ? '{' : ',', l->name);
		add_escaped(b, l->value, 1);
		buf_char(b, '"');
	}
	if (labels != NULL && labels->name != NULL)
		buf_char(b, '}');
	if (isnan(value))
		buf_str(b, " NaN\n");
	else if (isinf(value))
		buf_str(b, value > 0 ? " +Inf\n" : " -Inf\n");
	else
		buf_printf(b, " %.15g\n", value);
}

void
metrics_single(struct buf *b, const char *name, const char *type,
    const char *help, double value)
{
	metrics_head(b, name, type, help);
	metrics_sample(b, name, NULL, value);
}
