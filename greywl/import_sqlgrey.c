#include "greywl/import_postgrey.h"
#include "greywl/import_sql.h"

#include "lib/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * sqlgrey: whitelists of clients, one a line; and the tables of who waits
 * (connect) and who is known by sender (from_awl) or domain (domain_awl) from
 * an address or from the first three numbers of one.
 */
#define EMPTY "-undef-" /* what it writes for <> */

enum table { CONNECT, FROM_AWL, DOMAIN_AWL };

static const struct gw_sql_table tables[] = {
	[CONNECT] = { "connect",
	    { "sender_name", "sender_domain", "src", "rcpt", "first_seen" },
	    "rcpt" },
	[FROM_AWL] = { "from_awl",
	    { "sender_name", "sender_domain", "src", "first_seen",
	        "last_seen" },
	    "sender_name" },
	[DOMAIN_AWL] = { "domain_awl",
	    { "sender_domain", "src", "first_seen", "last_seen" },
	    "sender_domain" },
	{ .name = NULL },
};

/* "2026-01-31 12:00:00[.123]", taken as UTC; -1: it is none. */
static int
read_time(const char *s, int64_t *unix_r)
{
	char text[CLOCK_RFC3339_SIZE];

	if (s == NULL || strlen(s) < 19 || (s[10] != ' ' && s[10] != 'T'))
		return -1;
	(void)snprintf(text, sizeof(text), "%.10sT%.8sZ", s, s + 11);
	return clock_parse_rfc3339(text, unix_r);
}

static void
take_waiting(struct gw_import *im, size_t line, const struct gw_sql *d,
    struct gw_known *k)
{
	const char *name = gw_sql_column(d, "sender_name");
	const char *domain = gw_sql_column(d, "sender_domain");
	const char *rcpt = gw_sql_column(d, "rcpt");
	char sender[2 * ADDRESS_MAX], recipient[2 * ADDRESS_MAX];

	if (name == NULL || domain == NULL || rcpt == NULL ||
	    strlen(name) + strlen(domain) >= ADDRESS_MAX ||
	    strlen(rcpt) > ADDRESS_MAX) {
		gw_import_skip(im, line, true,
		    "the row does not have the table's columns");
		return;
	}
	sender[0] = '\0';
	if (strcmp(domain, EMPTY) != 0)
		(void)snprintf(sender, sizeof(sender), "%s@%s", name, domain);
	(void)snprintf(recipient, sizeof(recipient), "%s", rcpt);
	k->sender = sender;
	k->recipient = recipient;
	gw_import_known(im, line, k);
}

static void
take_row(struct gw_import *im, size_t line, const struct gw_sql *d)
{
	const char *src = gw_sql_column(d, "src");
	const char *domain = gw_sql_column(d, "sender_domain");
	struct gw_known k = { .passed = d->table != CONNECT };
	char note[ALLOW_NOTE_SIZE];

	if (src == NULL || gw_import_client(src, &k.net) == -1 ||
	    read_time(gw_sql_column(d, "first_seen"), &k.first) == -1 ||
	    (d->table != CONNECT &&
	        read_time(gw_sql_column(d, "last_seen"), &k.last) == -1)) {
		gw_import_skip(im, line, true,
		    "the row has no client address (src) or no time "
		    "(first_seen, last_seen)");
		return;
	}
	if (d->table == CONNECT) {
		k.last = k.first;
		take_waiting(im, line, d, &k);
		return;
	}
	(void)snprintf(note, sizeof(note), "sqlgrey: known for %.200s",
	    domain != NULL ? domain : "?");
	k.note = note;
	gw_import_known(im, line, &k);
}

/* A header of CSV, or SQL; the whitelists have neither. */
static bool
is_of_tables(const char *s)
{
	return gw_sql_is(s) ||
	    (strchr(s, ',') != NULL && strstr(s, "sender_domain") != NULL);
}

void
gw_import_sqlgrey(struct gw_import *im, size_t line, char *text)
{
	char *s = text + strspn(text, " \t");

	if (im->state == NULL && im->n == 0 && is_of_tables(s))
		(void)gw_sql_new(im, tables, take_row);
	if (im->state != NULL) {
		gw_sql_line(im, line, text);
		return;
	}
	s = gw_import_trim(text);
	if (*s == '\0' || im->no_memory)
		return;
	if (gw_import_is_expression(s))
		gw_import_skip(im, line, false,
		    "a regular expression: write the domain that it stands "
		    "for");
	else
		gw_import_postgrey_client(
		    im, line, strncmp(s, "*.", 2) == 0 ? s + 2 : s);
}
