#include "statusd/form.h"

#include <stdlib.h>
#include <string.h>

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; 0, or -1 where an escape is none. */
static int
decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s == '+') {
			*to++ = ' ';
		} else if (*s != '%') {
			*to++ = *s;
		} else {
			int high = digit(s[1]);
			int low = high == -1 ? -1 : digit(s[2]);

			if (low == -1 || (high == 0 && low == 0))
				return -1;
			*to++ = (char)(high * 16 + low);
			s += 2;
		}
	}
	*to = '\0';
	return 0;
}

/* One "name=value". */
static int
add(struct form *f, char *pair)
{
	char *value = strchr(pair, '=');

	if (value != NULL)
		*value++ = '\0';
	else
		value = pair + strlen(pair);
	if (f->n == FORM_FIELDS || decode(pair) == -1 || decode(value) == -1)
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->fields[i].name, pair) == 0)
			return -1;
	}
	f->fields[f->n].name = pair;
	f->fields[f->n++].value = value;
	return 0;
}

int
form_read(struct form *f, const char *body, size_t len)
{
	char *next, *pair;

	*f = (struct form){ .n = 0 };
	if (len > FORM_MOST || memchr(body, '\0', len) != NULL)
		return -1;
	f->text = malloc(len + 1);
	if (f->text == NULL)
		return -1;
	f->size = len;
	memcpy(f->text, body, len);
	f->text[len] = '\0';
	next = f->text;
	while ((pair = strsep(&next, "&")) != NULL) {
		if (*pair != '\0' && add(f, pair) == -1) {
			form_free(f);
			return -1;
		}
	}
	return 0;
}

void
form_free(struct form *f)
{
	if (f->text != NULL)
		explicit_bzero(f->text, f->size);
	free(f->text);
	*f = (struct form){ .n = 0 };
}

const char *
form_get(const struct form *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->fields[i].name, name) == 0)
			return f->fields[i].value;
	}
	return "";
}

size_t
form_cookie(const char *header, const char *name, char *out, size_t size)
{
	size_t len = strlen(name), n;

	for (; header != NULL && *header != '\0'; header += n) {
		header += strspn(header, " ;");
		n = strcspn(header, ";");
		if (n <= len || strncmp(header, name, len) != 0 ||
		    header[len] != '=')
			continue;
		header += len + 1;
		n -= len + 1;
		if (n == 0 || n >= size)
			return 0;
		memcpy(out, header, n);
		out[n] = '\0';
		return n;
	}
	return 0;
}
