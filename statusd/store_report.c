#include "statusd/store_report.h"

#include "lib/err.h"
#include "statusd/store_inner.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
store_token_find(struct store *s, const unsigned char hash[STORE_HASH_BYTES],
    struct store_token *token_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT id, system, used_at, hash FROM token", e);
	int rc, found = 0;

	if (st == NULL)
		return -1;
	while ((rc = sql_step(st, e)) == 1) {
		size_t n;
		const void *stored = sql_blob(st, 3, &n);

		if (n != STORE_HASH_BYTES || stored == NULL ||
		    sodium_memcmp(stored, hash, STORE_HASH_BYTES) != 0)
			continue;
		token_r->id = sql_int(st, 0);
		token_r->used = sql_int(st, 2) != 0;
		(void)snprintf(token_r->system, sizeof(token_r->system), "%s",
		    sql_text(st, 1));
		found = 1;
	}
	return rc == -1 ? -1 : found;
}

int
store_token_use(struct store *s, const struct store_token *token, int64_t now,
    struct err *e)
{
	struct sql_stmt *st;

	if (token->used)
		return 0;
	st = sql_prepare(
	    s->sql, "DELETE FROM token WHERE system = ? AND id < ?", e);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, token->system);
	sql_bind_int(st, 2, token->id);
	if (sql_run(st, e) == -1)
		return -1;
	st = sql_prepare(
	    s->sql, "UPDATE token SET used_at = ? WHERE id = ?", e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	sql_bind_int(st, 2, token->id);
	return sql_run(st, e);
}

int
store_token_add(struct store *s, const char *system,
    const unsigned char hash[STORE_HASH_BYTES], int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO token (system, hash, created_at) VALUES (?, ?, ?)", e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_blob(st, 2, hash, STORE_HASH_BYTES);
	sql_bind_int(st, 3, now);
	return sql_run(st, e);
}

int
store_reporter_get(struct store *s, const char *system,
    struct store_reporter *reporter_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT seq, received_at, at, interval_s FROM report "
	    "WHERE system = ?",
	    e);
	int rc;

	*reporter_r = (struct store_reporter){ 0 };
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	rc = sql_step(st, e);
	if (rc == 1) {
		reporter_r->seq = sql_int(st, 0);
		reporter_r->received_at = sql_int(st, 1);
		reporter_r->at = sql_int(st, 2);
		reporter_r->interval_s = (int)sql_int(st, 3);
	}
	sql_reset(st);
	return rc;
}

int
store_reporter_put(
    struct store *s, const struct report *r, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO report (system, seq, received_at, at, interval_s, "
	    "agent) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (system) DO UPDATE "
	    "SET seq = excluded.seq, received_at = excluded.received_at, "
	    "at = excluded.at, interval_s = excluded.interval_s, "
	    "agent = excluded.agent",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, r->system);
	sql_bind_int(st, 2, r->seq);
	sql_bind_int(st, 3, now);
	sql_bind_int(st, 4, r->at);
	sql_bind_int(st, 5, r->interval_s);
	sql_bind_text(st, 6, r->agent);
	return sql_run(st, e);
}

static int
read_finding(struct sql_stmt *st, struct store_findings *f)
{
	struct store_finding *x = store_grow(
	    &f->items, &f->n, sizeof(*f->items));

	if (x == NULL)
		return -1;
	x->check = store_dup(st, 0);
	x->subject = store_dup(st, 1);
	x->level = (enum level)sql_int(st, 2);
	x->since = sql_int(st, 3);
	x->began_at = sql_int(st, 4);
	x->changed_at = sql_int(st, 5);
	x->changes = sql_int(st, 6);
	x->seen_at = sql_int(st, 7);
	x->value = sql_double(st, 8);
	x->summary = store_dup(st, 9);
	x->evidence = store_dup(st, 10);
	return x->check == NULL || x->subject == NULL || x->summary == NULL ||
	        x->evidence == NULL
	    ? -1
	    : 0;
}

