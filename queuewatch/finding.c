#include "queuewatch/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finding *
finding_look(const struct findings *fs, const char *check, const char *subject)
{
	size_t i;

	for (i = 0; i < fs->n; i++) {
		if (strcmp(fs->items[i]->check, check) == 0 &&
		    strcmp(fs->items[i]->subject, subject) == 0)
			return fs->items[i];
	}
	return NULL;
}

static struct finding *
finding_new(struct findings *fs, const char *check, const char *subject)
{
	struct finding *f;

	if (fs->n == FINDINGS_MOST || strlen(check) >= FINDING_CHECK)
		return NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return NULL;
	f->subject = strdup(subject);
	if (f->subject == NULL) {
		free(f);
		return NULL;
	}
	(void)snprintf(f->check, sizeof(f->check), "%s", check);
	f->unit = "";
	fs->items[fs->n++] = f;
	return f;
}

struct finding *
finding_get(struct findings *fs, const char *check, const char *subject)
{
	struct finding *f = finding_look(fs, check, subject);

	if (f == NULL)
		f = finding_new(fs, check, subject);
	if (f == NULL)
		return NULL;
	f->live = true;
	f->unchecked = false;
	f->has_value = false;
	f->unit = "";
	f->summary[0] = '\0';
	f->forecast =
	    (struct report_forecast){ .p_24h = -1, .p_72h = -1, .p_7d = -1 };
	free(f->evidence);
	f->evidence = NULL;
	return f;
}

void
finding_keep(const struct findings *fs, const char *check, const char *subject)
{
	struct finding *f = finding_look(fs, check, subject);

	if (f != NULL)
		f->live = true;
}

void
finding_say(struct finding *f, const char *fmt, ...)
{
	size_t n = strlen(f->summary);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(f->summary + n, sizeof(f->summary) - n, fmt, ap);
	va_end(ap);
}

void
finding_value(struct finding *f, double value, const char *unit)
{
	f->has_value = true;
	f->value = value;
	f->unit = unit;
}

void
finding_evidence(struct finding *f, json_t *object)
{
	free(f->evidence);
	f->evidence = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
}

bool
finding_unknown(struct finding *f, int64_t now, const char *why)
{
	f->summary[0] = '\0';
	finding_say(f, "%s", why);
	f->unchecked = true;
	return !f->settling && rule_unknown(&f->rule, now);
}

void
findings_settle(struct findings *fs, int64_t now)
{
	size_t i;

	for (i = 0; i < fs->n; i++) {
		struct finding *f = fs->items[i];

		if (f->settling && f->unchecked)
			(void)rule_unknown(&f->rule, now);
		f->settling = false;
	}
}

static void
finding_free(struct finding *f)
{
	free(f->subject);
	free(f->evidence);
	free(f);
}

void
findings_drop(struct findings *fs, const char *check, const char *subject)
{
	struct finding *f = finding_look(fs, check, subject);
	size_t i = 0;

	if (f == NULL)
		return;
	while (fs->items[i] != f)
		i++;
	memmove(&fs->items[i], &fs->items[i + 1],
	    (--fs->n - i) * sizeof(fs->items[0]));
	finding_free(f);
}

void
findings_mark(struct findings *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++)
		fs->items[i]->live = false;
}

void
findings_sweep(struct findings *fs)
{
	size_t i, kept = 0;

	for (i = 0; i < fs->n; i++) {
		if (fs->items[i]->live)
			fs->items[kept++] = fs->items[i];
		else
			finding_free(fs->items[i]);
	}
	fs->n = kept;
}

bool
findings_urgent(const struct findings *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++) {
		const struct finding *f = fs->items[i];

		if (f->rule.level != f->reported &&
		    (f->rule.level >= LEVEL_WARNING ||
		        f->reported >= LEVEL_WARNING))
			return true;
	}
	return false;
}

void
findings_reported(struct findings *fs)
{
	size_t i;

	for (i = 0; i < fs->n; i++)
		fs->items[i]->reported = fs->items[i]->rule.level;
}

void
findings_free(struct findings *fs)
{
	while (fs->n > 0)
		finding_free(fs->items[--fs->n]);
}

int
findings_view(const struct findings *fs, struct report *r)
{
	size_t i;

	r->findings = calloc(fs->n + 1, sizeof(*r->findings));
	if (r->findings == NULL)
		return -1;
	for (i = 0; i < fs->n; i++) {
		const struct finding *f = fs->items[i];

		if (f->summary[0] == '\0')
			continue; /* known from before, not looked at yet */
		r->findings[r->n_findings++] = (struct report_finding){
			.check = f->check,
			.subject = f->subject,
			.level = f->rule.level,
			.since = f->rule.since,
			.has_value = f->has_value,
			.value = f->value,
			.unit = f->unit,
			.summary = f->summary,
			.forecast = f->forecast,
			.evidence = f->evidence,
		};
	}
	return 0;
}

static json_t *
save_counts(const int *counts)
{
	json_t *a = json_array();
	int l;

	for (l = 0; l <= LEVEL_CRITICAL; l++)
		(void)json_array_append_new(a, json_integer(counts[l]));
	return a;
}

static json_t *
save_one(const struct finding *f)
{
	json_t *o = json_pack("{s:s, s:s%, s:s, s:I, s:o, s:o, s:s, s:I}",
	    "check", f->check, "subject", f->subject, strlen(f->subject),
	    "level", level_word(f->rule.level), "since",
	    (json_int_t)f->rule.since, "above", save_counts(f->rule.above),
	    "below", save_counts(f->rule.below), "told", level_word(f->told),
	    "told_times", (json_int_t)f->told_times);
	int i;

	for (i = 0; i < 2; i++) {
		if (f->arrival[i].set)
			(void)json_object_set_new(o, i == 0 ? "base" : "base2",
			    json_real(f->arrival[i].base));
	}
	return o;
}

json_t *
findings_save(const struct findings *fs)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < fs->n; i++)
		(void)json_array_append_new(a, save_one(fs->items[i]));
	return a;
}

static void
load_counts(int *counts, const json_t *a)
{
	size_t l;

	for (l = 0; l <= LEVEL_CRITICAL; l++)
		counts[l] = (int)json_integer_value(json_array_get(a, l));
}

static void
load_one(struct findings *fs, const json_t *o)
{
	const char *check = json_string_value(json_object_get(o, "check"));
	const char *subject = json_string_value(json_object_get(o, "subject"));
	const char *level = json_string_value(json_object_get(o, "level"));
	const char *told = json_string_value(json_object_get(o, "told"));
	struct finding *f;
	int i;

	if (check == NULL || subject == NULL || level == NULL ||
	    finding_look(fs, check, subject) != NULL)
		return;
	f = finding_new(fs, check, subject);
	if (f == NULL)
		return;
	(void)level_parse(level, &f->rule.level);
	f->reported = f->rule.level;
	f->settling = true;
	if (told != NULL)
		(void)level_parse(told, &f->told);
	f->told_times = json_integer_value(json_object_get(o, "told_times"));
	f->rule.since = json_integer_value(json_object_get(o, "since"));
	load_counts(f->rule.above, json_object_get(o, "above"));
	load_counts(f->rule.below, json_object_get(o, "below"));
	for (i = 0; i < 2; i++) {
		const json_t *base = json_object_get(
		    o, i == 0 ? "base" : "base2");

		f->arrival[i].set = base != NULL;
		f->arrival[i].base = json_number_value(base);
	}
}

void
findings_load(struct findings *fs, const json_t *saved)
{
	size_t i;

	for (i = 0; i < json_array_size(saved); i++)
		load_one(fs, json_array_get(saved, i));
}
