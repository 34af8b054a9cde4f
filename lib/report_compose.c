#include "lib/report.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/json_read.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The document is built with jansson.  A failure inside (no memory) shows
 * itself where a NULL is put into an object, so it is enough to keep the or of
 * all results.
 */
struct composer {
	int bad;
	struct err *e;
	bool evidence;
};

static void
put(struct composer *c, json_t *o, const char *key, json_t *v)
{
	if (json_object_set_new(o, key, v) == -1)
		c->bad = 1;
}

static void
put_text(
    struct composer *c, json_t *o, const char *key, const char *s, size_t max)
{
	put(c, o, key, json_clean_text(s, max));
}

static void
put_time(struct composer *c, json_t *o, const char *key, int64_t at)
{
	char text[CLOCK_RFC3339_SIZE];

	put(c, o, key, json_string(clock_rfc3339(at, text)));
}

/* Whole numbers without a fraction, as a person would write them. */
static void
put_number(struct composer *c, json_t *o, const char *key, double v)
{
	if (!isfinite(v))
		c->bad = err_set(c->e, "%s: the number is not finite", key);
	else if (v == floor(v) && fabs(v) < 9e15)
		put(c, o, key, json_integer((json_int_t)v));
	else
		put(c, o, key, json_real(v));
}

static void
put_chance(struct composer *c, json_t *o, const char *key, double p)
{
	if (p >= 0)
		put_number(c, o, key, p);
}

static json_t *
forecast(struct composer *c, const struct report_forecast *f)
{
	json_t *o = json_object();

	if (f->likely_at != 0)
		put_time(c, o, "likely_at", f->likely_at);
	if (f->earliest_at != 0)
		put_time(c, o, "earliest_at", f->earliest_at);
	put_chance(c, o, "p_24h", f->p_24h);
	put_chance(c, o, "p_72h", f->p_72h);
	put_chance(c, o, "p_7d", f->p_7d);
	return o;
}

static void
put_evidence(struct composer *c, json_t *o, const char *text)
{
	json_error_t fault;
	json_t *v;

	if (!c->evidence || text == NULL || text[0] == '\0' ||
	    strlen(text) > REPORT_MAX_EVIDENCE)
		return;
	v = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
	if (!json_is_object(v)) {
		json_decref(v);
		c->bad = err_set(c->e, "evidence: is no JSON object: %s",
		    v == NULL ? fault.text : "is of another type");
		return;
	}
	put(c, o, "evidence", v);
}

static json_t *
finding(struct composer *c, const struct report_finding *f)
{
	json_t *o = json_object();

	put_text(c, o, "check", f->check, REPORT_MAX_NAME);
	put_text(c, o, "subject", f->subject, REPORT_MAX_SUBJECT);
	put(c, o, "level", json_string(level_word(f->level)));
	put_time(c, o, "since", f->since);
	if (f->has_value)
		put_number(c, o, "value", f->value);
	put_text(c, o, "unit", f->unit, REPORT_MAX_NAME);
	put_text(c, o, "summary", f->summary, REPORT_MAX_TEXT);
	if (f->forecast.given)
		put(c, o, "forecast", forecast(c, &f->forecast));
	put_evidence(c, o, f->evidence);
	return o;
}

static void
put_findings(struct composer *c, json_t *doc, const struct report *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->n_findings; i++)
		if (json_array_append_new(a, finding(c, &r->findings[i])) == -1)
			c->bad = 1;
	put(c, doc, "findings", a);
}

static void
put_samples(struct composer *c, json_t *doc, const struct report *r)
{
	json_t *a = json_array(), *o;

	for (size_t i = 0; i < r->n_samples; i++) {
		o = json_object();
		put_text(c, o, "name", r->samples[i].name, REPORT_MAX_SUBJECT);
		put_text(c, o, "unit", r->samples[i].unit, REPORT_MAX_NAME);
		put_number(c, o, "value", r->samples[i].value);
		if (json_array_append_new(a, o) == -1)
			c->bad = 1;
	}
	put(c, doc, "samples", a);
}

static void
put_remedies(struct composer *c, json_t *doc, const struct report *r)
{
	json_t *a = json_array(), *o;

	for (size_t i = 0; i < r->n_remedies; i++) {
		o = json_object();
		put_text(c, o, "name", r->remedies[i].name, REPORT_MAX_NAME);
		put_text(c, o, "title", r->remedies[i].title, REPORT_MAX_TEXT);
		if (json_array_append_new(a, o) == -1)
			c->bad = 1;
	}
	put(c, doc, "remedies", a);
}

