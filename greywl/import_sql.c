#include "greywl/import_sql.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- a row ------------------------------------------------------------ */

const char *
gw_sql_column(const struct gw_sql *d, const char *name)
{
	size_t i;

	for (i = 0; i < d->n_values && i < d->n_columns; i++) {
		if (strcmp(d->columns[i], name) == 0)
			return d->values[i];
	}
	return NULL;
}

static void
take_row(struct gw_import *im, size_t line, size_t n)
{
	struct gw_sql *d = im->state;

	d->n_values = n;
	d->row(im, line, d);
}

/* --- names and values --------------------------------------------------- */

static void
add_column(struct gw_sql *d, const char *s, size_t n)
{
	char *out;
	size_t i;

	if (d->n_columns == GW_SQL_COLUMNS || n >= GW_SQL_NAME_SIZE)
		return;
	out = d->columns[d->n_columns++];
	for (i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)s[i]);
	out[n] = '\0';
}

/* "(id, `domain`)": the names; returns what stands behind. */
static char *
read_columns(struct gw_sql *d, char *s)
{
	size_t n;

	d->n_columns = 0;
	while (*s != '\0' && *s != ')') {
		s += strspn(s, "( ,`\"\t");
		n = strcspn(s, ",`\") \t");
		if (n > 0)
			add_column(d, s, n);
		s += n;
		s += strspn(s, "`\" \t");
	}
	return *s == ')' ? s + 1 : s;
}

static void
usual_columns(struct gw_sql *d)
{
	const char *const *c = d->tables[d->table].columns;
	size_t i;

	d->n_columns = 0;
	for (i = 0; i < GW_SQL_COLUMNS && c[i] != NULL; i++)
		add_column(d, c[i], strlen(c[i]));
}

/*
 * A value at *s, in place: 'text' with '' or \' inside, or a bare word.  *s
 * ends behind it.  NULL: a quote is open.
 */
static char *
sql_value(char **s)
{
	char *from = *s, *to, *value;
	size_t n;

	if (*from != '\'') {
		n = strcspn(from, ",) \t");
		*s = from + n;
		return from; /* cut by the caller */
	}
	value = to = ++from;
	for (; *from != '\0'; from++) {
		if (*from == '\\' && from[1] != '\0')
			from++;
		else if (*from == '\'' && from[1] == '\'')
			from++;
		else if (*from == '\'')
			break;
		*to++ = *from;
	}
	if (*from == '\0')
		return NULL;
	*to = '\0';
	*s = from + 1;
	return value;
}

/* "(1,'a')" at *s; 1: a row was read; 0: none stands here; -1: broken. */
static int
sql_tuple(struct gw_import *im, size_t line, char **s)
{
	struct gw_sql *d = im->state;
	char **values = d->values, *p = *s, end;
	size_t n = 0;

	p += strspn(p, " \t,");
	if (*p != '(')
		return 0;
	do {
		p += 1 + strspn(p + 1, " \t");
		if (n == GW_SQL_COLUMNS ||
		    (values[n++] = sql_value(&p)) == NULL)
			return -1;
		end = *p;
		while (end == ' ' || end == '\t') {
			*p++ = '\0';
			end = *p;
		}
		*p = '\0';
	} while (end == ',');
	if (end != ')')
		return -1;
	*s = p + 1;
	take_row(im, line, n);
	return 1;
}

static void
sql_rows(struct gw_import *im, size_t line, char *s)
{
	struct gw_sql *d = im->state;
	int rc;

	while ((rc = sql_tuple(im, line, &s)) == 1)
		;
	if (rc == -1) {
		gw_import_skip(im, line, true, "the row cannot be read");
		return;
	}
	s += strspn(s, " \t");
	if (*s != '\0' && *s != ',') /* ";", "ON CONFLICT ..." */
		d->in = GW_SQL_OUTSIDE;
}

/* --- statements ----------------------------------------------------------- */

/* The table whose name begins at s, schema and quotes aside. */
static char *
read_table(struct gw_sql *d, char *s)
{
	size_t n, i;
	char *dot;

	s += strspn(s, " \t`\"");
	n = strcspn(s, " \t(;");
	dot = memchr(s, '.', n);
	if (dot != NULL) {
		n -= (size_t)(dot + 1 - s);
		s = dot + 1;
	}
	s += strspn(s, "`\"");
	n = strcspn(s, "`\" \t(;");
	d->table = GW_SQL_NO_TABLE;
	for (i = 0; d->tables[i].name != NULL; i++) {
		if (strlen(d->tables[i].name) == n &&
		    memcmp(d->tables[i].name, s, n) == 0)
			d->table = (int)i;
	}
	s += n;
	s += strspn(s, "`\" \t");
	if (d->table != GW_SQL_NO_TABLE)
		usual_columns(d);
	return *s == '(' ? read_columns(d, s) : s;
}

static bool
begins(const char *s, const char *words)
{
	return strncasecmp(s, words, strlen(words)) == 0;
}

