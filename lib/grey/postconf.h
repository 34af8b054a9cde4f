#ifndef LIB_GREY_POSTCONF_H
#define LIB_GREY_POSTCONF_H

#include <stddef.h>

struct buf;
struct err;

/*
 * What  postconf -c DIR -h NAME  prints, added to "out".  The program is
 * searched in PATH and in /usr/sbin, gets no shell, and is killed after 5 s:
 * Postfix's programs wait for up to 2 s where main.cf was changed just now.
 * Returns 0, or -1 with *e set.
 */
int grey_postconf(
    const char *config_dir, const char *name, struct buf *out, struct err *e);

#endif
