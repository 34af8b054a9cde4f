#include "lib/err.h"
#include "statusd/vault_inner.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                               \
	"id, system, remedy, title, by, state, at, until, sent_at, over_at, " \
	"outcome, exit_status, text"

static void
read_order(struct sql_stmt *st, struct vault_order *o)
{
	memset(o, 0, sizeof(*o));
	vault_copy(o->id, sizeof(o->id), st, 0);
	vault_copy(o->system, sizeof(o->system), st, 1);
	vault_copy(o->remedy, sizeof(o->remedy), st, 2);
	vault_copy(o->title, sizeof(o->title), st, 3);
	vault_copy(o->by, sizeof(o->by), st, 4);
	o->state = (enum vault_state)sql_int(st, 5);
	o->at = sql_int(st, 6);
	o->until = sql_int(st, 7);
	o->sent_at = sql_int(st, 8);
	o->over_at = sql_int(st, 9);
	o->outcome = (enum report_outcome)sql_int(st, 10);
	o->exit_status = (int)sql_int(st, 11);
	vault_copy(o->text, sizeof(o->text), st, 12);
}

/* The code of this order; NULL: it has none any more. */
static char *
code_of(struct vault *v, const char *id)
{
	for (size_t i = 0; i < VAULT_CODES; i++) {
		if (strcmp(v->codes[i].id, id) == 0)
			return v->codes[i].code;
	}
	return NULL;
}

static void
forget_code(struct vault *v, const char *id)
{
	for (size_t i = 0; i < VAULT_CODES; i++) {
		if (strcmp(v->codes[i].id, id) == 0)
			sodium_memzero(&v->codes[i], sizeof(v->codes[i]));
	}
}

/* 0, or 1 where too many wait. */
static int
keep_code(struct vault *v, const struct vault_order *o, struct err *e)
{
	for (size_t i = 0; i < VAULT_CODES; i++) {
		if (v->codes[i].id[0] != '\0')
			continue;
		memcpy(v->codes[i].id, o->id, sizeof(o->id));
		memcpy(v->codes[i].code, o->code, sizeof(o->code));
		return 0;
	}
	(void)err_set(e, "Too many orders wait.");
	return 1;
}

/* A number that the statement counts, with system, remedy and time bound. */
static int
count(struct vault *v, const char *text, const struct vault_order *o,
    int64_t at, struct err *e)
{
	struct sql_stmt *st = sql_prepare(v->sql, text, e);
	int n = -1;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, o->system);
	sql_bind_text(st, 2, o->remedy);
	sql_bind_int(st, 3, at);
	if (sql_step(st, e) == 1)
		n = (int)sql_int(st, 0);
	sql_reset(st);
	return n;
}

/* May it be given now?  0, 1 with the reason, -1. */
static int
may_order(
    struct vault *v, const struct vault_order *o, int64_t now, struct err *e)
{
	int waiting = count(v,
	    "SELECT count(*) FROM orders WHERE system = ?1 AND remedy = ?2 "
	    "AND state = 0 AND until > ?3",
	    o, now, e);
	int lately = count(v,
	    "SELECT count(*) FROM orders WHERE system = ?1 AND ?2 = ?2 "
	    "AND at > ?3",
	    o, now - VAULT_RATE_S, e);

	if (waiting == -1 || lately == -1)
		return -1;
	if (waiting > 0) {
		(void)err_set(e,
		    "This remedy was ordered a moment ago and has not been "
		    "answered yet.");
		return 1;
	}
	if (lately >= VAULT_RATE) {
		(void)err_set(e,
		    "%d orders within a minute are the most: wait a little.",
		    VAULT_RATE);
		return 1;
	}
	return 0;
}