static void
put_results(struct composer *c, json_t *doc, const struct report *r)
{
	json_t *a = json_array(), *o;

	for (size_t i = 0; i < r->n_results; i++) {
		const struct report_result *res = &r->results[i];

		o = json_object();
		put_text(c, o, "id", res->id, REPORT_MAX_NAME);
		put_text(c, o, "remedy", res->remedy, REPORT_MAX_NAME);
		put(c, o, "outcome",
		    json_string(report_outcome_words[res->outcome]));
		put_time(c, o, "at", res->at);
		if (res->exit_status >= 0)
			put(c, o, "exit", json_integer(res->exit_status));
		put_text(c, o, "text", res->text, REPORT_MAX_TEXT);
		if (json_array_append_new(a, o) == -1)
			c->bad = 1;
	}
	put(c, doc, "results", a);
}

static int
check_counts(const struct report *r, struct err *e)
{
	const struct {
		const char *what;
		size_t n, max;
	} t[] = {
		{ "findings", r->n_findings, REPORT_MAX_FINDINGS },
		{ "samples", r->n_samples, REPORT_MAX_SAMPLES },
		{ "remedies", r->n_remedies, REPORT_MAX_REMEDIES },
		{ "results", r->n_results, REPORT_MAX_RESULTS },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		if (t[i].n > t[i].max)
			return err_set(e, "%s: %zu are more than %zu",
			    t[i].what, t[i].n, t[i].max);
	return 0;
}

/*
 * Frees doc.  Returns 1 where it is larger than max; NULL's refusal is *e's
 * older text, if the composer has set one.
 */
static int
dump(struct composer *c, json_t *doc, size_t flags, size_t max, struct buf *b)
{
	char *text = NULL;
	size_t n;
	int r = -1;

	if (!c->bad)
		text = json_dumps(doc, flags | JSON_REAL_PRECISION(15));
	json_decref(doc);
	if (text == NULL) {
		if (c->e->text[0] == '\0')
			(void)err_set(c->e, "no memory");
		return -1;
	}
	n = strlen(text);
	if (n > max)
		r = 1;
	else {
		buf_add(b, text, n);
		r = b->bad ? err_set(c->e, "no room for %zu bytes", n) : 0;
	}
	free(text);
	return r;
}

static int
compose(const struct report *r, bool evidence, struct buf *b, struct err *e)
{
	struct composer c = { .e = e, .evidence = evidence };
	json_t *doc = json_object();

	put(&c, doc, "schema", json_integer(REPORT_SCHEMA));
	put_text(&c, doc, "system", r->system, REPORT_MAX_NAME);
	put_text(&c, doc, "agent", r->agent, REPORT_MAX_NAME);
	put(&c, doc, "seq", json_integer(r->seq));
	put_time(&c, doc, "at", r->at);
	put(&c, doc, "interval_s", json_integer(r->interval_s));
	put_findings(&c, doc, r);
	put_samples(&c, doc, r);
	put_remedies(&c, doc, r);
	put_results(&c, doc, r);
	return dump(&c, doc, JSON_COMPACT, REPORT_MAX_BYTES, b);
}

int
report_compose(const struct report *r, struct buf *b, struct err *e)
{
	int result;

	e->text[0] = '\0';
	if (check_counts(r, e) == -1)
		return -1;
	result = compose(r, true, b, e);
	if (result == 1)
		result = compose(r, false, b, e);
	if (result == 1)
		return err_set(
		    e, "the report is larger than %d bytes", REPORT_MAX_BYTES);
	return result;
}

int
report_compose_show(const struct report *r, struct buf *b, struct err *e)
{
	struct composer c = { .e = e, .evidence = true };
	json_t *doc = json_object();

	e->text[0] = '\0';
	put_text(&c, doc, "system", r->system, REPORT_MAX_NAME);
	put_time(&c, doc, "at", r->at);
	put_findings(&c, doc, r);
	put_samples(&c, doc, r);
	return dump(&c, doc, JSON_INDENT(2), SIZE_MAX, b) == 0 ? 0 : -1;
}

int
report_answer_compose(
    const struct report_answer *a, struct buf *b, struct err *e)
{
	struct composer c = { .e = e };
	json_t *doc = json_object(), *orders = json_array(), *o;

	e->text[0] = '\0';
	for (size_t i = 0; i < a->n_orders && i < REPORT_MAX_ORDERS; i++) {
		o = json_object();
		put_text(&c, o, "id", a->orders[i].id, REPORT_MAX_NAME);
		put_text(&c, o, "remedy", a->orders[i].remedy, REPORT_MAX_NAME);
		put_text(&c, o, "code", a->orders[i].code, REPORT_MAX_NAME);
		if (json_array_append_new(orders, o) == -1)
			c.bad = 1;
	}
	put(&c, doc, "next_s", json_integer(a->next_s));
	put(&c, doc, "orders", orders);
	return dump(&c, doc, JSON_COMPACT, REPORT_MAX_BYTES, b) == 0 ? 0 : -1;
}
