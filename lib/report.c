#include "lib/report.h"

#include "lib/err.h"
#include "lib/json_read.h"

#include <stdlib.h>
#include <string.h>

const char *const report_outcome_words[] = { "done", "failed", "refused",
	"timeout", NULL };

static void *
make_array(const struct json_at *at, int n, size_t item_size)
{
	void *items = calloc((size_t)n, item_size);

	if (items == NULL)
		(void)json_read_fault(at, "", "no memory");
	return items;
}

static int
read_chance(const struct json_at *at, const char *key, double *p_r)
{
	*p_r = -1;
	if (json_read_number(at, key, JSON_OPTIONAL, p_r) == -1)
		return -1;
	if (*p_r > 1 || (*p_r < 0 && *p_r != -1))
		return json_read_fault(at, key, "is not within 0 to 1");
	return 0;
}

static int
read_forecast(const struct json_at *at, struct report_forecast *f)
{
	struct json_at in;
	int r = json_read_object(at, "forecast", JSON_OPTIONAL, &in);

	f->p_24h = f->p_72h = f->p_7d = -1;
	if (r != 1)
		return r;
	f->given = true;
	if (json_read_time(&in, "likely_at", JSON_OPTIONAL, &f->likely_at) ==
	        -1 ||
	    json_read_time(
	        &in, "earliest_at", JSON_OPTIONAL, &f->earliest_at) == -1 ||
	    read_chance(&in, "p_24h", &f->p_24h) == -1 ||
	    read_chance(&in, "p_72h", &f->p_72h) == -1 ||
	    read_chance(&in, "p_7d", &f->p_7d) == -1)
		return -1;
	return 0;
}

/* The evidence as text, which lives in "owned". */
static int
read_evidence(const struct json_at *at, json_t *owned, const char **text_r)
{
	struct json_at in;
	json_t *text;
	char *s;
	int r = json_read_object(at, "evidence", JSON_OPTIONAL, &in);

	*text_r = "";
	if (r != 1)
		return r;
	s = json_dumps(in.o, JSON_COMPACT | JSON_REAL_PRECISION(15));
	text = s != NULL ? json_string_nocheck(s) : NULL;
	free(s);
	if (json_array_append_new(owned, text) == -1)
		return json_read_fault(at, "evidence", "no memory");
	if (json_string_length(text) > REPORT_MAX_EVIDENCE)
		return json_read_fault(at, "evidence",
		    "has %zu bytes, more than %d", json_string_length(text),
		    REPORT_MAX_EVIDENCE);
	*text_r = json_string_value(text);
	return 0;
}

static int
read_finding(
    const struct json_at *at, const struct report *r, struct report_finding *f)
{
	int value, level = 0;

	f->since = r->at;
	if (json_read_text(
	        at, "check", JSON_REQUIRED, REPORT_MAX_NAME, &f->check) == -1 ||
	    json_read_text(at, "subject", JSON_OPTIONAL, REPORT_MAX_SUBJECT,
	        &f->subject) == -1 ||
	    json_read_word(at, "level", level_words, &level) == -1 ||
	    json_read_time(at, "since", JSON_OPTIONAL, &f->since) == -1 ||
	    (value = json_read_number(at, "value", JSON_OPTIONAL, &f->value)) ==
	        -1 ||
	    json_read_text(
	        at, "unit", JSON_OPTIONAL, REPORT_MAX_NAME, &f->unit) == -1 ||
	    json_read_text(at, "summary", JSON_OPTIONAL, REPORT_MAX_TEXT,
	        &f->summary) == -1 ||
	    read_forecast(at, &f->forecast) == -1 ||
	    read_evidence(at, r->owned, &f->evidence) == -1)
		return -1;
	f->level = (enum level)level;
	f->has_value = value == 1;
	return 0;
}

