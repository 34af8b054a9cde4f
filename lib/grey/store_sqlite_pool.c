#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

/* Of the pool, the one that was used last; waits until one is free. */
static int
take(struct sqlite_store *s, struct store_reader *r, struct err *e)
{
	int rc = 0;

	(void)pthread_mutex_lock(&s->pool_lock);
	while (s->n_free == 0 && s->n_lent > 0)
		(void)pthread_cond_wait(&s->pool_free, &s->pool_lock);
	if (s->n_free > 0) {
		*r = s->readers[--s->n_free];
		r->epoch = s->epoch;
		s->n_lent++;
	} else {
		rc = err_set(e, "is not open");
	}
	(void)pthread_mutex_unlock(&s->pool_lock);
	return rc;
}

static void
give(struct sqlite_store *s, const struct store_reader *r)
{
	bool stale;

	(void)pthread_mutex_lock(&s->pool_lock);
	stale = r->epoch != s->epoch;
	if (!stale) {
		s->readers[s->n_free++] = *r;
		s->n_lent--;
	}
	(void)pthread_mutex_unlock(&s->pool_lock);
	/* Each time: several can be given back before one who waits runs. */
	if (stale)
		sql_close(r->db);
	else
		(void)pthread_cond_signal(&s->pool_free);
}

static void
note_damage(struct sqlite_store *s, struct sql *db)
{
	if (sql_was_corrupt(db)) {
		atomic_store(&s->damaged, true);
		atomic_store(&s->faulty, true);
	}
}

/* --- one that sees what is there now --- */

static void
let_go(struct store_reader *r)
{
	if (r->holds)
		sql_end_read(r->db);
	r->holds = false;
}

struct sql *
store_reader_take(struct sqlite_store *s, unsigned *epoch_r, struct err *e)
{
	struct store_reader r;

	if (take(s, &r, e) == -1)
		return NULL;
	let_go(&r);
	*epoch_r = r.epoch;
	return r.db;
}

void
store_reader_give(
    struct sqlite_store *s, struct sql *db, unsigned epoch, bool failed)
{
	struct store_reader r = { .db = db, .epoch = epoch };

	if (failed)
		note_damage(s, db);
	give(s, &r);
}

/* --- one that holds on to what it saw --- */

int
store_holder_take(struct sqlite_store *s, struct store_reader *r, struct err *e)
{
	return take(s, r, e);
}

int
store_holder_look(struct store_reader *r, unsigned generation, struct err *e)
{
	if (r->holds && r->generation == generation)
		return 0;
	let_go(r);
	if (sql_begin_read(r->db, e) == -1)
		return -1;
	r->holds = true;
	r->generation = generation;
	return 0;
}

void
store_holder_give(struct sqlite_store *s, struct store_reader *r, bool failed)
{
	if (failed)
		note_damage(s, r->db);
	if (failed || !store_may_hold(s))
		let_go(r);
	give(s, r);
}

bool
store_may_hold(struct sqlite_store *s)
{
	return atomic_load(&s->many) && !atomic_load(&s->checkpoints);
}

void
store_holders_let_go(struct sqlite_store *s)
{
	size_t i;

	(void)pthread_mutex_lock(&s->pool_lock);
	for (i = 0; i < s->n_free; i++)
		let_go(&s->readers[i]);
	(void)pthread_mutex_unlock(&s->pool_lock);
}
