#ifndef GREYWL_IMPORT_POSTGREY_H
#define GREYWL_IMPORT_POSTGREY_H

#include "greywl/import.h"

/* What postgrey's form shares with sqlgrey's. */

/* /an expression/ */
bool gw_import_is_expression(const char *s);

/*
 * A client: an address, the beginning of one, a network, or a name (which means
 * what lies below it as well).
 */
void gw_import_postgrey_client(
    struct gw_import *im, size_t line, const char *s);

/*
 * postgrey's databases as db5.3_dump writes them: whether the first line is of
 * one, and each of its lines.
 */
bool gw_postgrey_is_dump(const char *line);
void gw_postgrey_dump(struct gw_import *im, size_t line, char *text);

#endif
