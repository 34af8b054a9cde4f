#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/store.h"
#include "statusd/store_thread.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
kind_word(enum model_kind kind)
{
	switch (kind) {
	case MODEL_INCIDENT:
		return "incident";
	case MODEL_PLANNED:
		return "maintenance";
	case MODEL_POST:
		break;
	}
	return "post";
}

/* A plain post has no status of its own. */
static const char *
status_word(const struct model_thread *t)
{
	return t->kind == MODEL_POST ? "posted" : model_status_word(t->status);
}

static json_t *
json_time(int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	return at == 0 ? json_null() : json_string(clock_rfc3339(at, text));
}

static json_t *
json_entry(const struct model_entry *en)
{
	static const char *const kinds[] = { "opening", "update", "note",
		"resolved" };

	return json_pack("{s:I, s:s, s:i, s:o, s:s, s:s, s:b, s:s}", "id",
	    (json_int_t)en->id, "kind", kinds[en->kind], "number", en->number,
	    "at", json_time(en->at), "title", en->title, "body", en->body,
	    "published", en->published, "key", en->key);
}

static json_t *
json_names(char **names, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(names[i]));
	return list;
}

/* "system" is the first; a post can be about several. */
json_t *
ctl_json_thread(const struct model_site *site, const struct model_thread *t)
{
	json_t *systems = json_array(), *entries = json_array();
	char url[1024];

	for (size_t i = 0; i < t->n_systems; i++)
		(void)json_array_append_new(
		    systems, json_string(t->systems[i]));
	for (size_t i = 0; i < t->n_entries; i++)
		(void)json_array_append_new(
		    entries, json_entry(&t->entries[i]));
	(void)snprintf(url, sizeof(url), "%s%s/", site->url, t->path);
	return json_pack(
	    "{s:I, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:s, s:o, s:o, "
	    "s:s*, s:o, s:o, s:o, s:o}",
	    "id", (json_int_t)t->id, "system",
	    t->n_systems > 0 ? t->systems[0] : "", "systems", systems, "kind",
	    kind_word(t->kind), "status", status_word(t), "impact",
	    model_impact_word(t->impact), "title", t->title, "opened_at",
	    json_time(t->opened_at), "resolved_at", json_time(t->resolved_at),
	    "published", t->published, "url", t->published ? url : "",
	    "entries", entries, "next_update_at", json_time(t->next_update_at),
	    "recovering", t->recovering, "planned_from",
	    json_time(t->planned_from), "planned_until",
	    json_time(t->planned_until), "categories",
	    json_names(t->categories, t->n_categories), "tags",
	    json_names(t->tags, t->n_tags));
}

int
ctl_print_json(json_t *o, struct err *e)
{
	char *text = o != NULL ? json_dumps(o, JSON_INDENT(2)) : NULL;
	int rc = text != NULL && puts(text) != EOF ? CTL_DONE : CTL_FAILED;

	if (rc == CTL_FAILED)
		(void)err_set(e, "write the output");
	free(text);
	json_decref(o);
	return rc;
}

static void
print_line(const struct model_thread *t)
{
	char at[CLOCK_RFC3339_SIZE];

	(void)printf("%4" PRId64 "  %s  %-13s  %s", t->id,
	    clock_rfc3339(t->opened_at, at), status_word(t),
	    t->published ? "" : "[draft] ");
	ctl_print(t->title);
	(void)putchar('\n');
}

/* Lists are read by eye: only the newest, unless all are asked for. */
#define LIST_LINES 50

int
ctl_list(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	json_t *list;
	int rc = CTL_DONE;

	if (ctl_args(argc, argv, "ja", &a, e) == -1)
		return CTL_WRONG;
	if (a.n_words > 0) {
		(void)err_set(e, "list takes no number; show does");
		return CTL_WRONG;
	}
	site = store_load_site(c->store, c->config, STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	if (a.json) {
		list = json_array();
		for (size_t i = 0; i < site->n_threads; i++)
			(void)json_array_append_new(
			    list, ctl_json_thread(site, &site->threads[i]));
		rc = ctl_print_json(list, e);
	} else {
		for (size_t i = 0; i < site->n_threads; i++) {
			if (a.all || i < LIST_LINES)
				print_line(&site->threads[i]);
		}
	}
	model_free(site);
	return rc;
}

static void
print_text(const char *s)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");
		char *line = strndup(s, n);

		(void)fputs("    ", stdout);
		if (line != NULL)
			ctl_print(line);
		(void)putchar('\n');
		free(line);
		s += n + (s[n] == '\n');
	}
}

