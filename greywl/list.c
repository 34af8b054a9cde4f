#include "greywl/entry.h"
#include "greywl/greywl.h"
#include "greywl/import.h"
#include "greywl/out.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "lib/grey/allow_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_CAP 4096
#define WIDEST 48 /* columns that are kept for the entry */

/* What a person wants to know beside the entry, as a comment. */
static void
remark(struct buf *b, const struct allow_entry *entry, int64_t now)
{
	char text[DURATION_SIZE];

	buf_printf(b, "  # %lld hits", (long long)entry->hits);
	if (entry->last_hit != 0)
		buf_printf(b, ", last %s ago",
		    duration_text(now - entry->last_hit, text));
	if (entry->expires != 0 && entry->expires <= now)
		buf_str(b, ", expired");
	else if (entry->expires != 0)
		buf_printf(b, ", ends in %s",
		    duration_text(entry->expires - now, text));
	if (entry->kind == ALLOW_DOMAIN && entry->proof == ALLOW_PROOF_NONE)
		buf_str(b, ", unproven");
}

static void
print_entry(const struct gw *g, const struct allow_entry *entry, size_t width)
{
	struct buf b;
	size_t used;

	buf_init(&b, TEXT_CAP);
	allow_text_write(&b, entry);
	if (width > 0) {
		for (used = gw_width(buf_text(&b)); used < width; used++)
			buf_char(&b, ' ');
		remark(&b, entry, g->now);
	}
	gw_line(stdout, "%s", buf_text(&b));
	buf_free(&b);
}

/* For people the remarks stand below one another. */
static size_t
column(const struct allow_entry *list, size_t n)
{
	size_t i, width = 1, w;
	struct buf b;

	if (!isatty(STDOUT_FILENO))
		return 0;
	for (i = 0; i < n; i++) {
		buf_init(&b, TEXT_CAP);
		allow_text_write(&b, &list[i]);
		w = gw_width(buf_text(&b));
		if (w > width && w <= WIDEST)
			width = w;
		buf_free(&b);
	}
	return width;
}

/* On standard error, so that what is printed stays what "add" reads. */
static void
warn_unproven(const struct allow_entry *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].kind == ALLOW_DOMAIN &&
		    list[i].proof == ALLOW_PROOF_NONE)
			gw_complain("%s: nothing is proven: mail that only "
			            "claims to come from there is exempt, too",
			    list[i].value);
	}
}

