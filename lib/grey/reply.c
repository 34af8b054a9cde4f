#include "lib/grey/reply.h"

#include "lib/err.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The text itself, so that recipient and seconds have room as well. */
#define TEXT_MAX 300

static int
is_number(const char *s, size_t n)
{
	return n >= 1 && n <= 3 && strspn(s, "0123456789") >= n &&
	    (n == 1 || s[0] != '0');
}

int
grey_reply_check_code(const char *code, struct err *e)
{
	const char *y, *z;
	size_t n_y, n_z;

	if (strspn(code, "0123456789") != 3 || code[0] != '4' ||
	    code[1] > '5' || strncmp(code + 3, " 4.", 3) != 0)
		goto bad;
	y = code + 6;
	n_y = strcspn(y, ".");
	if (!is_number(y, n_y) || y[n_y] != '.')
		goto bad;
	z = y + n_y + 1;
	n_z = strlen(z);
	if (!is_number(z, n_z))
		goto bad;
	return 0;
bad:
	return err_set(e,
	    "\"%.40s\" does not defer: write a code 4xx and a status 4.y.z, "
	    "such as 451 4.7.1",
	    code);
}

int
grey_reply_check(const char *text, struct err *e)
{
	const char *p;

	if (*text == '\0')
		return err_set(e, "is empty");
	if (strlen(text) > TEXT_MAX)
		return err_set(e, "is %zu bytes long: a reply has room for %d",
		    strlen(text), TEXT_MAX);
	for (p = text; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			return err_set(e,
			    "has a control character or one that is not "
			    "ASCII at byte %zu: a reply is one line of ASCII",
			    (size_t)(p - text) + 1);
		if (*p != '%')
			continue;
		p++;
		if (*p != 'r' && *p != 's' && *p != '%')
			return err_set(e,
			    "has \"%%%.1s\": write %%r for the recipient, %%s "
			    "for the seconds left, %%%% for a percent sign",
			    p);
	}
	return 0;
}

void
grey_reply_code(const char *code, char code_r[GREY_CODE_SIZE],
    char status_r[GREY_STATUS_SIZE])
{
	(void)snprintf(code_r, GREY_CODE_SIZE, "%.3s", code);
	(void)snprintf(status_r, GREY_STATUS_SIZE, "%s", code + 4);
}

static size_t
put(char *out, size_t n, char c)
{
	if (n < GREY_REPLY_SIZE - 1)
		out[n++] = c;
	return n;
}

void
grey_reply_text(const char *text, const char *recipient, int64_t wait_s,
    char out[GREY_REPLY_SIZE])
{
	char seconds[24];
	const char *p, *q;
	size_t n = 0;

	(void)snprintf(seconds, sizeof(seconds), "%" PRId64,
	    wait_s < 1 ? (int64_t)1 : wait_s);
	for (p = text; *p != '\0'; p++) {
		if (*p != '%') {
			n = put(out, n, *p);
			continue;
		}
		p++;
		if (*p == '%')
			n = put(out, n, '%');
		for (q = *p == 's' ? seconds : ""; *q != '\0'; q++)
			n = put(out, n, *q);
		for (q = *p == 'r' ? recipient : ""; *q != '\0'; q++)
			n = put(out, n, *q >= 0x20 && *q < 0x7f ? *q : '?');
	}
	out[n] = '\0';
}

void
grey_reply_double(const char *text, char out[2 * GREY_REPLY_SIZE])
{
	size_t n = 0;

	for (; *text != '\0' && n + 2 < (size_t)2 * GREY_REPLY_SIZE; text++) {
		out[n++] = *text;
		if (*text == '%')
			out[n++] = '%';
	}
	out[n] = '\0';
}
