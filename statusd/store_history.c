#include "statusd/store_history.h"

#include "lib/err.h"
#include "statusd/config.h"
#include "statusd/store_inner.h"

#include <stdlib.h>
#include <string.h>

/* A period that was not noted for so long: statusd was not there to see. */
#define UNSEEN_S 120
#define DAY_S 86400

/* What is over of a system: all before "upto". */
struct store_past {
	char code[64];
	int64_t upto; /* 00:00 of the day it was read */
	struct history h;
};

static int
period_begin(struct store *s, const char *system, const struct store_moment *m,
    int64_t from, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT OR REPLACE INTO period (system, from_at, until_at, state, "
	    "felt, planned) VALUES (?1, ?2, ?2, ?3, ?4, ?5)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, from);
	sql_bind_int(st, 3, m->state);
	sql_bind_int(st, 4, m->felt);
	sql_bind_int(st, 5, m->planned);
	return sql_run(st, e);
}

static int
period_extend(struct store *s, const char *system, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE period SET until_at = max(until_at, ?2) WHERE system = ?1 "
	    "AND from_at = (SELECT max(from_at) FROM period WHERE system = ?1)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, now);
	return sql_run(st, e);
}

static bool
is_same(const struct store_moment *a, const struct store_moment *b)
{
	return a->state == b->state && a->felt == b->felt &&
	    a->planned == b->planned;
}

int
store_period_note(struct store *s, const char *system,
    const struct store_moment *m, int64_t now, struct err *e)
{
	static const struct store_moment unseen = { MODEL_UNKNOWN,
		MODEL_UNKNOWN, false };
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT until_at, state, felt, planned FROM period "
	    "WHERE system = ? ORDER BY from_at DESC LIMIT 1",
	    e);
	struct store_moment was = unseen;
	int64_t until = 0;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	rc = sql_step(st, e);
	if (rc == 1) {
		until = sql_int(st, 0);
		was.state = (enum model_state)sql_int(st, 1);
		was.felt = (enum model_state)sql_int(st, 2);
		was.planned = sql_int(st, 3) != 0;
	}
	sql_reset(st);
	if (rc == -1)
		return -1;
	if (rc == 1 && now - until > UNSEEN_S && !is_same(&was, &unseen)) {
		if (period_begin(s, system, &unseen, until, e) == -1)
			return -1;
		was = unseen;
		store_history_forget(s);
	}
	if (rc == 1 && period_extend(s, system, now, e) == -1)
		return -1;
	if (rc == 1 && is_same(&was, m))
		return 0;
	return period_begin(s, system, m, now, e);
}

int
store_last_seen(struct store *s, int64_t *at_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    s->sql, "SELECT coalesce(max(until_at), 0) FROM period", e);

	if (st == NULL || sql_step(st, e) != 1)
		return -1;
	*at_r = sql_int(st, 0);
	sql_reset(st);
	return 0;
}

int
store_first_seen(
    struct store *s, const char *system, int64_t *at_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT coalesce(min(from_at), 0) FROM period WHERE system = ?", e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	if (sql_step(st, e) != 1)
		return -1;
	*at_r = sql_int(st, 0);
	sql_reset(st);
	return 0;
}

/*
 * Calls "each" for what of the system's periods lies in [from, until).  The
 * last period lasts until it is noted again, for a while; what lies between two
 * that do not meet is unknown.
 */
