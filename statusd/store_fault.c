#include "statusd/store_fault.h"

#include "lib/err.h"
#include "statusd/store_inner.h"

#include <stdlib.h>
#include <string.h>

static int
read_member(struct sql_stmt *st, struct store_members *m)
{
	struct store_member *x = store_grow(
	    &m->items, &m->n, sizeof(*m->items));

	if (x == NULL)
		return -1;
	x->thread = sql_int(st, 0);
	x->check = store_dup(st, 1);
	x->subject = store_dup(st, 2);
	x->level = (enum level)sql_int(st, 3);
	x->value = sql_double(st, 4);
	x->summary = store_dup(st, 5);
	return x->check == NULL || x->subject == NULL || x->summary == NULL ? -1
	                                                                    : 0;
}

/* Runs a statement whose first parameter is the system. */
static int
read_members(struct sql_stmt *st, const char *system, struct store_members *m,
    struct err *e)
{
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	while ((rc = sql_step(st, e)) == 1) {
		if (read_member(st, m) == -1) {
			sql_reset(st);
			return err_set(e, "no memory");
		}
	}
	return rc;
}

int
store_members_load(struct store *s, const char *system,
    struct store_members *members_r, struct err *e)
{
	int rc;

	*members_r = (struct store_members){ NULL, 0 };
	rc = read_members(
	    sql_prepare(s->sql,
	        "SELECT c.thread, c.\"check\", c.subject, c.level, c.value, "
	        "coalesce(f.summary, '') FROM cause c "
	        "JOIN thread t ON t.id = c.thread LEFT JOIN finding f ON "
	        "f.system = c.system AND f.\"check\" = c.\"check\" AND "
	        "f.subject = c.subject WHERE c.system = ? AND "
	        "c.level IN (2, 3) AND t.resolved_at = 0 "
	        "ORDER BY c.thread, c.level DESC, c.joined_at",
	        e),
	    system, members_r, e);
	if (rc == 0)
		rc = read_members(
		    sql_prepare(s->sql,
		        "SELECT 0, f.\"check\", f.subject, f.level, "
		        "coalesce(f.value, 0), f.summary FROM finding f "
		        "WHERE f.system = ? AND f.level IN (2, 3) AND "
		        "NOT EXISTS (SELECT 1 FROM cause c WHERE "
		        "c.system = f.system AND c.\"check\" = f.\"check\" AND "
		        "c.subject = f.subject AND c.level IN (2, 3)) "
		        "ORDER BY f.\"check\", f.level DESC, f.subject",
		        e),
		    system, members_r, e);
	if (rc == -1)
		store_members_free(members_r);
	return rc;
}

void
store_members_free(struct store_members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->items[i].check);
		free(m->items[i].subject);
		free(m->items[i].summary);
	}
	free(m->items);
	*m = (struct store_members){ NULL, 0 };
}

int
store_faults_load(struct store *s, const char *system,
    struct store_faults *faults_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT f.id, f.thread, f.\"check\", f.level, f.changes, "
	    "f.opened_at, f.label, f.alerts, f.said_at, f.said_level, f.held, "
	    "max(f.acked_at, coalesce(t.acked_at, 0)) FROM fault f "
	    "LEFT JOIN thread t ON t.id = f.thread WHERE f.system = ? "
	    "ORDER BY f.id",
	    e);
	int rc;

	*faults_r = (struct store_faults){ NULL, 0 };
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	while ((rc = sql_step(st, e)) == 1) {
		struct store_fault *f = store_grow(
		    &faults_r->items, &faults_r->n, sizeof(*f));

		if (f != NULL) {
			f->id = sql_int(st, 0);
			f->thread = sql_int(st, 1);
			f->check = store_dup(st, 2);
			f->level = (enum level)sql_int(st, 3);
			f->changes = sql_int(st, 4);
			f->opened_at = sql_int(st, 5);
			f->label = store_dup(st, 6);
			f->alerts = sql_int(st, 7);
			f->said_at = sql_int(st, 8);
			f->said_level = (enum level)sql_int(st, 9);
			f->held = sql_int(st, 10);
			f->acked_at = sql_int(st, 11);
		}
		if (f == NULL || f->check == NULL || f->label == NULL) {
			rc = err_set(e, "no memory");
			break;
		}
	}
	sql_reset(st);
	if (rc == -1)
		store_faults_free(faults_r);
	return rc;
}

void
store_faults_free(struct store_faults *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->items[i].check);
		free(f->items[i].label);
	}
	free(f->items);
	*f = (struct store_faults){ NULL, 0 };
}