static int
insert(struct vault *v, const struct vault_order *o, struct err *e)
{
	struct sql_stmt *st = sql_prepare(v->sql,
	    "INSERT INTO orders (id, system, remedy, title, by, state, at, "
	    "until) VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, o->id);
	sql_bind_text(st, 2, o->system);
	sql_bind_text(st, 3, o->remedy);
	sql_bind_text(st, 4, o->title);
	sql_bind_text(st, 5, o->by);
	sql_bind_int(st, 6, o->at);
	sql_bind_int(st, 7, o->until);
	if (sql_run(st, e) == -1)
		return -1;
	st = sql_prepare(v->sql,
	    "DELETE FROM orders WHERE state <> 0 AND number <= "
	    "(SELECT max(number) FROM orders) - 100",
	    e);
	return st == NULL ? -1 : sql_run(st, e);
}

/* The time of those is over that wait too long. */
static int
expire(struct vault *v, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(
	    v->sql, "SELECT id FROM orders WHERE state = 0 AND until <= ?", e);
	bool any = false;
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	while ((rc = sql_step(st, e)) == 1) {
		forget_code(v, sql_text(st, 0));
		any = true;
	}
	sql_reset(st);
	if (rc == -1 || !any)
		return rc;
	st = sql_prepare(v->sql,
	    "UPDATE orders SET state = 2, over_at = ?1 "
	    "WHERE state = 0 AND until <= ?1",
	    e);
	if (st == NULL)
		return -1;
	sql_bind_int(st, 1, now);
	return sql_run(st, e);
}

int
vault_order_add(
    struct vault *v, struct vault_order *o, int64_t now, struct err *e)
{
	unsigned char random[(VAULT_ID - 1) / 2];
	int rc;

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(o->id, sizeof(o->id), random, sizeof(random));
	o->state = VAULT_WAITING;
	o->at = now;
	o->until = now +
	    (strlen(o->code) == CODE_PAPER_DIGITS ? VAULT_PAPER_S
	                                          : VAULT_ORDER_S);
	(void)pthread_mutex_lock(&v->lock);
	rc = expire(v, now, e);
	if (rc == 0)
		rc = may_order(v, o, now, e);
	if (rc == 0)
		rc = keep_code(v, o, e);
	if (rc == 0) {
		rc = insert(v, o, e);
		if (rc == -1)
			forget_code(v, o->id);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

static int
mark_sent(struct vault *v, const char *system, int64_t now, struct err *e)
{
	struct sql_stmt *st = sql_prepare(v->sql,
	    "UPDATE orders SET sent_at = ?2 WHERE system = ?1 AND state = 0 "
	    "AND sent_at = 0",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, now);
	return sql_run(st, e);
}

/* What a statement finds, with the system (NULL: all) and a number bound. */
static int
list(struct vault *v, const char *text, const struct vault_due *of, size_t *n_r,
    struct err *e)
{
	struct sql_stmt *st = sql_prepare(v->sql, text, e);
	int rc;

	*n_r = 0;
	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, of->system);
	sql_bind_int(st, 2, (int64_t)of->most);
	while ((rc = sql_step(st, e)) == 1 && *n_r < of->most)
		read_order(st, &of->orders[(*n_r)++]);
	sql_reset(st);
	return rc == -1 ? -1 : 0;
}

int
vault_orders_due(struct vault *v, const struct vault_due *due, int64_t now,
    size_t *n_r, struct err *e)
{
	int rc;

	(void)pthread_mutex_lock(&v->lock);
	rc = list(v,
	    "SELECT " COLUMNS " FROM orders WHERE system = ?1 AND state = 0 "
	    "ORDER BY number LIMIT ?2",
	    due, n_r, e);
	if (rc == 0 && *n_r > 0) {
		/* Nothing is written where nothing waits. */
		rc = expire(v, now, e);
		if (rc == 0)
			rc = mark_sent(v, due->system, now, e);
		if (rc == 0)
			rc = list(v,
			    "SELECT " COLUMNS " FROM orders WHERE "
			    "system = ?1 AND state = 0 ORDER BY number "
			    "LIMIT ?2",
			    due, n_r, e);
	}
	for (size_t i = 0; rc == 0 && i < *n_r; i++) {
		const char *code = code_of(v, due->orders[i].id);

		(void)snprintf(due->orders[i].code, sizeof(due->orders[i].code),
		    "%s", code != NULL ? code : "");
	}
	(void)pthread_mutex_unlock(&v->lock);
	if (rc == -1)
		*n_r = 0;
	return rc;
}

int
vault_order_result(struct vault *v, const char *system,
    const struct report_result *r, int64_t now, struct err *e)
{
	struct sql_stmt *st;
	char text[VAULT_TEXT];
	int rc = -1;

	(void)snprintf(text, sizeof(text), "%s", r->text);
	(void)pthread_mutex_lock(&v->lock);
	/* One whose time was over may have been taken all the same. */
	st = sql_prepare(v->sql,
	    "UPDATE orders SET state = 1, over_at = ?3, "
	    "outcome = ?4, exit_status = ?5, text = ?6 "
	    "WHERE id = ?1 AND system = ?2 AND remedy = ?7 AND state <> 1",
	    e);
	if (st != NULL) {
		sql_bind_text(st, 1, r->id);
		sql_bind_text(st, 2, system);
		sql_bind_int(st, 3, now);
		sql_bind_int(st, 4, (int64_t)r->outcome);
		sql_bind_int(st, 5, r->exit_status);
		sql_bind_text(st, 6, text);
		sql_bind_text(st, 7, r->remedy);
		rc = sql_run(st, e);
		if (rc == 0)
			rc = sql_changes(v->sql) > 0;
		if (rc == 1)
			forget_code(v, r->id);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_order_get(
    struct vault *v, const char *id, struct vault_order *o_r, struct err *e)
{
	struct sql_stmt *st;
	int rc = -1;

	(void)pthread_mutex_lock(&v->lock);
	st = sql_prepare(
	    v->sql, "SELECT " COLUMNS " FROM orders WHERE id = ?", e);
	if (st != NULL) {
		sql_bind_text(st, 1, id);
		rc = sql_step(st, e);
		if (rc == 1)
			read_order(st, o_r);
		sql_reset(st);
	}
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}

int
vault_orders_list(
    struct vault *v, const struct vault_due *of, size_t *n_r, struct err *e)
{
	int rc;

	(void)pthread_mutex_lock(&v->lock);
	rc = list(v,
	    "SELECT " COLUMNS " FROM orders WHERE ?1 IS NULL OR system = ?1 "
	    "ORDER BY number DESC LIMIT ?2",
	    of, n_r, e);
	(void)pthread_mutex_unlock(&v->lock);
	return rc;
}
