#include "greywl/candidates.h"
#include "greywl/entry.h"
#include "greywl/greywl.h"
#include "greywl/lost.h"
#include "greywl/out.h"
#include "greywl/preset.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/grey/allow_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_CAP 4096

/* What should be known about an entry that is added; NULL: nothing. */
static const char *
warning(const struct gw *g, const struct allow_entry *entry)
{
	if (entry->kind == ALLOW_NETWORK && entry->net.prefix == 0)
		return "every client is meant: nobody is greylisted any more";
	if (entry->kind == ALLOW_DOMAIN && entry->proof == ALLOW_PROOF_NONE)
		return "nothing is proven: mail that only claims to come from "
		       "there is exempt, too";
	if (entry->proof != ALLOW_PROOF_SPF &&
	    entry->proof != ALLOW_PROOF_EITHER)
		return NULL;
	if (!g->config.spf.enabled)
		return "SPF is switched off in the configuration: what only "
		       "SPF could prove is not exempt";
	return NULL;
}

static json_t *
warnings_json(const struct gw *g, const struct allow_entry *entries, size_t n)
{
	json_t *list = json_array(), *w;
	const char *text;
	size_t i;

	for (i = 0; i < n; i++) {
		text = warning(g, &entries[i]);
		if (text == NULL)
			continue;
		w = json_pack("{so ss}", "entry",
		    gw_json_text(entries[i].value), "warning", text);
		(void)json_array_append_new(list, w);
	}
	return list;
}

static void
say_added(const struct gw *g, const struct allow_entry *entries, size_t n,
    const struct grey_allow_added *done)
{
	const char *verb = done->added == n ? "added"
	    : done->same == n               ? "stands already:"
	    : done->changed == n            ? "changed"
	                                    : "stands:";
	const char *text;
	struct buf b;
	size_t i;

	for (i = 0; i < n; i++) {
		buf_init(&b, TEXT_CAP);
		allow_text_write(&b, &entries[i]);
		gw_line(stdout, "%s %s (%s)", verb, buf_text(&b),
		    allow_kind_words[entries[i].kind]);
		buf_free(&b);
		text = warning(g, &entries[i]);
		if (text != NULL)
			gw_complain("%s: %s", entries[i].value, text);
	}
	if (n > 1)
		gw_line(stdout, "%zu added, %zu changed, %zu stood already",
		    done->added, done->changed, done->same);
}

/* Add them and say so. */
static enum gw_exit
add(struct gw *g, const struct allow_entry *entries, size_t n)
{
	struct grey_allow_added done = { 0 };
	json_t *list;
	size_t i;

	if (n > 0 && gw_entries_add(g, entries, n, &done) == -1)
		return GW_FAILED;
	if (g->given.value[GW_JSON] == NULL) {
		say_added(g, entries, n, &done);
		return GW_DONE;
	}
	list = json_array();
	for (i = 0; i < n; i++)
		(void)json_array_append_new(list, gw_entry_json(&entries[i]));
	gw_json_print(json_pack("{sI sI sI so so}", "added",
	    (json_int_t)done.added, "changed", (json_int_t)done.changed,
	    "unchanged", (json_int_t)done.same, "entries", list, "warnings",
	    warnings_json(g, entries, n)));
	return GW_DONE;
}

/* What is to be added follows from the store, or from the DNS. */
static enum gw_exit
add_found(struct gw *g,
    int (*find)(struct gw *g, struct allow_entry **entries_r, size_t *n_r,
        struct err *e))
{
	struct allow_entry *entries = NULL;
	enum gw_exit rc = GW_FAILED;
	struct err e;
	size_t n;

	if (gw_open(g, GREY_STORE_EDIT, &e) == -1 ||
	    find(g, &entries, &n, &e) == -1)
		gw_complain("%s", e.text);
	else
		rc = add(g, entries, n);
	free(entries);
	return rc;
}

