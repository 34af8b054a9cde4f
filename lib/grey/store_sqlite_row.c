#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <string.h>

/*
 * A record's origins, each in 15 bytes:
 *
 *   0        8             14      15
 *   | id     | since (ms)  | flags |   numbers are little-endian
 *
 * flags: 1 passed; bits 1 and 2 the kind of identity.
 */
#define ORIGIN_BYTES 15
#define SINCE_BYTES 6
#define SINCE_MAX ((INT64_C(1) << SINCE_BYTES * 8) - 1)

static void
put_le(uint8_t *to, uint64_t v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t
get_le(const uint8_t *from, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = n; i > 0; i--)
		v = v << 8 | from[i - 1];
	return v;
}

static size_t
write_origins(const struct grey_record *rec, uint8_t *out)
{
	const struct grey_origin *o;
	size_t i;
	int64_t since;

	for (i = 0; i < rec->n_origins; i++, out += ORIGIN_BYTES) {
		o = &rec->origins[i];
		since = o->since_ms < 0       ? 0
		    : o->since_ms > SINCE_MAX ? SINCE_MAX
		                              : o->since_ms;
		put_le(out, o->id, 8);
		put_le(out + 8, (uint64_t)since, SINCE_BYTES);
		out[14] = (uint8_t)((unsigned)o->kind << 1 | o->passed);
	}
	return rec->n_origins * ORIGIN_BYTES;
}

int
row_read_origins(const void *blob, size_t n, struct grey_record *rec_r)
{
	const uint8_t *p = blob;
	struct grey_origin *o;

	rec_r->n_origins = 0;
	if (n % ORIGIN_BYTES != 0 || n > GREY_ORIGINS * ORIGIN_BYTES)
		return -1;
	for (; n > 0; n -= ORIGIN_BYTES, p += ORIGIN_BYTES) {
		if (p[14] >> 1 >= GREY_IDENTITIES)
			return -1;
		o = &rec_r->origins[rec_r->n_origins++];
		o->id = get_le(p, 8);
		o->since_ms = (int64_t)get_le(p + 8, SINCE_BYTES);
		o->kind = p[14] >> 1;
		o->passed = p[14] & 1;
	}
	return 0;
}

int
row_get(struct sql *db, const struct key *key, struct grey_record *rec_r,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "SELECT first, last, origins FROM envelope WHERE key = ?1", e);
	const void *blob;
	size_t n;
	int rc;

	rec_r->first_seen = rec_r->last_seen = 0;
	rec_r->n_origins = 0;
	if (st == NULL)
		return -1;
	sql_bind_blob(st, 1, key->bytes, KEY_BYTES);
	rc = sql_step(st, e);
	if (rc == 1) {
		blob = sql_blob(st, 2, &n);
		if (row_read_origins(blob, n, rec_r) == 0) {
			rec_r->first_seen = sql_int(st, 0);
			rec_r->last_seen = sql_int(st, 1);
		} else {
			rc = 0;
		}
		sql_reset(st);
	}
	return rc;
}

int
row_get_credit(
    struct sql *db, uint64_t id, struct grey_credit *credit_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "SELECT passes, used FROM credit WHERE id = ?1", e);
	int rc;

	*credit_r = (struct grey_credit){ .id = id };
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, (int64_t)id);
	rc = sql_step(st, e);
	if (rc == 1) {
		credit_r->passes = sql_int(st, 0);
		credit_r->used = sql_int(st, 1);
		sql_reset(st);
	}
	return rc;
}

static int
row_delete(struct sql *db, const struct key *key, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    db, "DELETE FROM envelope WHERE key = ?1", e);

	if (st == NULL)
		return -1;
	sql_bind_blob(st, 1, key->bytes, KEY_BYTES);
	return sql_run(st, e);
}

static void
bind_trace(struct sql_stmt *st, int i, uint64_t trace)
{
	if (trace != 0)
		sql_bind_int(st, i, (int64_t)trace);
}