/* For "list": remarks where standard output is a terminal, and warnings. */
static enum gw_exit
print_list(struct gw *g, bool remarks)
{
	struct allow_entry *list = NULL;
	json_t *all = NULL;
	struct err e;
	size_t n = 0, i, width;

	if (gw_open(g, GREY_STORE_READ, &e) == -1 ||
	    grey_store_allow_list(g->store, &list, &n, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	width = remarks ? column(list, n) : 0;
	if (g->given.value[GW_JSON] != NULL)
		all = json_array();
	for (i = 0; i < n; i++) {
		if (all != NULL)
			(void)json_array_append_new(
			    all, gw_entry_json(&list[i]));
		else
			print_entry(g, &list[i], width);
	}
	if (all != NULL)
		gw_json_print(all);
	if (remarks)
		warn_unproven(list, n);
	free(list);
	return GW_DONE;
}

enum gw_exit
gw_list(struct gw *g)
{
	return print_list(g, true);
}

enum gw_exit
gw_export(struct gw *g)
{
	return print_list(g, false);
}

/* --- show ------------------------------------------------------------- */

static void
row(const char *name, const char *value)
{
	if (*value != '\0')
		gw_line(stdout, "%-12s %s", name, value);
}

static void
row_time(const char *name, int64_t unix_s)
{
	char text[CLOCK_RFC3339_SIZE];

	row(name, unix_s == 0 ? "never" : clock_rfc3339(unix_s, text));
}

static void
show_entry(const struct allow_entry *entry)
{
	char number[32];

	row("entry", entry->value);
	row("kind", allow_kind_words[entry->kind]);
	row("proof", allow_proof_words[entry->proof]);
	row("note", entry->note);
	row("author", entry->author);
	row_time("created", entry->created);
	row_time("expires", entry->expires);
	(void)snprintf(number, sizeof(number), "%lld", (long long)entry->hits);
	row("hits", number);
	row_time("last hit", entry->last_hit);
}

/* Every kind that this value stands as, or only the one asked for. */
static enum gw_exit
show_entries(struct gw *g, const struct allow_entry *like)
{
	struct allow_entry *list = NULL;
	json_t *all = json_array();
	struct allow_spelling spelling;
	size_t n = 0, i, found = 0;
	struct err e;

	allow_spell(like->value, &spelling);
	if (grey_store_allow_list(g->store, &list, &n, &e) == -1) {
		gw_complain("%s", e.text);
		json_decref(all);
		return GW_FAILED;
	}
	for (i = 0; i < n; i++) {
		if (!allow_spelt(&spelling, list[i].value) ||
		    (like->kind != list[i].kind &&
		        (like->kind == ALLOW_NAME ||
		            g->given.value[GW_RECIPIENT] != NULL)))
			continue;
		(void)json_array_append_new(all, gw_entry_json(&list[i]));
		if (g->given.value[GW_JSON] == NULL)
			show_entry(&list[i]);
		found++;
	}
	free(list);
	if (found == 0)
		gw_complain("%s is not in the whitelist", like->value);
	if (g->given.value[GW_JSON] != NULL && found > 0)
		gw_json_print(all);
	else
		json_decref(all);
	return found > 0 ? GW_DONE : GW_FAILED;
}

static json_t *
origins_json(const struct grey_record *rec)
{
	json_t *all = json_array();
	char id[20];
	size_t i;

	for (i = 0; i < rec->n_origins; i++) {
		const struct grey_origin *o = &rec->origins[i];

		(void)snprintf(
		    id, sizeof(id), "%016llx", (unsigned long long)o->id);
		(void)json_array_append_new(all,
		    json_pack("{ss ss so sb}", "kind",
		        grey_identity_words[o->kind], "id", id, "since",
		        gw_json_time(o->since_ms / 1000), "passed", o->passed));
	}
	return all;
}

static void
show_envelope(const struct gw *g, const struct grey_envelope *env)
{
	const struct grey_record *rec = &env->record;
	char text[DURATION_SIZE], line[128];
	size_t i;

	row("sender", env->sender);
	row("recipient", env->recipient);
	row("client", env->client);
	row("state", grey_record_waits(rec) ? "waiting" : "passed");
	row_time("first seen", rec->first_seen);
	row_time("last seen", rec->last_seen);
	for (i = 0; i < rec->n_origins; i++) {
		const struct grey_origin *o = &rec->origins[i];

		(void)snprintf(line, sizeof(line), "%016llx (%s) %s %s ago",
		    (unsigned long long)o->id, grey_identity_words[o->kind],
		    o->passed ? "passed, used" : "waits since",
		    duration_text(g->now - o->since_ms / 1000, text));
		row("origin", line);
	}
}

static enum gw_exit
show_pair(struct gw *g, const char *sender, const char *recipient)
{
	char from[KEY_TEXT_SIZE], to[KEY_TEXT_SIZE];
	struct grey_envelope env;
	struct key key;
	struct err e;
	int found;

	key_normal_sender(sender, recipient, from);
	key_normal_recipient(recipient, to);
	key = key_envelope(grey_store_secret(g->store), from, to);
	found = grey_store_envelope(g->store, &key, &env, &e);
	if (found != 1) {
		gw_complain("%s",
		    found == -1 ? e.text
		                : "no attempt of that envelope is stored");
		return GW_FAILED;
	}
	if (g->given.value[GW_JSON] == NULL) {
		show_envelope(g, &env);
		return GW_DONE;
	}
	gw_json_print(json_pack("{so so so ss so so so so}", "sender",
	    gw_json_text(from), "recipient", gw_json_text(to), "client",
	    gw_json_text(env.client), "state",
	    grey_record_waits(&env.record) ? "waiting" : "passed", "first_seen",
	    gw_json_time(env.record.first_seen), "last_seen",
	    gw_json_time(env.record.last_seen), "now", gw_json_time(g->now),
	    "origins", origins_json(&env.record)));
	return GW_DONE;
}

enum gw_exit
gw_show(struct gw *g)
{
	char *word = g->given.words[0], *recipient = NULL;
	struct allow_entry like;
	struct err e;

	if (g->given.n == 2)
		recipient = g->given.words[1];
	else if (strchr(word, '@') != NULL || *word == '/')
		recipient = gw_import_cut_pair(word);
	if (recipient == NULL &&
	    gw_entry_read(word, &g->given, g->now, &like, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_USAGE;
	}
	if (gw_open(g, GREY_STORE_READ, &e) == -1) {
		gw_complain("%s", e.text);
		return GW_FAILED;
	}
	return recipient != NULL ? show_pair(g, word, recipient)
	                         : show_entries(g, &like);
}
