#include "greywl/import.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * iRedAPD's tables, as mysqldump, pg_dump and sqlite3 write them, or as CSV:
 *
 *   INSERT INTO greylisting_whitelist_domains [(id, domain)] VALUES (1,'a.b');
 *   COPY public.greylisting_whitelists (id, account, sender, comment) FROM ...
 *   id,domain
 */

#define COLUMNS 8
#define NAME_SIZE 48

enum table { NO_TABLE, DOMAINS, SENDERS, FROM_SPF };

static const struct {
	const char *name;
	const char *columns[COLUMNS]; /* where the dump does not say */
} tables[] = {
	[DOMAINS] = { "greylisting_whitelist_domains", { "id", "domain" } },
	[SENDERS] = { "greylisting_whitelists",
	    { "id", "account", "sender", "comment" } },
	[FROM_SPF] = { "greylisting_whitelist_domain_spf",
	    { "id", "account", "sender", "comment" } },
};

struct dump {
	enum table table;
	enum { OUTSIDE, INSERT, COPY, CSV } in;
	bool
	    sql; /* a statement was seen: what stands between is none of ours */
	char columns[COLUMNS][NAME_SIZE];
	size_t n_columns;
};

/* --- a row ------------------------------------------------------------ */

static const char *
column(const struct dump *d, char *const *values, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n && i < d->n_columns; i++) {
		if (strcmp(d->columns[i], name) == 0)
			return values[i];
	}
	return NULL;
}

static void
take_sender(struct gw_import *im, size_t line, const char *sender)
{
	if (strncmp(sender, "@.", 2) == 0 && sender[2] != '\0')
		gw_import_text(im, line, sender + 2, ALLOW_AS_SEEN);
	else if (sender[0] == '@' && sender[1] != '.')
		gw_import_text(im, line, sender + 1, ALLOW_AS_SEEN);
	else if (strcmp(sender, "@.") == 0)
		gw_import_skip(im, line, false,
		    "every sender: switch greylisting off in the "
		    "configuration instead");
	else if (strchr(sender, '/') != NULL)
		gw_import_net(im, line, sender);
	else
		gw_import_text(im, line, sender, ALLOW_AS_SEEN);
}

static void
take_row(struct gw_import *im, size_t line, char *const *values, size_t n)
{
	const struct dump *d = im->state;
	const char *account = column(d, values, n, "account");
	const char *sender = column(d, values, n, "sender");
	const char *domain = column(d, values, n, "domain");

	if (d->table == FROM_SPF)
		gw_import_skip(im, line, false,
		    "derived from a domain's SPF record; the domain's own "
		    "entry asks SPF itself");
	else if (d->table == DOMAINS && domain != NULL)
		gw_import_text(im, line, domain, ALLOW_AS_SEEN);
	else if (d->table == SENDERS && sender != NULL &&
	    (account == NULL || strcmp(account, "@.") == 0))
		take_sender(im, line, sender);
	else if (d->table == SENDERS && sender != NULL)
		gw_import_skip(im, line, false,
		    "it holds for one recipient only, an entry holds for all");
	else
		gw_import_skip(im, line, true,
		    "the row does not have the table's columns");
}

/* --- names and values --------------------------------------------------- */

static void
add_column(struct dump *d, const char *s, size_t n)
{
	char *out;
	size_t i;

	if (d->n_columns == COLUMNS || n >= NAME_SIZE)
		return;
	out = d->columns[d->n_columns++];
	for (i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)s[i]);
	out[n] = '\0';
}

