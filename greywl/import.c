#include "greywl/import.h"

#include "lib/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

const struct gw_format gw_formats[] = {
	{ "plain", "an entry a line, as export writes it", gw_import_plain },
	{ .name = NULL },
};

/* Room for one more; NULL and "no_memory" where there is none. */
static void *
grow(struct gw_import *im, void *items, size_t n, size_t *room, size_t size)
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
	struct allow_entry *p = grow(
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
	struct gw_skipped *p = grow(im, im->skipped, im->n_skipped,
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
	if (n > LINE_MAX_BYTES) {
		gw_import_skip(
		    im, line, true, "the line is too long: one entry a line");
		return;
	}
	if (line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* the mark that some editors begin a file with */
	format->line(im, line, text);
}

int
gw_import_read(struct gw_import *im, const struct gw_format *format, FILE *f,
    struct err *e)
{
	char *text = NULL;
	size_t size = 0, line = 0;
	ssize_t n;

	while (!im->no_memory && (n = getline(&text, &size, f)) != -1)
		read_line(im, format, ++line, text, (size_t)n);
	free(text);
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
	free(im->skipped);
	free(im->entries);
}
