#include "greywl/greywl.h"
#include "greywl/out.h"

#include "lib/err.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What stats shows. */
struct figures {
	struct grey_stats stats;
	struct grey_counter *counters;
	size_t n_counters;
	int64_t hits; /* of all entries */
	int64_t used; /* entries that were ever hit */
};

static int
gather(struct gw *g, struct figures *f, struct err *e)
{
	struct allow_entry *list = NULL;
	size_t n = 0, i;

	if (grey_store_stats(g->store, &f->stats, e) == -1 ||
	    grey_store_counters(g->store, &f->counters, &f->n_counters, e) ==
	        -1 ||
	    grey_store_allow_list(g->store, &list, &n, e) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		f->hits += list[i].hits;
		f->used += list[i].hits > 0;
	}
	free(list);
	return 0;
}

static void
print_json(const struct gw *g, const struct figures *f)
{
	const struct grey_stats *s = &f->stats;
	json_t *counters = json_object();
	size_t i;

	for (i = 0; i < f->n_counters; i++)
		(void)json_object_set_new(counters, f->counters[i].name,
		    json_integer(f->counters[i].total));
	gw_json_print(json_pack("{s{sI sI sI} sI s{sI sI sI} so s{so sI}}",
	    "envelopes", "total", (json_int_t)s->envelopes, "waiting",
	    (json_int_t)s->waiting, "passed",
	    (json_int_t)(s->envelopes - s->waiting), "identities",
	    (json_int_t)s->credits, "whitelist", "entries",
	    (json_int_t)s->entries, "hits", (json_int_t)f->hits, "used",
	    (json_int_t)f->used, "counters", counters, "store", "url",
	    gw_json_text(g->config.store), "bytes", (json_int_t)s->bytes));
}

static void
row(const char *name, int64_t n)
{
	gw_line(stdout, "%-28s %12" PRId64, name, n);
}

static void
print_text(const struct gw *g, const struct figures *f)
{
	const struct grey_stats *s = &f->stats;
	size_t i;

	row("envelopes", s->envelopes);
	row("  waiting", s->waiting);
	row("  passed", s->envelopes - s->waiting);
	row("identities that passed", s->credits);
	row("whitelist entries", s->entries);
	row("  ever used", f->used);
	row("  hits", f->hits);
	for (i = 0; i < f->n_counters; i++)
		row(f->counters[i].name, f->counters[i].total);
	row("bytes of the store", s->bytes);
	gw_line(stdout, "%s", g->config.store);
}

enum gw_exit
gw_stats(struct gw *g)
{
	struct figures f = { .counters = NULL };
	enum gw_exit rc = GW_FAILED;
	struct err e;

	if (gw_open(g, GREY_STORE_READ, &e) == -1 || gather(g, &f, &e) == -1) {
		gw_complain("%s", e.text);
	} else {
		if (g->given.value[GW_JSON] != NULL)
			print_json(g, &f);
		else
			print_text(g, &f);
		rc = GW_DONE;
	}
	free(f.counters);
	return rc;
}