/* "(id, `domain`)": the names; returns what stands behind. */
static char *
read_columns(struct dump *d, char *s)
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
usual_columns(struct dump *d)
{
	const char *const *c = tables[d->table].columns;
	size_t i;

	d->n_columns = 0;
	for (i = 0; i < COLUMNS && c[i] != NULL; i++)
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
	char *values[COLUMNS], *p = *s, end;
	size_t n = 0;

	p += strspn(p, " \t,");
	if (*p != '(')
		return 0;
	do {
		p += 1 + strspn(p + 1, " \t");
		if (n == COLUMNS || (values[n++] = sql_value(&p)) == NULL)
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
	take_row(im, line, values, n);
	return 1;
}

static void
sql_rows(struct gw_import *im, size_t line, char *s)
{
	struct dump *d = im->state;
	int rc;

	while ((rc = sql_tuple(im, line, &s)) == 1)
		;
	if (rc == -1) {
		gw_import_skip(im, line, true, "the row cannot be read");
		return;
	}
	s += strspn(s, " \t");
	if (*s != '\0' && *s != ',') /* ";", "ON CONFLICT ..." */
		d->in = OUTSIDE;
}

/* --- statements ----------------------------------------------------------- */

/* The table whose name begins at s, schema and quotes aside. */
static char *
read_table(struct dump *d, char *s)
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
	d->table = NO_TABLE;
	for (i = DOMAINS; i <= FROM_SPF; i++) {
		if (strlen(tables[i].name) == n &&
		    memcmp(tables[i].name, s, n) == 0)
			d->table = (enum table)i;
	}
	s += n;
	s += strspn(s, "`\" \t");
	if (d->table != NO_TABLE)
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
	struct dump *d = im->state;

	d->sql = true;
	d->in = OUTSIDE;
	if (begins(s, "COPY ")) {
		(void)read_table(d, s + 5);
		d->in = COPY;
	} else if (begins(s, "INSERT ")) {
		s = strcasestr(s, " INTO ");
		if (s == NULL)
			return;
		s = read_table(d, s + 6);
		if (d->table == NO_TABLE)
			return;
		d->in = INSERT;
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
	struct dump *d = im->state;
	char *values[COLUMNS];
	size_t n = 0;

	if (strcmp(s, "\\.") == 0) {
		d->in = OUTSIDE;
		return;
	}
	while (s != NULL && n < COLUMNS)
		values[n++] = strsep(&s, "\t");
	if (d->table != NO_TABLE)
		take_row(im, line, values, n);
}

/* --- CSV ------------------------------------------------------------------ */

static size_t
csv_values(char *s, char **values)
{
	size_t n = 0;

	while (s != NULL && n < COLUMNS) {
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

/* The first line may name the columns. */
static void
csv_row(struct gw_import *im, size_t line, char *s)
{
	struct dump *d = im->state;
	char *values[COLUMNS];
	size_t n = csv_values(s, values), i;
	bool first = d->in == OUTSIDE;

	if (first) {
		d->in = CSV;
		d->n_columns = 0;
		d->table = DOMAINS;
		for (i = 0; i < n; i++) {
			add_column(d, values[i], strlen(values[i]));
			if (strcasecmp(values[i], "sender") == 0)
				d->table = SENDERS;
		}
		if (column(d, values, n, "domain") != NULL ||
		    column(d, values, n, "sender") != NULL)
			return;
		usual_columns(d);
		if (n == 1) { /* domains alone */
			d->n_columns = 0;
			add_column(d, "domain", 6);
		}
	}
	take_row(im, line, values, n);
}

static bool
is_sql(const char *s)
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

void
gw_import_iredapd(struct gw_import *im, size_t line, char *text)
{
	struct dump *d = im->state;
	char *s = text + strspn(text, " \t");

	if (d == NULL) {
		d = im->state = calloc(1, sizeof(*d));
		if (d == NULL) {
			im->no_memory = true;
			return;
		}
	}
	if (d->in == COPY)
		copy_row(im, line, text);
	else if (*s == '\0' || *s == '#')
		return;
	else if (d->in == INSERT && !is_sql(s))
		sql_rows(im, line, begins(s, "VALUES") ? s + 6 : s);
	else if (d->in != CSV && is_sql(s))
		statement(im, line, s);
	else if (!d->sql)
		csv_row(im, line, s);
}

void
gw_import_iredapd_end(struct gw_import *im)
{
	free(im->state);
	im->state = NULL;
}
