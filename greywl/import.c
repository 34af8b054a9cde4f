#include "greywl/import.h"

#include "greywl/entry.h"
#include "greywl/import_sql.h"

#include "lib/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192
#define DUMP_LINE_MAX (64u << 20) /* a table in one line */

const struct gw_format gw_formats[] = {
	{ "plain", "an entry a line, as export writes it", LINE_MAX_BYTES,
	    gw_import_plain, NULL },
	{ "postgrey",
	    "whitelist_clients, whitelist_recipients; its databases as text of "
	    "db5.3_dump",
	    LINE_MAX_BYTES, gw_import_postgrey, gw_import_postgrey_end },
	{ "sqlgrey",
	    "clients_ip_whitelist, clients_fqdn_whitelist; its tables as SQL "
	    "dump or CSV",
	    DUMP_LINE_MAX, gw_import_sqlgrey, gw_import_sql_end },
	{ "iredapd", "greylisting_whitelist_domains: SQL dump or CSV",
	    DUMP_LINE_MAX, gw_import_iredapd, gw_import_sql_end },
	{ "milter-greylist", "greylist.conf, greylist.db", LINE_MAX_BYTES,
	    gw_import_milter, gw_import_milter_end },
	{ .name = NULL },
};

void *
gw_import_grow(
    struct gw_import *im, void *items, size_t n, size_t *room, size_t size)
{
	size_t more = *room != 0 ? 2 * *room : 64;
	void *p;

	if (im->no_memory || n < *room)
		return im->no_memory ? NULL : items;
	p = reallocarray(items, more, size);
	if (p == NULL)
		im->no_memory = true;
	else
		*room = more;
	return p;
}

void
gw_import_take(struct gw_import *im, const struct allow_entry *entry)
{
	struct allow_entry *p = gw_import_grow(
	    im, im->entries, im->n, &im->room, sizeof(*im->entries));

	if (p == NULL)
		return;
	im->entries = p;
	im->entries[im->n++] = *entry;
}

void
gw_import_skip(
    struct gw_import *im, size_t line, bool broken, const char *reason)
{
	struct gw_skipped *p = gw_import_grow(im, im->skipped, im->n_skipped,
	    &im->skipped_room, sizeof(*im->skipped));

	if (p == NULL)
		return;
	im->skipped = p;
	p = &im->skipped[im->n_skipped];
	*p = (struct gw_skipped){ .line = line, .broken = broken };
	p->reason = strdup(reason);
	if (p->reason == NULL) {
		im->no_memory = true;
		return;
	}
	im->n_skipped++;
	im->n_broken += broken;
}

void
gw_import_text(
    struct gw_import *im, size_t line, const char *text, enum allow_as as)
{
	struct gw_words given = { .n = 0 };
	struct allow_entry entry;
	struct err e;

	given.value[GW_AUTHOR] = im->author;
	given.value[GW_CLIENT_NAME] = as == ALLOW_AS_NAME ? "" : NULL;
	given.value[GW_RECIPIENT] = as == ALLOW_AS_RECIPIENT ? "" : NULL;
	if (gw_entry_read(text, &given, im->now, &entry, &e) == -1)
		gw_import_skip(im, line, true, e.text);
	else
		gw_import_take(im, &entry);
}

void
gw_import_net(struct gw_import *im, size_t line, const char *text)
{
	char whole[IP_TEXT_SIZE], address[IP_TEXT_SIZE];
	size_t n = strcspn(text, "/"), dots = 0, i;
	unsigned prefix = 0;
	struct ip_net net;
	struct ip ip;

	for (i = 0; i < n; i++)
		dots += text[i] == '.';
	if (n >= sizeof(address) - 8 || strlen(text) >= sizeof(whole))
		goto as_it_is;
	(void)snprintf(address, sizeof(address), "%.*s", (int)n, text);
	if (text[n] == '\0' && (dots == 1 || dots == 2)) {
		(void)snprintf(address + n, sizeof(address) - n, "%s",
		    dots == 1 ? ".0.0" : ".0");
		prefix = dots == 1 ? 16 : 24;
	} else if (text[n] == '/' && text[n + 1] != '\0' &&
	    strspn(text + n + 1, "0123456789") == strlen(text + n + 1) &&
	    strlen(text + n + 1) <= 3) {
		prefix = (unsigned)strtoul(text + n + 1, NULL, 10);
	} else {
		goto as_it_is;
	}
	if (ip_parse(address, &ip) == -1 || prefix > ip.bits)
		goto as_it_is;
	net = ip_net_of(&ip, prefix);
	gw_import_text(im, line, ip_net_text(&net, whole), ALLOW_AS_SEEN);
	return;
as_it_is:
	gw_import_text(im, line, text, ALLOW_AS_SEEN);
}

char *
gw_import_trim(char *text)
{
	static const char blanks[] = " \t\r\f\v";
	size_t n;

	text[strcspn(text, "#")] = '\0';
	text += strspn(text, blanks);
	for (n = strlen(text); n > 0 && strchr(blanks, text[n - 1]); n--)
		;
	text[n] = '\0';
	return text;
}

/* A line without its end; what no format can want is found here. */
static void
read_line(struct gw_import *im, const struct gw_format *format, size_t line,
    char *text, size_t n)
{
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		text[--n] = '\0';
	if (memchr(text, '\0', n) != NULL) {
		gw_import_skip(im, line, true,
		    "the line has a NUL byte: is this a text file?");
		return;
	}
	if (n > format->line_max) {
		gw_import_skip(
		    im, line, true, "the line is too long: one entry a line");
		return;
	}
	if (line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* the mark that some editors begin a file with */
	format->line(im, line, text);
}

static int
by_line(const void *a, const void *b)
{
	const struct gw_skipped *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

int
gw_import_read(struct gw_import *im, const struct gw_format *format, FILE *f,
    struct err *e)
{
	char *text = NULL;
	size_t size = 0, line = 0;
	ssize_t n;

	while (!im->no_memory && im->refused == NULL &&
	    (n = getline(&text, &size, f)) != -1)
		read_line(im, format, ++line, text, (size_t)n);
	free(text);
	if (format->end != NULL)
		format->end(im);
	if (im->n_skipped > 1)
		qsort(
		    im->skipped, im->n_skipped, sizeof(*im->skipped), by_line);
	if (im->no_memory)
		return err_set(e, "no memory for the entries");
	if (ferror(f))
		return err_set(e, "read: %s", strerror(errno));
	return 0;
}

void
gw_import_free(struct gw_import *im)
{
	size_t i;

	for (i = 0; i < im->n_skipped; i++)
		free(im->skipped[i].reason);
	for (i = 0; i < im->n_known; i++) {
		free(im->known[i].sender);
		free(im->known[i].recipient);
		free(im->known[i].note);
	}
	free(im->known);
	free(im->skipped);
	free(im->entries);
}
