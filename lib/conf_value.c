#include "lib/conf_value.h"

#include "lib/buf.h"
#include "lib/duration.h"
#include "lib/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int
parse_bool(const char *s, bool *v_r, struct err *e)
{
	static const char *const words[] = { "false", "true", "no", "yes",
		"off", "on" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(s, words[i]) == 0) {
			*v_r = i % 2 == 1;
			return 0;
		}
	}
	return err_set(e, "\"%.40s\" is neither true nor false", s);
}

static int
parse_int(const char *s, int64_t *v_r, struct err *e)
{
	char *end;

	errno = 0;
	*v_r = strtoll(s, &end, 0);
	if (end == s || *end != '\0' || errno != 0)
		return err_set(e, "\"%.40s\" is not a whole number", s);
	return 0;
}

static int
parse_word(const char *s, const char *const *words, int *v_r, struct err *e)
{
	struct buf b;
	int i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(s, words[i]) == 0) {
			*v_r = i;
			return 0;
		}
	}
	buf_init(&b, 300);
	for (i = 0; words[i] != NULL; i++)
		buf_printf(&b, "%s%s",
		    i == 0                     ? ""
		        : words[i + 1] == NULL ? " or "
		                               : ", ",
		    words[i]);
	(void)err_set(e, "\"%.40s\" is not known: write %s", s, buf_text(&b));
	buf_free(&b);
	return -1;
}

static int
parse_seconds(const char *s, int64_t *v_r, struct err *e)
{
	if (duration_parse_ms(s, v_r, e) == -1)
		return -1;
	if (*v_r % 1000 != 0)
		return err_set(
		    e, "\"%.40s\" is not a whole number of seconds", s);
	*v_r /= 1000;
	return 0;
}

/* A bound as the option's user would write it. */
static void
bound_text(const struct conf_option *o, int64_t v, char *out, size_t size)
{
	if (o->kind == CONF_SECONDS && v % 86400 == 0 && v != 0)
		(void)snprintf(out, size, "%lldd", (long long)v / 86400);
	else
		(void)snprintf(out, size, "%lld%s", (long long)v,
		    o->kind == CONF_SECONDS  ? "s"
		        : o->kind == CONF_MS ? "ms"
		                             : "");
}

static int
check_bounds(
    const struct conf_option *o, int64_t v, const char *s, struct err *e)
{
	char min[32], max[32];

	if (o->max == 0 || (v >= o->min && v <= o->max))
		return 0;
	bound_text(o, o->min, min, sizeof(min));
	bound_text(o, o->max, max, sizeof(max));
	return err_set(
	    e, "\"%.40s\" is out of range: write %s to %s", s, min, max);
}

static int
parse_number(
    const struct conf_option *o, const char *s, int64_t *v_r, struct err *e)
{
	int rc;

	if (*s == '\0') {
		if (o->preset != NULL)
			return err_set(e, "is empty");
		*v_r = 0;
		return 0;
	}
	rc = o->kind == CONF_INT      ? parse_int(s, v_r, e)
	    : o->kind == CONF_SECONDS ? parse_seconds(s, v_r, e)
	    : o->kind == CONF_MS      ? duration_parse_ms(s, v_r, e)
	                              : size_parse(s, v_r, e);
	return rc == -1 ? -1 : check_bounds(o, *v_r, s, e);
}

int
conf_value(
    const struct conf_option *o, const char *value, void *field, struct err *e)
{
	const char *s = value != NULL ? value : "";
	int rc = -1;

	switch (o->kind) {
	case CONF_STRING:
		*(char **)field = strdup(s);
		rc = *(char **)field != NULL ? 0 : err_set(e, "no memory");
		break;
	case CONF_BOOL:
		*(bool *)field = false;
		rc = value == NULL ? 0 : parse_bool(s, field, e);
		break;
	case CONF_RATIO:
		*(double *)field = 0;
		rc = value == NULL ? 0 : ratio_parse(s, field, e);
		break;
	case CONF_WORD:
		*(int *)field = 0;
		rc = value == NULL ? 0 : parse_word(s, o->words, field, e);
		break;
	case CONF_INT:
	case CONF_SECONDS:
	case CONF_MS:
	case CONF_SIZE:
		rc = parse_number(o, s, field, e);
		break;
	case CONF_LIST:
		rc = 0;
		break;
	}
	if (rc == 0 && o->check != NULL && value != NULL)
		rc = o->check(s, e);
	if (rc == -1 && o->kind == CONF_STRING) {
		free(*(char **)field);
		*(char **)field = NULL;
	}
	return rc;
}