static int
fault_insert(
    struct store *s, const char *system, struct store_fault *f, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO fault (system, thread, \"check\", level, changes, "
	    "opened_at, label, alerts, said_at, said_level, held) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, f->thread);
	sql_bind_text(st, 3, f->check);
	sql_bind_int(st, 4, f->level);
	sql_bind_int(st, 5, f->changes);
	sql_bind_int(st, 6, f->opened_at);
	sql_bind_text(st, 7, f->label);
	sql_bind_int(st, 8, f->alerts);
	sql_bind_int(st, 9, f->said_at);
	sql_bind_int(st, 10, f->said_level);
	sql_bind_int(st, 11, f->held);
	if (sql_run(st, e) == -1)
		return -1;
	f->id = sql_last_id(s->sql);
	return 0;
}

int
store_fault_put(
    struct store *s, const char *system, struct store_fault *f, struct err *e)
{
	struct sql_stmt *st;

	if (f->id == 0)
		return fault_insert(s, system, f, e);
	st = sql_prepare(s->sql,
	    "UPDATE fault SET thread = ?, level = ?, changes = ?, label = ?, "
	    "alerts = ?, said_at = ?, said_level = ?, held = ? WHERE id = ?",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, f->thread);
	sql_bind_int(st, 2, f->level);
	sql_bind_int(st, 3, f->changes);
	sql_bind_text(st, 4, f->label);
	sql_bind_int(st, 5, f->alerts);
	sql_bind_int(st, 6, f->said_at);
	sql_bind_int(st, 7, f->said_level);
	sql_bind_int(st, 8, f->held);
	sql_bind_int(st, 9, f->id);
	return sql_run(st, e);
}

int
store_faults_ack(
    struct store *s, const char *system, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "UPDATE fault SET acked_at = ? WHERE system = ? AND thread = 0", e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	sql_bind_text(st, 2, system);
	return sql_run(st, e);
}

/* Runs a statement whose only parameter is a number. */
static int
run_with_id(struct sql_stmt *st, int64_t id, struct err *e)
{
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, id);
	return sql_run(st, e);
}

int
store_fault_delete(struct store *s, int64_t id, struct err *e)
{
	return run_with_id(
	    sql_prepare(s->sql, "DELETE FROM fault WHERE id = ?", e), id, e);
}

int
store_notice_add(struct store *s, const struct store_notice *n, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT INTO notice (fault, event, level, system, title, text, "
	    "thread, number, began_at, at, only) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, n->fault);
	sql_bind_int(st, 2, n->event);
	sql_bind_int(st, 3, n->level);
	sql_bind_text(st, 4, n->system);
	sql_bind_text(st, 5, n->title);
	sql_bind_text(st, 6, n->text);
	sql_bind_int(st, 7, n->thread);
	sql_bind_int(st, 8, n->number);
	sql_bind_int(st, 9, n->began_at);
	sql_bind_int(st, 10, n->at);
	sql_bind_text(st, 11, n->only != NULL ? n->only : "");
	return sql_run(st, e);
}

int
store_notice_first(struct store *s, struct store_notice *n_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT id, fault, event, level, system, title, text, thread, "
	    "number, began_at, at, only FROM notice ORDER BY id LIMIT 1",
	    e);
	int rc;

	memset(n_r, 0, sizeof(*n_r));
	if (st == NULL)
		return -1;
	rc = sql_step(st, e);
	if (rc == 1) {
		n_r->id = sql_int(st, 0);
		n_r->fault = sql_int(st, 1);
		n_r->event = (enum alert_event)sql_int(st, 2);
		n_r->level = (enum level)sql_int(st, 3);
		n_r->system = store_dup(st, 4);
		n_r->title = store_dup(st, 5);
		n_r->text = store_dup(st, 6);
		n_r->thread = sql_int(st, 7);
		n_r->number = sql_int(st, 8);
		n_r->began_at = sql_int(st, 9);
		n_r->at = sql_int(st, 10);
		n_r->only = store_dup(st, 11);
		if (n_r->system == NULL || n_r->title == NULL ||
		    n_r->text == NULL || n_r->only == NULL) {
			store_notice_free(n_r);
			rc = err_set(e, "no memory");
		}
	}
	sql_reset(st);
	return rc;
}

void
store_notice_free(struct store_notice *n)
{
	free(n->system);
	free(n->title);
	free(n->text);
	free(n->only);
	memset(n, 0, sizeof(*n));
}

int
store_notice_delete(struct store *s, int64_t id, struct err *e)
{
	return run_with_id(
	    sql_prepare(s->sql, "DELETE FROM notice WHERE id = ?", e), id, e);
}

int
store_tell(struct store *s, const struct store_told *t, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "INSERT OR REPLACE INTO told (fault, alert, at, escalated) "
	    "VALUES (?, ?, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, t->fault);
	sql_bind_text(st, 2, t->alert);
	sql_bind_int(st, 3, t->at);
	sql_bind_int(st, 4, t->escalated);
	return sql_run(st, e);
}

int
store_told_get(struct store *s, struct store_told *t, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT at, escalated FROM told WHERE fault = ? AND alert = ?", e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, t->fault);
	sql_bind_text(st, 2, t->alert);
	rc = sql_step(st, e);
	if (rc == 1) {
		t->at = sql_int(st, 0);
		t->escalated = sql_int(st, 1) != 0;
	}
	sql_reset(st);
	return rc;
}

int
store_untell(struct store *s, int64_t fault, struct err *e)
{
	return run_with_id(
	    sql_prepare(s->sql, "DELETE FROM told WHERE fault = ?", e), fault,
	    e);
}