static int
spans(struct store *s, const struct store_span_of *of,
    int (*each)(void *ctx, const struct history_span *span), void *ctx,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT from_at, until_at, felt, planned, "
	    "lead(from_at, 1, -1) OVER (ORDER BY from_at) FROM period "
	    "WHERE system = ?1 AND from_at >= (SELECT coalesce(max(from_at), 0) "
	    "FROM period WHERE system = ?1 AND from_at <= ?2) "
	    "AND until_at + 120 >= ?2 AND from_at < ?3 "
	    "ORDER BY from_at",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, of->system);
	sql_bind_int(st, 2, of->from);
	sql_bind_int(st, 3, of->until);
	while ((rc = sql_step(st, e)) == 1) {
		struct history_span x = { sql_int(st, 0), sql_int(st, 1),
			(enum model_state)sql_int(st, 2), sql_int(st, 3) != 0 };
		int64_t next = sql_int(st, 4);
		struct history_span gap = { 0, next == -1 ? of->until : next,
			MODEL_UNKNOWN, false };

		if (next == -1)
			x.until += UNSEEN_S;
		else if (next - x.until <= UNSEEN_S)
			x.until = next;
		gap.from = x.until;
		x.from = x.from > of->from ? x.from : of->from;
		x.until = x.until < of->until ? x.until : of->until;
		gap.from = gap.from > of->from ? gap.from : of->from;
		gap.until = gap.until < of->until ? gap.until : of->until;
		if ((x.until > x.from && each(ctx, &x) == -1) ||
		    (gap.until > gap.from && each(ctx, &gap) == -1)) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
	}
	return rc;
}

static int
take_tally(void *ctx, const struct history_span *span)
{
	history_add(ctx, span, span->from, span->until);
	return 0;
}

int
store_tally(struct store *s, const struct store_span_of *of,
    struct model_tally *t_r, struct err *e)
{
	memset(t_r, 0, sizeof(*t_r));
	return spans(s, of, take_tally, t_r, e);
}

static int
take_history(void *ctx, const struct history_span *span)
{
	return history_take(ctx, span);
}

void
store_history_forget(struct store *s)
{
	for (size_t i = 0; i < s->n_past; i++)
		free(s->past[i].h.months);
	free(s->past);
	s->past = NULL;
	s->n_past = 0;
}

/* What of the system was over when today began; NULL with *e set. */
static struct store_past *
past_of(struct store *s, const char *system, int64_t today, struct err *e)
{
	struct store_span_of of = { system, 0, today };
	struct store_past *p;

	for (size_t i = 0; i < s->n_past; i++) {
		p = &s->past[i];
		if (strcmp(p->code, system) == 0 && p->upto == today)
			return p;
		if (strcmp(p->code, system) == 0) {
			store_history_forget(s);
			break;
		}
	}
	p = store_grow(&s->past, &s->n_past, sizeof(*p));
	if (p == NULL) {
		(void)err_set(e, "no memory");
		return NULL;
	}
	memcpy(p->code, system, strnlen(system, sizeof(p->code) - 1));
	p->upto = today;
	p->h.first_day = today - (MODEL_DAYS - 1) * (int64_t)DAY_S;
	if (spans(s, &of, take_history, &p->h, e) == -1) {
		store_history_forget(s);
		return NULL;
	}
	return p;
}

static int
copy_history(struct model_system *m, struct history *h, const struct config *c,
    struct err *e)
{
	m->days = calloc(MODEL_DAYS, sizeof(*m->days));
	if (m->days == NULL)
		return err_set(e, "no memory");
	for (size_t i = 0; i < MODEL_DAYS; i++)
		h->days[i].at = h->first_day + (int64_t)i * DAY_S;
	memcpy(m->days, h->days, sizeof(h->days));
	m->n_days = MODEL_DAYS;
	m->months = h->months;
	m->n_months = h->n_months;
	h->months = NULL;
	for (size_t i = 0; i < m->n_months; i++)
		m->months[i].credit = history_credit(c, &m->months[i].t);
	return 0;
}

int
store_load_history(struct store *s, const struct config *c,
    struct model_system *m, int64_t now, struct err *e)
{
	int64_t today = history_day(now);
	struct store_span_of of = { m->code, today, now };
	struct store_past *p = past_of(s, m->code, today, e);
	struct history h;
	int rc;

	if (p == NULL)
		return -1;
	h = p->h;
	h.months = NULL;
	if (h.n_months > 0) {
		h.months = calloc(h.n_months, sizeof(*h.months));
		if (h.months == NULL)
			return err_set(e, "no memory");
		memcpy(h.months, p->h.months, h.n_months * sizeof(*h.months));
	}
	rc = spans(s, &of, take_history, &h, e);
	if (rc == 0)
		rc = copy_history(m, &h, c, e);
	free(h.months);
	return rc;
}
