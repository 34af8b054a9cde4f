#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/duration.h"
#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/ctl.h"
#include "statusd/history.h"
#include "statusd/store.h"
#include "statusd/store_history.h"
#include "statusd/store_thread.h"
#include "statusd/template.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* One system in one month. */
struct line {
	const char *system;
	char month[16];
	struct model_tally t;
	double credit; /* below 0: no rule */
};

static double
minutes(int64_t s)
{
	return (double)s / 60;
}

static json_t *
percent(double share)
{
	return share < 0 ? json_null() : json_real(share * 100);
}

static json_t *
json_line(const struct line *x)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:f, s:f, s:f, s:f, s:o}",
	    "system", x->system, "month", x->month, "uptime_percent",
	    percent(model_uptime(&x->t, false)),
	    "uptime_without_planned_percent",
	    percent(model_uptime(&x->t, true)), "downtime_minutes",
	    minutes(model_downtime_s(&x->t, false)),
	    "downtime_without_planned_minutes",
	    minutes(model_downtime_s(&x->t, true)), "degraded_minutes",
	    minutes(x->t.s[MODEL_DEGRADED]), "unknown_minutes",
	    minutes(model_unknown_s(&x->t, false)), "credit_percent",
	    x->credit < 0 ? json_null() : json_real(x->credit));
}

/* "99.950", or "" where nothing is known. */
static const char *
percent_text(double share, char out[32])
{
	out[0] = '\0';
	if (share >= 0)
		(void)snprintf(out, 32, "%.3f", share * 100);
	return out;
}

static void
csv_line(const struct line *x)
{
	char a[32], b[32], k[32] = "";

	if (x->credit >= 0)
		(void)snprintf(k, sizeof(k), "%.0f", x->credit);
	(void)printf("%s,%s,%s,%s,%.1f,%.1f,%.1f,%.1f,%s\n", x->system,
	    x->month, percent_text(model_uptime(&x->t, false), a),
	    percent_text(model_uptime(&x->t, true), b),
	    minutes(model_downtime_s(&x->t, false)),
	    minutes(model_downtime_s(&x->t, true)),
	    minutes(x->t.s[MODEL_DEGRADED]),
	    minutes(model_unknown_s(&x->t, false)), k);
}

static void
text_share(double share)
{
	char text[32];

	if (share < 0)
		(void)printf("     no data");
	else
		(void)printf("  %8s %%", percent_text(share, text));
}

static void
text_line(const struct line *x)
{
	(void)printf("%-10s %s", x->system, x->month);
	text_share(model_uptime(&x->t, false));
	text_share(model_uptime(&x->t, true));
	(void)printf("  %8.0f min  %8.0f min",
	    minutes(model_downtime_s(&x->t, false)),
	    minutes(model_unknown_s(&x->t, false)));
	if (x->credit >= 0)
		(void)printf("  credit %.0f %%", x->credit);
	(void)putchar('\n');
}

static int
tally(struct ctl *c, struct line *x, int64_t from, int64_t until, struct err *e)
{
	struct store_span_of of = { x->system, from,
		until < c->now ? until : c->now };

	if (of.until > of.from && store_tally(c->store, &of, &x->t, e) == -1)
		return -1;
	x->credit = history_credit(c->config, &x->t);
	return 0;
}

static int
print(
    struct ctl *c, const struct ctl_args *a, int year, int month, struct err *e)
{
	const struct config_system *s = c->config->systems.items;
	int64_t from = history_month_start(year, month);
	int64_t until = history_month_start(year, month + 1);
	json_t *list = json_array();
	int rc = CTL_DONE;

	if (a->csv)
		(void)puts("system,month,uptime_percent,"
		           "uptime_without_planned_percent,downtime_minutes,"
		           "downtime_without_planned_minutes,degraded_minutes,"
		           "unknown_minutes,credit_percent");
	else if (!a->json)
		(void)puts("system     month      uptime   w/o planned      "
		           "downtime       unknown");
	for (size_t i = 0; i < c->config->systems.n; i++) {
		struct line x = { .system = s[i].code };

		(void)snprintf(
		    x.month, sizeof(x.month), "%04d-%02d", year, month);
		if (tally(c, &x, from, until, e) == -1) {
			rc = CTL_FAILED;
			break;
		}
		if (a->json)
			(void)json_array_append_new(list, json_line(&x));
		else if (a->csv)
			csv_line(&x);
		else
			text_line(&x);
	}
	if (rc == CTL_DONE && a->json)
		return ctl_print_json(list, e);
	json_decref(list);
	return rc;
}