static void
statement(struct gw_import *im, size_t line, char *s)
{
	struct gw_sql *d = im->state;

	d->sql = true;
	d->in = GW_SQL_OUTSIDE;
	if (begins(s, "COPY ")) {
		(void)read_table(d, s + 5);
		d->in = GW_SQL_COPY;
	} else if (begins(s, "INSERT ")) {
		s = strcasestr(s, " INTO ");
		if (s == NULL)
			return;
		s = read_table(d, s + 6);
		if (d->table == GW_SQL_NO_TABLE)
			return;
		d->in = GW_SQL_INSERT;
		s += strspn(s, " \t");
		if (begins(s, "VALUES"))
			s += 6;
		sql_rows(im, line, s);
	}
}

/* A line of COPY: values parted by tabs. */
static void
copy_row(struct gw_import *im, size_t line, char *s)
{
	struct gw_sql *d = im->state;
	size_t n = 0;

	if (strcmp(s, "\\.") == 0) {
		d->in = GW_SQL_OUTSIDE;
		return;
	}
	while (s != NULL && n < GW_SQL_COLUMNS)
		d->values[n++] = strsep(&s, "\t");
	if (d->table != GW_SQL_NO_TABLE)
		take_row(im, line, n);
}

/* --- CSV ------------------------------------------------------------------ */

static size_t
csv_values(char *s, char **values)
{
	size_t n = 0;

	while (s != NULL && n < GW_SQL_COLUMNS) {
		if (*s == '"') {
			char *end = strchr(++s, '"');

			values[n++] = s;
			if (end == NULL)
				return n;
			*end = '\0';
			s = strpbrk(end + 1, ",;");
			s = s != NULL ? s + 1 : NULL;
		} else {
			values[n++] = strsep(&s, ",;");
		}
	}
	return n;
}

/* Whether the first line names the columns of a table, which is set. */
static bool
names_columns(struct gw_sql *d, size_t n)
{
	size_t i, t;

	d->n_columns = 0;
	for (i = 0; i < n; i++)
		add_column(d, d->values[i], strlen(d->values[i]));
	for (t = 0; d->tables[t].name != NULL; t++) {
		for (i = 0; d->tables[t].csv != NULL && i < d->n_columns; i++) {
			if (strcmp(d->columns[i], d->tables[t].csv) == 0) {
				d->table = (int)t;
				return true;
			}
		}
	}
	return false;
}

static void
csv_row(struct gw_import *im, size_t line, char *s)
{
	struct gw_sql *d = im->state;
	size_t n = csv_values(s, d->values);

	if (d->in == GW_SQL_OUTSIDE) {
		d->in = GW_SQL_CSV;
		if (names_columns(d, n))
			return;
		d->table = d->unnamed;
		if (d->table != GW_SQL_NO_TABLE)
			usual_columns(d);
		if (n == 1 && d->table != GW_SQL_NO_TABLE) {
			d->n_columns = 0;
			add_column(d, d->tables[d->table].csv,
			    strlen(d->tables[d->table].csv));
		}
	}
	if (d->table == GW_SQL_NO_TABLE)
		gw_import_skip(
		    im, line, true, "the first line has to name the columns");
	else
		take_row(im, line, n);
}

bool
gw_sql_is(const char *s)
{
	static const char *const words[] = { "--", "/*", "COPY ", "INSERT ",
		"CREATE ", "DROP ", "SET ", "LOCK ", "UNLOCK ", "ALTER ",
		"SELECT ", "PRAGMA ", "BEGIN", "COMMIT", "USE ", "START ",
		"DELETE ", "UPDATE ", "REVOKE ", "GRANT ", "\\" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (begins(s, words[i]))
			return true;
	}
	return false;
}

struct gw_sql *
gw_sql_new(struct gw_import *im, const struct gw_sql_table *tables,
    void (*row)(struct gw_import *im, size_t line, const struct gw_sql *d))
{
	struct gw_sql *d = calloc(1, sizeof(*d));

	im->state = d;
	if (d == NULL) {
		im->no_memory = true;
		return NULL;
	}
	d->tables = tables;
	d->row = row;
	d->unnamed = d->table = GW_SQL_NO_TABLE;
	return d;
}

void
gw_sql_line(struct gw_import *im, size_t line, char *text)
{
	struct gw_sql *d = im->state;
	char *s = text + strspn(text, " \t");

	if (d->in == GW_SQL_COPY)
		copy_row(im, line, text);
	else if (*s == '\0' || *s == '#')
		return;
	else if (d->in == GW_SQL_INSERT && !gw_sql_is(s))
		sql_rows(im, line, begins(s, "VALUES") ? s + 6 : s);
	else if (d->in != GW_SQL_CSV && gw_sql_is(s))
		statement(im, line, s);
	else if (!d->sql)
		csv_row(im, line, s);
}

void
gw_import_sql_end(struct gw_import *im)
{
	free(im->state);
	im->state = NULL;
}