/* Options that belong to "add" alone. */
static int
check_add(const struct gw *g, struct err *e)
{
	const char *by = g->given.value[GW_HOSTED_BY];
	char domain[DOMAIN_MAX + 1];

	if (by == NULL)
		return 0;
	if (g->given.value[GW_FROM_LOST] != NULL)
		return err_set(
		    e, "--from-lost and --hosted-by exclude each other");
	return domain_normal(by, false, domain, e) == -1
	    ? err_prefix(e, "--hosted-by")
	    : 0;
}

enum gw_exit
gw_add(struct gw *g)
{
	struct allow_entry *entries = NULL;
	enum gw_exit rc = GW_FAILED;
	struct err e;

	if (check_add(g, &e) == -1 ||
	    (entries = gw_entries_read(g, &e)) == NULL) {
		gw_complain("%s", e.text);
		return GW_USAGE;
	}
	if (g->given.value[GW_FROM_LOST] != NULL)
		rc = add_found(g, gw_entries_lost);
	else if (g->given.value[GW_HOSTED_BY] != NULL)
		rc = add_found(g, gw_entries_hosted);
	else if (gw_open(g, GREY_STORE_EDIT, &e) == -1)
		gw_complain("%s", e.text);
	else
		rc = add(g, entries, g->given.n);
	free(entries);
	return rc;
}

/* It is not there; is it there as something else? */
static void
say_missing(
    const struct allow_entry *list, size_t n, const struct allow_entry *entry)
{
	static const char *const as[] = { [ALLOW_NAME] = " with --client-name",
		[ALLOW_RECIPIENT] = " with --recipient",
		[ALLOW_KINDS] = NULL };
	struct allow_entry other = *entry;
	const char *hint;
	int kind;

	for (kind = 0; kind < ALLOW_KINDS; kind++) {
		other.kind = (enum allow_kind)kind;
		if (gw_entry_find(list, n, &other) == NULL)
			continue;
		hint = as[kind] != NULL ? as[kind] : " without an option";
		gw_complain("%s is not in the whitelist as a %s, but as a %s: "
		            "write it%s",
		    entry->value, allow_kind_words[entry->kind],
		    allow_kind_words[kind], hint);
		return;
	}
	gw_complain("%s is not in the whitelist", entry->value);
}

/* All that is to go must be there. */
static int
check_there(struct gw *g, const struct allow_entry *entries, struct err *e)
{
	struct allow_entry *list = NULL;
	size_t n = 0, i, missing = 0;

	if (grey_store_allow_list(g->store, &list, &n, e) == -1) {
		gw_complain("%s", e->text);
		return -1;
	}
	for (i = 0; i < g->given.n; i++) {
		if (gw_entry_find(list, n, &entries[i]) == NULL) {
			say_missing(list, n, &entries[i]);
			missing++;
		}
	}
	free(list);
	return missing > 0 ? -1 : 0;
}

static enum gw_exit
remove_entries(struct gw *g, const struct allow_entry *entries)
{
	size_t removed = 0, i;
	struct err e;
	json_t *list;

	if (check_there(g, entries, &e) == -1)
		return GW_FAILED;
	if (grey_store_allow_remove(
	        g->store, entries, g->given.n, &removed, &e) == -1) {
		gw_complain("nothing was changed: %s", e.text);
		return GW_FAILED;
	}
	if (g->given.value[GW_JSON] != NULL) {
		list = json_array();
		for (i = 0; i < g->given.n; i++)
			(void)json_array_append_new(
			    list, gw_json_text(entries[i].value));
		gw_json_print(json_pack("{sI so}", "removed",
		    (json_int_t)removed, "entries", list));
	} else {
		for (i = 0; i < g->given.n; i++)
			gw_line(stdout, "removed %s (%s)", entries[i].value,
			    allow_kind_words[entries[i].kind]);
	}
	return removed > 0 ? GW_DONE : GW_FAILED;
}

