#ifndef LIB_PROBE_FORM_H
#define LIB_PROBE_FORM_H

#include <stdbool.h>

struct buf;

/*
 * The log-in form of a web page, found by its password field.  Pure; the page
 * is foreign text.
 */
struct probe_login {
	const char *user, *password;
};

/* Whether the page asks for a password. */
bool probe_form_asks(const char *html);

/*
 * Fill in the first form that has a password field: its hidden fields as they
 * are, the name into the field before the password.  "body" becomes the text
 * to POST (application/x-www-form-urlencoded), "action" where to, as it is
 * written in the page ("" for the page itself), without entities.
 * Returns 0, or -1 where there is no such form.
 */
int probe_form_fill(const char *html, const struct probe_login *login,
    struct buf *action, struct buf *body);

#endif