/* Edit distance of two short names; names over 31 bytes are "far". */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[32], up, left, i, j;
	size_t na = strlen(a), nb = strlen(b);

	if (na > 31 || nb > 31)
		return 99;
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		left = row[0]++;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			row[j] = left + (a[i - 1] != b[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			left = up;
		}
	}
	return row[nb];
}

const char *
conf_nearest(const struct conf_section *s, const char *name)
{
	const struct conf_option *o;
	const struct conf_section *sub;
	const char *best = NULL, *deep;
	unsigned least = strlen(name) < 4 ? 2 : 4, d;

	for (o = s->options; o->name != NULL; o++) {
		d = distance(name, o->name);
		if (d < least) {
			least = d;
			best = o->name;
		}
	}
	for (sub = s->sections; sub != NULL && sub->name != NULL; sub++) {
		d = distance(name, sub->name);
		if (d < least) {
			least = d;
			best = sub->name;
		}
		deep = conf_nearest(sub, name);
		if (deep != NULL && distance(name, deep) < least) {
			least = distance(name, deep);
			best = deep;
		}
	}
	return best;
}

/* A string in libconfuse's double quotes. */
static void
add_quoted(struct buf *b, const char *s, size_t n)
{
	size_t i;

	buf_char(b, '"');
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\' || s[i] == '$')
			buf_char(b, '\\');
		buf_char(b, s[i]);
	}
	buf_char(b, '"');
}

static const struct conf_section *
find_section(const struct conf_section *s, const char *name, size_t n)
{
	const struct conf_section *sub;

	for (sub = s->sections; sub != NULL && sub->name != NULL; sub++) {
		if (strlen(sub->name) == n && memcmp(sub->name, name, n) == 0)
			return sub;
	}
	return NULL;
}

/* The last dot in s[0..n), or NULL: a title can have dots of its own. */
static const char *
last_dot(const char *s, size_t n)
{
	return memrchr(s, '.', n);
}

char *
conf_override_text(
    const struct conf_section *root, const char *o, struct err *e)
{
	const char *eq = strchr(o, '='), *value, *p = o, *dot, *end;
	const struct conf_section *s = root, *sub;
	unsigned depth = 0;
	struct buf b;

	if (eq == NULL || eq == o) {
		(void)err_set(e, "write name=value, for example delay=5min");
		return NULL;
	}
	value = eq + 1;
	buf_init(&b, 65536);
	while ((dot = memchr(p, '.', (size_t)(eq - p))) != NULL) {
		sub = find_section(s, p, (size_t)(dot - p));
		if (sub == NULL)
			break;
		buf_printf(&b, "%s ", sub->name);
		p = dot + 1;
		if (sub->size > 0) {
			end = last_dot(p, (size_t)(eq - p));
			if (end == NULL)
				break;
			add_quoted(&b, p, (size_t)(end - p));
			p = end + 1;
		}
		buf_str(&b, " {\n");
		depth++;
		s = sub;
	}
	buf_add(&b, p, (size_t)(eq - p));
	buf_str(&b, " = ");
	if (*value == '{')
		buf_str(&b, value);
	else
		add_quoted(&b, value, strlen(value));
	for (; depth > 0; depth--)
		buf_str(&b, "\n}");
	buf_char(&b, '\n');
	return buf_take(&b);
}

int
conf_section_line(const char *file, const char *name, const char *title)
{
	char line[1024];
	const char *p;
	int n = 0, found = 0;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		n++;
		p = strstr(line, name);
		if (p != NULL && strspn(line, " \t") == (size_t)(p - line) &&
		    strstr(p + strlen(name), title) != NULL)
			found = n;
	}
	(void)fclose(f);
	return found;
}