int
ctl_report(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct ctl_args a;
	int year, month;

	if (ctl_args(argc, argv, "mjv", &a, e) == -1 ||
	    ctl_too_many(&a, 0, e) == -1)
		return CTL_WRONG;
	history_month_of(c->now, &year, &month);
	if (a.month != NULL &&
	    history_parse_month(a.month, &year, &month) == -1) {
		(void)err_set(
		    e, "\"%.20s\" is no month: write it as 2026-03", a.month);
		return CTL_WRONG;
	}
	return print(c, &a, year, month, e);
}

static void
add_evidence(void *ctx, int64_t at, const char *what)
{
	json_t *o = json_loads(what, 0, NULL);
	const char *check = json_string_value(json_object_get(o, "check"));
	const char *level = json_string_value(json_object_get(o, "level"));
	const char *summary = json_string_value(json_object_get(o, "summary"));
	struct buf *b = ctx;

	if (check != NULL && level != NULL) {
		buf_str(b, "- ");
		template_time(b, at, true);
		buf_printf(b, ": %s: %s", check, level);
		if (summary != NULL && summary[0] != '\0')
			buf_printf(b, ": %s", summary);
		buf_char(b, '\n');
	}
	json_decref(o);
}

/* What was told, and when. */
static void
add_entries(struct buf *b, const struct model_thread *t)
{
	for (size_t i = 0; i < t->n_entries; i++) {
		const struct model_entry *en = &t->entries[i];
		size_t line = strcspn(en->body, "\n");

		buf_str(b, "- ");
		template_time(b, en->at, true);
		buf_printf(
		    b, ": %s (%s)", en->title, model_status_word(en->status));
		if (line > 0)
			buf_printf(b, ": %.*s", (int)line, en->body);
		buf_char(b, '\n');
	}
}

static void
add_length(struct buf *b, const struct model_thread *t)
{
	char lasted[DURATION_SIZE];

	buf_str(b, "It began at ");
	template_time(b, t->opened_at, true);
	if (t->resolved_at != 0) {
		buf_str(b, " and was over at ");
		template_time(b, t->resolved_at, true);
		buf_printf(b, ", after %s",
		    duration_text(t->resolved_at - t->opened_at, lasted));
	}
	buf_str(b, ".\n");
}

/* Reports' words are among them: nothing in a line can act. */
static void
print_lines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) != NULL && text != NULL) {
		ctl_print(line);
		(void)putchar('\n');
	}
}

static int
draft(struct ctl *c, const struct model_thread *t, struct err *e)
{
	struct buf b;
	int rc;

	buf_init(&b, (size_t)1 << 20);
	buf_printf(&b, "## What happened\n\n%s. ", t->title);
	add_length(&b, t);
	buf_str(&b,
	    "\n## Who was affected, and how\n\n"
	    "(Say it in the readers' words.)\n\n"
	    "## Time line (UTC)\n\n");
	add_entries(&b, t);
	buf_str(&b, "\n## What was measured (not for the public as it is)\n\n");
	rc = store_evidence_each(c->store, t->id, add_evidence, &b, e);
	buf_str(&b,
	    "\n## The cause\n\n(Not known yet.)\n\n"
	    "## What we change\n\n(...)\n");
	if (rc == 0)
		print_lines(b.data);
	buf_free(&b);
	return rc == -1 ? CTL_FAILED : CTL_DONE;
}

/* A draft in Markdown, made from the record, to be edited and posted. */
int
ctl_postmortem(struct ctl *c, int argc, char **argv, struct err *e)
{
	struct model_site *site;
	struct ctl_args a;
	int64_t id;
	int rc = CTL_WRONG;

	if (ctl_args(argc, argv, "", &a, e) == -1 ||
	    ctl_too_many(&a, 1, e) == -1)
		return CTL_WRONG;
	if (a.n_words == 0) {
		(void)err_set(e, "the number of an incident is needed");
		return CTL_WRONG;
	}
	if (ctl_id(a.words[0], &id, e) == -1)
		return CTL_WRONG;
	site = store_load_site(c->store, c->config, STORE_ALL, c->now, e);
	if (site == NULL)
		return CTL_FAILED;
	(void)err_set(e, "there is no incident or post %" PRId64, id);
	for (size_t i = 0; i < site->n_threads; i++) {
		if (site->threads[i].id == id)
			rc = draft(c, &site->threads[i], e);
	}
	model_free(site);
	return rc;
}
