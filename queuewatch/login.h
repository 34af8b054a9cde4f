#ifndef QUEUEWATCH_LOGIN_H
#define QUEUEWATCH_LOGIN_H

#include <stddef.h>

struct config;
struct err;

/* A name and a password, from a file of two lines for its owner alone. */
#define LOGIN_MOST 256

struct login {
	char user[LOGIN_MOST], password[LOGIN_MOST];
};

/*
 * Read a login_file.  Returns 0, or -1 with *e set: it cannot be read, others
 * may read it, or it does not hold the two lines.
 */
int login_read(const char *path, struct login *login_r, struct err *e);

/*
 * All that a configuration names, by path; what the user may not read is opened
 * by the keeper (or NULL).
 */
struct keeper;
struct logins;

/* NULL without memory. */
struct logins *logins_read(const struct config *c, const struct keeper *keeper);
void logins_free(struct logins *l);

/*
 * The login of that file; NULL where there is none, and "*why_r" says why.
 * "" as path: NULL, and *why_r is NULL.
 */
const struct login *logins_get(
    const struct logins *l, const char *path, const char **why_r);

#endif
