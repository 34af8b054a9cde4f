#ifndef GREYWL_OUT_H
#define GREYWL_OUT_H

#include "lib/grey/allow.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct buf;
struct err;

/*
 * What greywl says.  Foreign text is made harmless here, whatever it is.
 */

/* A line, formatted and escaped, and the end of line. */
void gw_line(FILE *to, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* "greywl: ..." on standard error. */
void gw_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

enum gw_colour { GW_PLAIN, GW_GREEN, GW_YELLOW, GW_RED };
/* Begin and (GW_PLAIN) end a colour, where standard output is a terminal that
 * has some and NO_COLOR is not set. */
void gw_colour(enum gw_colour c);

/* How many columns the text takes. */
size_t gw_width(const char *s);

/* A JSON text of anything; what is not UTF-8 is escaped. */
json_t *gw_json_text(const char *s);
/* RFC 3339, or null for 0. */
json_t *gw_json_time(int64_t unix_s);
/* Print and free it. */
void gw_json_print(json_t *j);

json_t *gw_entry_json(const struct allow_entry *entry);

#endif