/* Add f, in the place of an earlier one of the same check and subject. */
static void
keep_finding(struct report *r, const struct report_finding *f)
{
	size_t i;

	for (i = 0; i < r->n_findings; i++)
		if (strcmp(r->findings[i].subject, f->subject) == 0 &&
		    strcmp(r->findings[i].check, f->check) == 0)
			break;
	r->findings[i] = *f;
	if (i == r->n_findings)
		r->n_findings++;
}

static int
read_findings(const struct json_at *top, struct report *r)
{
	struct json_at at;
	int n = json_read_array(
	    top, "findings", JSON_REQUIRED, REPORT_MAX_FINDINGS);

	if (n > 0 &&
	    (r->findings = make_array(top, n, sizeof(r->findings[0]))) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		struct report_finding f = { 0 };

		if (json_read_item(top, "findings", (size_t)i, &at) == -1 ||
		    read_finding(&at, r, &f) == -1)
			return -1;
		keep_finding(r, &f);
	}
	return n < 0 ? -1 : 0;
}

static int
read_samples(const struct json_at *top, struct report *r)
{
	struct json_at at;
	int n = json_read_array(
	    top, "samples", JSON_OPTIONAL, REPORT_MAX_SAMPLES);

	if (n > 0 &&
	    (r->samples = make_array(top, n, sizeof(r->samples[0]))) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		struct report_sample *s = &r->samples[r->n_samples++];

		if (json_read_item(top, "samples", (size_t)i, &at) == -1 ||
		    json_read_text(&at, "name", JSON_REQUIRED,
		        REPORT_MAX_SUBJECT, &s->name) == -1 ||
		    json_read_text(&at, "unit", JSON_OPTIONAL, REPORT_MAX_NAME,
		        &s->unit) == -1 ||
		    json_read_number(&at, "value", JSON_REQUIRED, &s->value) ==
		        -1)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

static int
read_remedies(const struct json_at *top, struct report *r)
{
	struct json_at at;
	int n = json_read_array(
	    top, "remedies", JSON_OPTIONAL, REPORT_MAX_REMEDIES);

	if (n > 0 &&
	    (r->remedies = make_array(top, n, sizeof(r->remedies[0]))) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		struct report_remedy *m = &r->remedies[r->n_remedies++];

		if (json_read_item(top, "remedies", (size_t)i, &at) == -1 ||
		    json_read_text(&at, "name", JSON_REQUIRED, REPORT_MAX_NAME,
		        &m->name) == -1 ||
		    json_read_text(&at, "title", JSON_OPTIONAL, REPORT_MAX_TEXT,
		        &m->title) == -1)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

static int
read_result(const struct json_at *at, struct report_result *m)
{
	int64_t status = -1;
	int outcome;

	if (json_read_text(at, "id", JSON_REQUIRED, REPORT_MAX_NAME, &m->id) ==
	        -1 ||
	    json_read_text(at, "remedy", JSON_REQUIRED, REPORT_MAX_NAME,
	        &m->remedy) == -1 ||
	    json_read_word(at, "outcome", report_outcome_words, &outcome) ==
	        -1 ||
	    json_read_time(at, "at", JSON_OPTIONAL, &m->at) == -1 ||
	    json_read_int(at, "exit", JSON_OPTIONAL, 255, &status) == -1 ||
	    json_read_text(
	        at, "text", JSON_OPTIONAL, REPORT_MAX_TEXT, &m->text) == -1)
		return -1;
	m->outcome = (enum report_outcome)outcome;
	m->exit_status = (int)status;
	return 0;
}

static int
read_results(const struct json_at *top, struct report *r)
{
	struct json_at at;
	int n = json_read_array(
	    top, "results", JSON_OPTIONAL, REPORT_MAX_RESULTS);

	if (n > 0 &&
	    (r->results = make_array(top, n, sizeof(r->results[0]))) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		struct report_result *m = &r->results[r->n_results++];

		m->at = r->at;
		if (json_read_item(top, "results", (size_t)i, &at) == -1 ||
		    read_result(&at, m) == -1)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

static int
read_top(const struct json_at *top, struct report *r)
{
	int64_t schema, interval_s = 10;

	if (json_read_int(top, "schema", JSON_REQUIRED, INT32_MAX, &schema) ==
	    -1)
		return -1;
	if (schema != REPORT_SCHEMA)
		return json_read_fault(top, "schema",
		    "%lld is not understood, only %d", (long long)schema,
		    REPORT_SCHEMA);
	if (json_read_text(top, "system", JSON_REQUIRED, REPORT_MAX_NAME,
	        &r->system) == -1 ||
	    json_read_text(top, "agent", JSON_OPTIONAL, REPORT_MAX_NAME,
	        &r->agent) == -1 ||
	    json_read_int(
	        top, "seq", JSON_REQUIRED, (int64_t)1 << 53, &r->seq) == -1 ||
	    json_read_time(top, "at", JSON_REQUIRED, &r->at) == -1 ||
	    json_read_int(
	        top, "interval_s", JSON_OPTIONAL, 86400, &interval_s) == -1)
		return -1;
	r->interval_s = (int)interval_s;
	return 0;
}

int
report_parse(const char *text, size_t len, struct report *r_r, struct err *e)
{
	struct json_at top;

	*r_r = (struct report){ 0 };
	r_r->owned = json_read_load(text, len, REPORT_MAX_BYTES, &top, e);
	if (r_r->owned == NULL)
		return -1;
	if (read_top(&top, r_r) == 0 && read_findings(&top, r_r) == 0 &&
	    read_samples(&top, r_r) == 0 && read_remedies(&top, r_r) == 0 &&
	    read_results(&top, r_r) == 0)
		return 0;
	report_free(r_r);
	return -1;
}

void
report_free(struct report *r)
{
	json_decref(r->owned);
	free(r->findings);
	free(r->samples);
	free(r->remedies);
	free(r->results);
	*r = (struct report){ 0 };
}

static int
read_orders(const struct json_at *top, struct report_answer *a)
{
	struct json_at at;
	int n = json_read_array(
	    top, "orders", JSON_OPTIONAL, REPORT_MAX_ORDERS);

	if (n > 0 &&
	    (a->orders = make_array(top, n, sizeof(a->orders[0]))) == NULL)
		return -1;
	for (int i = 0; i < n; i++) {
		struct report_order *o = &a->orders[a->n_orders++];

		if (json_read_item(top, "orders", (size_t)i, &at) == -1 ||
		    json_read_text(&at, "id", JSON_REQUIRED, REPORT_MAX_NAME,
		        &o->id) == -1 ||
		    json_read_text(&at, "remedy", JSON_REQUIRED,
		        REPORT_MAX_NAME, &o->remedy) == -1 ||
		    json_read_text(&at, "code", JSON_REQUIRED, REPORT_MAX_NAME,
		        &o->code) == -1)
			return -1;
	}
	return n < 0 ? -1 : 0;
}

int
report_answer_parse(
    const char *text, size_t len, struct report_answer *a_r, struct err *e)
{
	struct json_at top;
	int64_t next_s = 10;

	*a_r = (struct report_answer){ 0 };
	a_r->owned = json_read_load(text, len, REPORT_MAX_BYTES, &top, e);
	if (a_r->owned == NULL)
		return -1;
	if (json_read_int(&top, "next_s", JSON_OPTIONAL, INT32_MAX, &next_s) ==
	        0 &&
	    read_orders(&top, a_r) == 0) {
		a_r->next_s = (int)(next_s < 1 ? 1
		        : next_s > 300         ? 300
		                               : next_s);
		return 0;
	}
	report_answer_free(a_r);
	return -1;
}

void
report_answer_free(struct report_answer *a)
{
	json_decref(a->owned);
	free(a->orders);
	*a = (struct report_answer){ 0 };
}