static void
print_evidence(void *ctx, int64_t at, const char *what)
{
	char stamp[CLOCK_RFC3339_SIZE];

	(void)ctx;
	(void)printf("  %s  ", clock_rfc3339(at, stamp));
	ctl_print(what);
	(void)putchar('\n');
}

static void
append_evidence(void *ctx, int64_t at, const char *what)
{
	json_t *o = json_loads(what, 0, NULL);

	if (o == NULL)
		return;
	(void)json_object_set_new(o, "at", json_time(at));
	(void)json_array_append_new(ctx, o);
}

static int
show_text(struct ctl *c, const struct model_site *site,
    const struct model_thread *t, struct err *e)
{
	char at[CLOCK_RFC3339_SIZE];

	print_line(t);
	if (t->published)
		(void)printf("      %s%s/\n", site->url, t->path);
	for (size_t i = 0; i < t->n_entries; i++) {
		const struct model_entry *en = &t->entries[i];

		(void)printf("\n  %s  %s", clock_rfc3339(en->at, at),
		    en->published ? "" : "[draft] ");
		ctl_print(en->title);
		(void)putchar('\n');
		print_text(en->body);
	}
	(void)puts("\n  Evidence (never public):");
	return store_evidence_each(c->store, t->id, print_evidence, NULL, e) ==
	        -1
	    ? CTL_FAILED
	    : CTL_DONE;
}

static int
show_json(struct ctl *c, const struct model_site *site,
    const struct model_thread *t, struct err *e)
{
	json_t *o = ctl_json_thread(site, t), *evidence = json_array();

	if (store_evidence_each(
	        c->store, t->id, append_evidence, evidence, e) == -1) {
		json_decref(evidence);
		json_decref(o);
		return CTL_FAILED;
	}
	(void)json_object_set_new(o, "evidence", evidence);
	return ctl_print_json(o, e);
}

int
ctl_show(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	int64_t id;
	int rc = CTL_WRONG;

	if (ctl_args(argc, argv, "j", &a, e) == -1)
		return CTL_WRONG;
	if (a.n_words != 1) {
		(void)err_set(e, "show takes one number");
		return CTL_WRONG;
	}
	if (ctl_id(a.words[0], &id, e) == -1)
		return CTL_WRONG;
	site = store_load_site(c->store, c->config, STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	(void)err_set(e, "there is no incident or post %" PRId64, id);
	for (size_t i = 0; i < site->n_threads; i++) {
		const struct model_thread *t = &site->threads[i];

		if (t->id == id)
			rc = a.json ? show_json(c, site, t, e)
			            : show_text(c, site, t, e);
	}
	model_free(site);
	return rc;
}

static const char *
answers_word(enum model_answers answers)
{
	return answers == MODEL_ANSWERS ? "answers"
	    : answers == MODEL_SILENT   ? "silent"
	                                : "unknown";
}

static json_t *
json_probes(const struct model_system *m)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_probes; i++) {
		const struct model_probe *p = &m->probes[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
		        "name", p->name, "kind", p->kind, "answers",
		        answers_word(p->answers), "since", json_time(p->since),
		        "at", json_time(p->at), "latency_s",
		        p->latency_s < 0 ? json_null()
		                         : json_real(p->latency_s),
		        "certificate_expires_at", json_time(p->expires_at),
		        "certificate_changed_at", json_time(p->changed_at)));
	}
	return list;
}

static json_t *
json_system(const struct model_system *m)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o}",
	    "system", m->code, "role", m->role, "city", m->city, "country",
	    m->country, "visibility", m->internal ? "internal" : "public",
	    "state", model_state_word(m->state), "last_verified",
	    json_time(m->last_verified), "reason", m->reason, "answers",
	    answers_word(m->answers), "probes", json_probes(m));
}

static void
print_system(const struct model_system *m)
{
	char at[CLOCK_RFC3339_SIZE] = "never";

	if (m->last_verified != 0)
		(void)clock_rfc3339(m->last_verified, at);
	(void)printf(
	    "%-10s  %-14s  %-20s  ", m->code, model_state_word(m->state), at);
	ctl_print(m->reason);
	(void)putchar('\n');
}

int
ctl_systems(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	json_t *list;
	int rc = CTL_DONE;

	if (ctl_args(argc, argv, "j", &a, e) == -1)
		return CTL_WRONG;
	site = store_load_site(c->store, c->config, STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	if (a.json) {
		list = json_array();
		for (size_t i = 0; i < site->n_systems; i++)
			(void)json_array_append_new(
			    list, json_system(&site->systems[i]));
		rc = ctl_print_json(list, e);
	} else {
		for (size_t i = 0; i < site->n_systems; i++)
			print_system(&site->systems[i]);
	}
	model_free(site);
	return rc;
}
