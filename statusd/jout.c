#include "statusd/jout.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/escape.h"

#include <inttypes.h>
#include <string.h>

void
jout_init(struct jout *j, struct buf *out)
{
	*j = (struct jout){ .out = out };
}

static void
escaped(struct buf *out, const char *s)
{
	size_t n = strlen(s);

	buf_char(out, '"');
	while (n > 0) {
		unsigned cp;
		size_t len = escape_utf8(s, n, &cp);

		if (len == 0) {
			buf_str(out, "\xef\xbf\xbd");
			len = 1;
		} else if (cp == '"' || cp == '\\') {
			buf_char(out, '\\');
			buf_char(out, *s);
		} else if (cp == '\n') {
			buf_str(out, "\\n");
		} else if (cp < 0x20 || cp == 0x7f || cp == 0x2028 ||
		    cp == 0x2029) {
			buf_printf(out, "\\u%04x", cp);
		} else {
			buf_add(out, s, len);
		}
		s += len;
		n -= len;
	}
	buf_char(out, '"');
}

static void
begin(struct jout *j, const char *name)
{
	if (j->follows)
		buf_char(j->out, ',');
	j->follows = true;
	if (name == NULL)
		return;
	buf_char(j->out, '"');
	buf_str(j->out, name);
	buf_str(j->out, "\":");
}

static void
open(struct jout *j, const char *name, char c)
{
	begin(j, name);
	buf_char(j->out, c);
	j->depth++;
	j->follows = false;
}

static void
end(struct jout *j, char c)
{
	buf_char(j->out, c);
	j->depth--;
	j->follows = true;
}

void
jout_object(struct jout *j, const char *name)
{
	open(j, name, '{');
}

void
jout_object_end(struct jout *j)
{
	end(j, '}');
}

void
jout_array(struct jout *j, const char *name)
{
	open(j, name, '[');
}

void
jout_array_end(struct jout *j)
{
	end(j, ']');
}

void
jout_text(struct jout *j, const char *name, const char *text)
{
	begin(j, name);
	escaped(j->out, text);
}

void
jout_number(struct jout *j, const char *name, int64_t n)
{
	begin(j, name);
	buf_printf(j->out, "%" PRId64, n);
}

void
jout_bool(struct jout *j, const char *name, bool b)
{
	begin(j, name);
	buf_str(j->out, b ? "true" : "false");
}

void
jout_null(struct jout *j, const char *name)
{
	begin(j, name);
	buf_str(j->out, "null");
}

void
jout_time(struct jout *j, const char *name, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];
	size_t n;

	if (at == 0) {
		jout_null(j, name);
		return;
	}
	begin(j, name);
	n = strlen(clock_rfc3339(at, text));
	buf_printf(j->out, "\"%.*s.000Z\"", (int)(n - 1), text);
}

int
jout_done(struct jout *j)
{
	buf_char(j->out, '\n');
	return j->depth == 0 && !j->out->bad ? 0 : -1;
}