int
row_put(struct sql *db, const struct key *key, const struct grey_record *rec,
    const struct row_text *text, struct err *e)
{
	uint8_t origins[GREY_ORIGINS * ORIGIN_BYTES];
	struct sql_stmt *st;

	if (rec->n_origins == 0)
		return row_delete(db, key, e);
	st = sql_prepare(db,
	    "INSERT INTO envelope (key, first, last, origins, sender, "
	    "recipient, client, sender_trace, recipient_trace) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
	    "ON CONFLICT (key) DO UPDATE SET first = ?2, last = ?3, "
	    "origins = ?4, sender = ?5, recipient = ?6, client = ?7, "
	    "sender_trace = ?8, recipient_trace = ?9",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_blob(st, 1, key->bytes, KEY_BYTES);
	sql_bind_int(st, 2, rec->first_seen);
	sql_bind_int(st, 3, rec->last_seen);
	sql_bind_blob(st, 4, origins, write_origins(rec, origins));
	sql_bind_text(st, 5, text->readable ? text->sender : NULL);
	sql_bind_text(st, 6, text->readable ? text->recipient : NULL);
	sql_bind_text(st, 7, text->readable ? text->client : NULL);
	bind_trace(st, 8, text->sender_trace);
	bind_trace(st, 9, text->recipient_trace);
	return sql_run(st, e);
}

int
row_put_credit(struct sql *db, const struct grey_credit *credit, struct err *e)
{
	struct sql_stmt *st = sql_prepare(db,
	    "INSERT INTO credit (id, passes, used) VALUES (?1, ?2, ?3) "
	    "ON CONFLICT (id) DO UPDATE SET passes = ?2, used = ?3",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, (int64_t)credit->id);
	sql_bind_int(st, 2, credit->passes);
	sql_bind_int(st, 3, credit->used);
	return sql_run(st, e);
}

static bool
keeps_text(struct sqlite_store *s, const struct grey_record *rec)
{
	int text;

	(void)pthread_mutex_lock(&s->option_lock);
	text = (int)s->options.text;
	if (s->options.text_keep_s == 0)
		text = GREY_TEXT_NEVER;
	(void)pthread_mutex_unlock(&s->option_lock);
	return text == GREY_TEXT_ALWAYS ||
	    (text == GREY_TEXT_WAITING && grey_record_waits(rec));
}

struct row_text
row_text_of(struct sqlite_store *s, const struct grey_record *rec,
    const char *sender, const char *recipient, const char *client)
{
	const struct key_secret *secret = atomic_load(&s->secret);

	return (struct row_text){ .sender = sender,
		.recipient = recipient,
		.client = client,
		.sender_trace = key_trace(secret, sender),
		.recipient_trace = key_trace(secret, recipient),
		.readable = keeps_text(s, rec) };
}

int
row_read(struct sql *db, const struct grey_question *q,
    struct recent_rows *rows, struct err *e)
{
	size_t i;

	if (!rows->has_record && row_get(db, &q->key, &rows->record, e) == -1)
		return -1;
	for (i = 0; i < q->attempt.n_credits; i++) {
		if (!rows->has_credit[i] &&
		    row_get_credit(
		        db, q->attempt.credits[i], &rows->credits[i], e) == -1)
			return -1;
	}
	return 0;
}

int
row_judge(struct sqlite_store *s, const struct grey_question *q,
    struct grey_judgement *j_r, struct err *e)
{
	struct recent_rows rows = { .has_record = false };
	struct row_text text;
	size_t i;

	if (row_read(s->writer, q, &rows, e) == -1)
		return -1;
	grey_judge(&q->attempt, &q->policy, q->now_ms, &rows.record,
	    rows.credits, j_r);
	if (j_r->write_record) {
		text = row_text_of(
		    s, &rows.record, q->sender, q->recipient, q->client);
		if (row_put(s->writer, &q->key, &rows.record, &text, e) == -1)
			return -1;
		recent_record(s->recent, &q->key, &rows.record);
	}
	for (i = 0; i < q->attempt.n_credits; i++) {
		if (!j_r->write_credit[i])
			continue;
		if (row_put_credit(s->writer, &rows.credits[i], e) == -1)
			return -1;
		recent_credit(s->recent, &rows.credits[i]);
	}
	return 0;
}