enum gw_exit
gw_remove(struct gw *g)
{
	static const enum gw_option not_asked[] = { GW_NOTE, GW_AUTHOR,
		GW_EXPIRES, GW_PROOF };
	struct allow_entry *entries;
	enum gw_exit rc = GW_FAILED;
	struct err e;
	size_t i;

	/* A line of "list" may be given whole; which entry it is counts. */
	for (i = 0; i < sizeof(not_asked) / sizeof(not_asked[0]); i++)
		g->given.value[not_asked[i]] = NULL;
	entries = gw_entries_read(g, &e);
	if (entries == NULL) {
		gw_complain("%s", e.text);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_EDIT, &e) == -1)
		gw_complain("%s", e.text);
	else
		rc = remove_entries(g, entries);
	free(entries);
	return rc;
}

static enum gw_exit
list_presets(const struct gw *g)
{
	json_t *all = json_object(), *domains;
	const struct gw_preset_row *p;
	struct buf b;
	size_t i;

	for (p = gw_presets; p->name != NULL; p++) {
		domains = json_array();
		buf_init(&b, TEXT_CAP);
		for (i = 0; p->domains[i] != NULL; i++) {
			(void)json_array_append_new(
			    domains, json_string(p->domains[i]));
			buf_printf(&b, " %s", p->domains[i]);
		}
		(void)json_object_set_new(all, p->name, domains);
		if (g->given.value[GW_JSON] == NULL)
			gw_line(stdout, "%-10s%s", p->name, buf_text(&b));
		buf_free(&b);
	}
	if (g->given.value[GW_JSON] != NULL)
		gw_json_print(all);
	else
		json_decref(all);
	return GW_DONE;
}

/* The preset's entries that do not stand yet; what stands is left alone. */
static int
preset_entries(struct gw *g, const struct gw_preset_row *p,
    struct allow_entry **entries_r, size_t *n_r, struct err *e)
{
	struct allow_entry *list = NULL, *entry;
	size_t n = 0, i, count = 0;
	char note[64];

	while (p->domains[count] != NULL)
		count++;
	*n_r = 0;
	*entries_r = calloc(count, sizeof(**entries_r));
	if (*entries_r == NULL)
		return err_set(e, "no memory");
	if (grey_store_allow_list(g->store, &list, &n, e) == -1)
		return -1;
	(void)snprintf(note, sizeof(note), "preset %s", p->name);
	if (g->given.value[GW_NOTE] == NULL)
		g->given.value[GW_NOTE] = note;
	for (i = 0; i < count; i++) {
		entry = &(*entries_r)[*n_r];
		if (gw_entry_read(p->domains[i], &g->given, g->now, entry, e) ==
		    -1)
			break;
		if (gw_entry_find(list, n, entry) == NULL)
			(*n_r)++;
		else if (g->given.value[GW_JSON] == NULL)
			gw_line(stdout, "stands already: %s", entry->value);
	}
	g->given.value[GW_NOTE] = NULL;
	free(list);
	return i == count ? 0 : -1;
}

enum gw_exit
gw_preset(struct gw *g)
{
	const struct gw_preset_row *p;
	struct allow_entry *entries = NULL, first;
	enum gw_exit rc = GW_FAILED;
	struct err e;
	size_t n;

	if (g->given.n == 0)
		return list_presets(g);
	p = gw_preset_find(g->given.words[0]);
	if (p == NULL) {
		gw_complain("there is no preset \"%s\"; \"greywl preset\" "
		            "lists them",
		    g->given.words[0]);
		return GW_USAGE;
	}
	if (gw_entry_read(p->domains[0], &g->given, g->now, &first, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_EDIT, &e) == -1 ||
	    preset_entries(g, p, &entries, &n, &e) == -1)
		gw_complain("%s", e.text);
	else
		rc = add(g, entries, n);
	free(entries);
	return rc;
}
