#ifndef LIB_SQL_SALVAGE_H
#define LIB_SQL_SALVAGE_H

#include <stdint.h>

struct err;
struct sql;

/*
 * Copy what can still be read of the named tables (ended by NULL) from the
 * database at "from", which may be damaged, into "to", which has tables of the
 * same names: rows are read from both ends until the damage is met.  A row that
 * is there already, or breaks a rule of "to", is left out.  A database of
 * another version of the schema gives nothing.
 *
 * In a transaction of its own.  Returns the number of rows taken, or -1 with *e
 * set where they could not be written.
 */
int64_t sql_salvage(
    struct sql *to, const char *from, const char *const *tables, struct err *e);

#endif
