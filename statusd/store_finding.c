#include "lib/err.h"
#include "statusd/store_inner.h"
#include "statusd/store_report.h"

#include <stdio.h>

int
store_finding_forgotten(struct store *s, const char *system, int64_t after_s,
    struct store_forgotten *f_r, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "SELECT f.\"check\", f.subject FROM finding f JOIN report r ON "
	    "r.system = f.system WHERE f.system = ? AND "
	    "f.\"check\" <> 'probe' AND f.subject NOT LIKE 'probe:%' AND "
	    "f.seen_at < r.received_at - ? LIMIT 1",
	    e);
	int rc;

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_int(st, 2, after_s);
	rc = sql_step(st, e);
	if (rc == 1) {
		(void)snprintf(
		    f_r->check, sizeof(f_r->check), "%s", sql_text(st, 0));
		(void)snprintf(
		    f_r->subject, sizeof(f_r->subject), "%s", sql_text(st, 1));
	}
	sql_reset(st);
	return rc;
}

int
store_finding_drop(struct store *s, const char *system,
    const struct store_forgotten *f, struct err *e)
{
	struct sql_stmt *st = sql_prepare(s->sql,
	    "DELETE FROM finding WHERE system = ? AND \"check\" = ? AND "
	    "subject = ?",
	    e);

	if (st == NULL)
		return -1;
	sql_bind_text(st, 1, system);
	sql_bind_text(st, 2, f->check);
	sql_bind_text(st, 3, f->subject);
	return sql_run(st, e);
}
