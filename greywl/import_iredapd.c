#include "greywl/import_sql.h"

#include <string.h>

/* iRedAPD's tables. */
enum table { DOMAINS, SENDERS, FROM_SPF };

static const struct gw_sql_table tables[] = {
	[DOMAINS] = { "greylisting_whitelist_domains", { "id", "domain" },
	    "domain" },
	[SENDERS] = { "greylisting_whitelists",
	    { "id", "account", "sender", "comment" }, "sender" },
	[FROM_SPF] = { "greylisting_whitelist_domain_spf",
	    { "id", "account", "sender", "comment" }, NULL },
	{ .name = NULL },
};

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
take_row(struct gw_import *im, size_t line, const struct gw_sql *d)
{
	const char *account = gw_sql_column(d, "account");
	const char *sender = gw_sql_column(d, "sender");
	const char *domain = gw_sql_column(d, "domain");

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

void
gw_import_iredapd(struct gw_import *im, size_t line, char *text)
{
	struct gw_sql *d = im->state;

	if (d == NULL && (d = gw_sql_new(im, tables, take_row)) != NULL)
		d->unnamed = DOMAINS;
	if (d != NULL)
		gw_sql_line(im, line, text);
}