int
store_findings_load(struct store *s, const char *system,
    struct store_findings *findings_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT \"check\", subject, level, since, began_at, changed_at, "
	    "changes, seen_at, value, summary, evidence FROM finding "
	    "WHERE system = ?",
	    e);
	int rc = -1;

	*findings_r = (struct store_findings){ NULL, 0 };
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	while ((rc = sql_step(st, e)) == 1) {
		if (read_finding(st, findings_r) == -1) {
			rc = err_set(e, "no memory");
			break;
		}
	}
	sql_reset(st);
	if (rc == -1)
		store_findings_free(findings_r);
	return rc;
}

void
store_findings_free(struct store_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->items[i].check);
		free(f->items[i].subject);
		free(f->items[i].summary);
		free(f->items[i].evidence);
	}
	free(f->items);
	*f = (struct store_findings){ NULL, 0 };
}

const struct store_finding *
store_findings_find(
    const struct store_findings *f, const char *check, const char *subject)
{
	for (size_t i = 0; i < f->n; i++) {
		if (strcmp(f->items[i].check, check) == 0 &&
		    strcmp(f->items[i].subject, subject) == 0)
			return &f->items[i];
	}
	return NULL;
}

int
store_finding_put(struct store *s, const char *system,
    const struct report_finding *f, const struct store_finding *marks,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT OR REPLACE INTO finding (system, \"check\", subject, "
	    "level, since, began_at, changed_at, changes, seen_at, unit, "
	    "summary, evidence, likely_at, value, empty_at, earliest_at) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, f->check);
	sql_bind_text(st, 3, f->subject);
	sql_bind_int(st, 4, f->level);
	sql_bind_int(st, 5, f->since);
	sql_bind_int(st, 6, marks->began_at);
	sql_bind_int(st, 7, marks->changed_at);
	sql_bind_int(st, 8, marks->changes);
	sql_bind_int(st, 9, marks->seen_at);
	sql_bind_text(st, 10, f->unit);
	sql_bind_text(st, 11, f->summary);
	sql_bind_text(st, 12, f->evidence);
	sql_bind_int(st, 13, f->forecast.given ? f->forecast.likely_at : 0);
	if (f->has_value)
		sql_bind_double(st, 14, f->value);
	sql_bind_int(st, 15, marks->empty_at);
	sql_bind_int(st, 16, f->forecast.given ? f->forecast.earliest_at : 0);
	return sql_run(st, e);
}

/* The series' number; made where it is missing. */
static int
series_id(struct store *s, const char *system,
    const struct report_sample *sample, int64_t *id_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT id FROM series WHERE system = ? AND name = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, sample->name);
	rc = sql_step(st, e);
	if (rc == 1)
		*id_r = sql_int(st, 0);
	sql_reset(st);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	st = sql_prepare(s->sql,
	    "INSERT INTO series (system, name, unit) VALUES (?, ?, ?)", e);
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, sample->name);
	sql_bind_text(st, 3, sample->unit);
	if (sql_run(st, e) == -1)
		return -1;
	*id_r = sql_last_id(s->sql);
	return 0;
}

int
store_sample_add(struct store *s, const char *system,
    const struct report_sample *sample, int64_t at, bool fill, struct err *e)
{
	struct sql_stmt *st;
	int64_t id;

	if (series_id(s, system, sample, &id, e) == -1)
		return -1;
	if (fill)
		st = sql_prepare(s->sql,
		    "INSERT INTO sample (series, slot, n, sum, low, high, last)"
		    " VALUES (?1, ?2, 1, ?3, ?3, ?3, ?3) ON CONFLICT DO "
		    "NOTHING",
		    e);
	else
		st = sql_prepare(s->sql,
		    "INSERT INTO sample (series, slot, n, sum, low, high, last)"
		    " VALUES (?1, ?2, 1, ?3, ?3, ?3, ?3) ON CONFLICT DO UPDATE "
		    "SET n = n + 1, sum = sum + ?3, low = min(low, ?3), "
		    "high = max(high, ?3), last = ?3",
		    e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	sql_bind_int(st, 2, at / STORE_SLOT_S);
	sql_bind_double(st, 3, sample->value);
	return sql_run(st, e);
}

int
store_samples_expire(struct store *s, int64_t before, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "DELETE FROM sample WHERE slot < ?", e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, before / STORE_SLOT_S);
	return sql_run(st, e);
}
