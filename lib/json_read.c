#include "lib/json_read.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/escape.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
json_read_fault(const struct json_at *at, const char *key, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(at->e, "%s%s: %s", at->path, key, what);
}

const char *
json_read_type(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		break;
	}
	return "null";
}

char *
json_read_quote(const char *s, char out[JSON_QUOTE_SIZE])
{
	size_t i;

	for (i = 0; s[i] != '\0' && i < JSON_QUOTE_SIZE - 4; i++)
		out[i] = (char)(s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?');
	(void)snprintf(
	    out + i, JSON_QUOTE_SIZE - i, "%s", s[i] != '\0' ? "..." : "");
	return out;
}

int
json_read_look(const struct json_at *at, const char *key, enum json_need need,
    json_t **v_r)
{
	*v_r = json_object_get(at->o, key);
	if (*v_r != NULL && !json_is_null(*v_r))
		return 1;
	if (need == JSON_REQUIRED)
		return json_read_fault(at, key, "is missing");
	return 0;
}

int
json_read_text(const struct json_at *at, const char *key, enum json_need need,
    size_t max, const char **text_r)
{
	json_t *v;
	int r = json_read_look(at, key, need, &v);

	*text_r = "";
	if (r != 1)
		return r;
	if (!json_is_string(v))
		return json_read_fault(
		    at, key, "is %s, must be text", json_read_type(v));
	if (json_string_length(v) > max)
		return json_read_fault(at, key, "has %zu bytes, more than %zu",
		    json_string_length(v), max);
	if (need == JSON_REQUIRED && json_string_length(v) == 0)
		return json_read_fault(at, key, "is empty");
	*text_r = json_string_value(v);
	return 0;
}

int
json_read_int(const struct json_at *at, const char *key, enum json_need need,
    int64_t max, int64_t *n_r)
{
	json_t *v;
	int64_t n;
	int r = json_read_look(at, key, need, &v);

	if (r != 1)
		return r;
	if (!json_is_integer(v))
		return json_read_fault(at, key, "is %s, must be a whole number",
		    json_is_real(v) ? "a fraction" : json_read_type(v));
	n = json_integer_value(v);
	if (n < 0 || n > max)
		return json_read_fault(at, key, "%lld is not within 0 to %lld",
		    (long long)n, (long long)max);
	*n_r = n;
	return 0;
}

int
json_read_number(
    const struct json_at *at, const char *key, enum json_need need, double *d_r)
{
	json_t *v;
	int r = json_read_look(at, key, need, &v);

	if (r != 1)
		return r;
	if (!json_is_number(v))
		return json_read_fault(
		    at, key, "is %s, must be a number", json_read_type(v));
	*d_r = json_number_value(v);
	return isfinite(*d_r) ? 1 : json_read_fault(at, key, "is not finite");
}

int
json_read_time(const struct json_at *at, const char *key, enum json_need need,
    int64_t *at_r)
{
	const char *text;
	char quoted[JSON_QUOTE_SIZE];

	if (json_read_text(at, key, need, 1024, &text) == -1)
		return -1;
	if (text[0] == '\0' && need == JSON_OPTIONAL)
		return 0;
	if (clock_parse_rfc3339(text, at_r) == 0)
		return 0;
	return json_read_fault(at, key,
	    "\"%s\" is no RFC 3339 time such as 2026-03-19T16:21:30Z",
	    json_read_quote(text, quoted));
}

int
json_read_word(const struct json_at *at, const char *key,
    const char *const *words, int *word_r)
{
	char all[128] = "", quoted[JSON_QUOTE_SIZE];
	const char *text;
	size_t n = 0;

	if (json_read_text(at, key, JSON_REQUIRED, 1024, &text) == -1)
		return -1;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(text, words[i]) == 0) {
			*word_r = i;
			return 0;
		}
		if (n < sizeof(all))
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s",
			    i > 0 ? ", " : "", words[i]);
	}
	return json_read_fault(at, key, "\"%s\" is none of %s",
	    json_read_quote(text, quoted), all);
}

int
json_read_array(
    const struct json_at *at, const char *key, enum json_need need, size_t max)
{
	json_t *v;
	int r = json_read_look(at, key, need, &v);

	if (r != 1)
		return r;
	if (!json_is_array(v))
		return json_read_fault(
		    at, key, "is %s, must be an array", json_read_type(v));
	if (json_array_size(v) > max)
		return json_read_fault(at, key, "has %zu items, more than %zu",
		    json_array_size(v), max);
	return (int)json_array_size(v);
}

int
json_read_item(
    const struct json_at *at, const char *key, size_t i, struct json_at *item_r)
{
	json_t *v = json_array_get(json_object_get(at->o, key), i);

	*item_r = (struct json_at){ .o = v, .e = at->e };
	(void)snprintf(item_r->path, sizeof(item_r->path), "%.20s%.20s[%zu]",
	    at->path, key, i);
	if (!json_is_object(v))
		return json_read_fault(
		    item_r, "", "is %s, must be an object", json_read_type(v));
	(void)snprintf(item_r->path, sizeof(item_r->path), "%.20s%.20s[%zu].",
	    at->path, key, i);
	return 0;
}

int
json_read_object(const struct json_at *at, const char *key, enum json_need need,
    struct json_at *in_r)
{
	json_t *v;
	int r = json_read_look(at, key, need, &v);

	if (r != 1)
		return r;
	if (!json_is_object(v))
		return json_read_fault(
		    at, key, "is %s, must be an object", json_read_type(v));
	*in_r = (struct json_at){ .o = v, .e = at->e };
	(void)snprintf(
	    in_r->path, sizeof(in_r->path), "%.40s%.20s.", at->path, key);
	return 1;
}

json_t *
json_read_load(const char *text, size_t len, size_t max, struct json_at *at_r,
    struct err *e)
{
	json_error_t why;
	json_t *doc, *owner;
	char quoted[JSON_QUOTE_SIZE];

	if (len > max) {
		(void)err_set(e, "has %zu bytes, more than %zu", len, max);
		return NULL;
	}
	doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (doc == NULL) {
		(void)err_set(e, "is no JSON: line %d, column %d: %s", why.line,
		    why.column, json_read_quote(why.text, quoted));
		return NULL;
	}
	owner = json_array();
	if (json_array_append_new(owner, doc) == -1) {
		(void)err_set(e, "no memory");
		json_decref(owner);
		return NULL;
	}
	if (!json_is_object(doc)) {
		(void)err_set(
		    e, "is %s, must be an object", json_read_type(doc));
		json_decref(owner);
		return NULL;
	}
	*at_r = (struct json_at){ .o = doc, .e = e };
	return owner;
}

json_t *
json_clean_text(const char *s, size_t max)
{
	struct buf b;
	json_t *v;
	size_t n, i, len;
	unsigned cp;

	if (s == NULL)
		s = "";
	n = strlen(s);
	buf_init(&b, max);
	for (i = 0; i < n && !b.bad; i += len ? len : 1) {
		len = escape_utf8(s + i, n - i, &cp);
		if (len == 0)
			buf_str(&b, "\xef\xbf\xbd");
		else
			buf_add(&b, s + i, len);
	}
	v = json_stringn(buf_text(&b), b.len);
	buf_free(&b);
	return v;
}
