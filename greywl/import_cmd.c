#include "greywl/entry.h"
#include "greywl/greywl.h"
#include "greywl/import_known.h"
#include "greywl/out.h"

#include "lib/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct gw_format *
find_format(const char *name)
{
	const struct gw_format *f;

	for (f = gw_formats; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0)
			return f;
	}
	gw_complain("there is no format \"%s\"; there are:", name);
	for (f = gw_formats; f->name != NULL; f++)
		gw_complain("  %-16s %s", f->name, f->what);
	return NULL;
}

static json_t *
skipped_json(const struct gw_import *im, bool broken_only)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < im->n_skipped; i++) {
		if (broken_only && !im->skipped[i].broken)
			continue;
		(void)json_array_append_new(all,
		    json_pack("{sI so}", "line",
		        (json_int_t)im->skipped[i].line, "reason",
		        gw_json_text(im->skipped[i].reason)));
	}
	return all;
}

/* What became of it. */
struct done {
	size_t taken;
	struct grey_allow_added added; /* of the entries */
	size_t envelopes;
};

static void
report(const struct gw *g, const struct gw_import *im,
    const struct gw_format *format, const struct done *d)
{
	size_t i;

	if (g->given.value[GW_JSON] != NULL) {
		gw_json_print(json_pack("{ss sI sI sI sI sI so}", "format",
		    format->name, "taken", (json_int_t)d->taken, "added",
		    (json_int_t)d->added.added, "changed",
		    (json_int_t)d->added.changed, "unchanged",
		    (json_int_t)(d->added.same + im->n_standing), "envelopes",
		    (json_int_t)d->envelopes, "skipped",
		    skipped_json(im, false)));
		return;
	}
	for (i = 0; i < im->n_skipped; i++)
		gw_line(stdout, "line %zu skipped: %s", im->skipped[i].line,
		    im->skipped[i].reason);
	gw_line(stdout,
	    "%zu taken (%zu added, %zu changed, %zu stood already, %zu "
	    "envelopes), %zu skipped",
	    d->taken, d->added.added, d->added.changed,
	    d->added.same + im->n_standing, d->envelopes, im->n_skipped);
}

/* "-", or no file: standard input. */
static const char *
file_name(const struct gw *g)
{
	if (g->given.n == 0 || strcmp(g->given.words[0], "-") == 0)
		return "stdin";
	return g->given.words[0];
}

/* The file has broken lines: say which; nothing is changed. */
static enum gw_exit
refuse(const struct gw *g, const struct gw_import *im,
    const struct gw_format *format)
{
	size_t i;

	for (i = 0; i < im->n_skipped; i++) {
		if (im->skipped[i].broken)
			gw_complain("%s:%zu: %s", file_name(g),
			    im->skipped[i].line, im->skipped[i].reason);
	}
	gw_complain("nothing was changed; broken lines: %zu "
	            "(--skip-broken takes the others)",
	    im->n_broken);
	if (g->given.value[GW_JSON] != NULL)
		gw_json_print(json_pack("{ss sI so}", "format", format->name,
		    "taken", (json_int_t)0, "skipped", skipped_json(im, true)));
	return GW_USAGE;
}

/* The whole file is. */
static enum gw_exit
refuse_all(const struct gw *g, const struct gw_import *im,
    const struct gw_format *format)
{
	gw_complain("%s: %s", file_name(g), im->refused);
	gw_complain("nothing was changed");
	if (g->given.value[GW_JSON] != NULL)
		gw_json_print(
		    json_pack("{ss sI so so}", "format", format->name, "taken",
		        (json_int_t)0, "refused", gw_json_text(im->refused),
		        "skipped", skipped_json(im, true)));
	return GW_USAGE;
}

static enum gw_exit
take(struct gw *g, struct gw_import *im, const struct gw_format *format)
{
	struct done d = { .taken = im->n + im->n_known };
	struct err e;

	if (im->refused != NULL)
		return refuse_all(g, im, format);
	if (im->n_broken > 0 && g->given.value[GW_SKIP_BROKEN] == NULL)
		return refuse(g, im, format);
	if (gw_open(g, GREY_STORE_EDIT, &e) == -1 ||
	    gw_known_clients(g, im, &e) == -1) {
		gw_complain("nothing was changed: %s", e.text);
		return GW_FAILED;
	}
	if (im->n > 0 && gw_entries_add(g, im->entries, im->n, &d.added) == -1)
		return GW_FAILED;
	if (gw_known_envelopes(g, im, &d.envelopes, &e) == -1) {
		gw_complain("%s; before, %zu envelopes were taken: the same "
		            "file can be taken again",
		    e.text, d.envelopes);
		return GW_FAILED;
	}
	report(g, im, format, &d);
	return GW_DONE;
}

enum gw_exit
gw_import(struct gw *g)
{
	const char *from = g->given.value[GW_FROM];
	const char *file = file_name(g);
	const struct gw_format *format;
	struct gw_import im = { .now = g->now,
		.delay_s = g->config.delay_s,
		.retry_window_s = g->config.retry_window_s,
		.lifetime_s = g->config.lifetime_s,
		.author = g->given.value[GW_AUTHOR],
		.file = file_name(g) };
	enum gw_exit rc = GW_FAILED;
	struct err e;
	FILE *f = stdin;

	format = find_format(from != NULL ? from : "plain");
	if (format == NULL)
		return GW_USAGE;
	if (g->given.n > 0 && strcmp(g->given.words[0], "-") != 0 &&
	    (f = fopen(file, "re")) == NULL) {
		gw_complain("%s: %s", file, strerror(errno));
		return GW_FAILED;
	}
	if (gw_import_read(&im, format, f, &e) == -1)
		gw_complain("%s: %s", file, e.text);
	else
		rc = take(g, &im, format);
	if (f != stdin)
		(void)fclose(f);
	gw_import_free(&im);
	return rc;
}
