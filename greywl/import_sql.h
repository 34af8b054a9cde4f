#ifndef GREYWL_IMPORT_SQL_H
#define GREYWL_IMPORT_SQL_H

#include "greywl/import.h"

/*
 * Tables as mysqldump, pg_dump and sqlite3 write them, or as CSV:
 *
 *   INSERT INTO greylisting_whitelist_domains [(id, domain)] VALUES (1,'a.b');
 *   COPY public.greylisting_whitelists (id, account, sender, comment) FROM ...
 *   id,domain
 */

#define GW_SQL_COLUMNS 8
#define GW_SQL_NAME_SIZE 48
#define GW_SQL_NO_TABLE (-1)

struct gw_sql_table {
	const char *name;
	const char *columns[GW_SQL_COLUMNS]; /* where the dump does not say */
	/* CSV whose first line names this column is of this table; NULL: none
	 * is.  The first table counts. */
	const char *csv;
};

/* The state of a format that reads tables: set by gw_sql_new(). */
struct gw_sql {
	const struct gw_sql_table *tables; /* ended by .name NULL */
	/* Called for each row of them. */
	void (*row)(struct gw_import *im, size_t line, const struct gw_sql *d);
	/* The table of CSV that does not name its columns. */
	int unnamed;
	int table; /* which the row is of */

	/* private */
	enum { GW_SQL_OUTSIDE, GW_SQL_INSERT, GW_SQL_COPY, GW_SQL_CSV } in;
	bool
	    sql; /* a statement was seen: what stands between is none of ours */
	char columns[GW_SQL_COLUMNS][GW_SQL_NAME_SIZE];
	size_t n_columns;
	char *values[GW_SQL_COLUMNS];
	size_t n_values;
};

/* im->state becomes a new one; NULL and "no_memory" where there is none. */
struct gw_sql *gw_sql_new(struct gw_import *im,
    const struct gw_sql_table *tables,
    void (*row)(struct gw_import *im, size_t line, const struct gw_sql *d));

/* Whether a line is SQL, or a comment in it. */
bool gw_sql_is(const char *s);

/* A line, with im->state a struct gw_sql. */
void gw_sql_line(struct gw_import *im, size_t line, char *text);

/* The row's value in a column, or NULL. */
const char *gw_sql_column(const struct gw_sql *d, const char *name);

void gw_import_sql_end(struct gw_import *im);

#endif
