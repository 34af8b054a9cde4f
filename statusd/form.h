#ifndef STATUSD_FORM_H
#define STATUSD_FORM_H

#include <stddef.h>

/*
 * A form as browsers send it (application/x-www-form-urlencoded).  Pure.
 */
#define FORM_MOST ((size_t)128 * 1024) /* bytes */
#define FORM_FIELDS 32

struct form {
	char *text; /* what names and values point into */
	size_t size;
	struct {
		const char *name, *value;
	} fields[FORM_FIELDS];
	size_t n;
};

/*
 * Returns 0, and the form is to be freed; or -1: a broken escape, a NUL, too
 * many fields, a field twice, no memory.
 */
int form_read(struct form *f, const char *body, size_t len);
void form_free(struct form *f);

/* The value, "" where the field was not sent. */
const char *form_get(const struct form *f, const char *name);

/*
 * The value of a cookie in the header (NULL: not sent) into "out": its length,
 * 0 where there is none or it does not fit.
 */
size_t form_cookie(
    const char *header, const char *name, char *out, size_t size);

#endif
