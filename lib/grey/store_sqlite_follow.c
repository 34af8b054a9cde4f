#include "lib/err.h"
#include "lib/grey/store_sqlite.h"
#include "lib/sql.h"

#include <errno.h>
#include <sys/stat.h>

#define TICK_MS 250
#define MANY_WRITTEN 100 /* in a tick */

/* Another file, or none, where ours was. */
static bool
file_is_gone(const struct sqlite_store *s)
{
	struct stat st;

	if (stat(s->path, &st) == -1)
		return errno == ENOENT;
	return st.st_ino != atomic_load(&s->ino) ||
	    st.st_dev != atomic_load(&s->dev);
}

/*
 * Whether so much was written since the last tick that callers should commit
 * themselves; returns what is written by now.
 */
static unsigned long long
measure(struct sqlite_store *s, unsigned long long before)
{
	unsigned long long written = atomic_load(&s->written);

	atomic_store(&s->many, written - before > MANY_WRITTEN);
	return written;
}

static void
follow(struct sqlite_store *s)
{
	struct err e = { { 0 } };
	unsigned epoch;
	struct sql *db = store_reader_take(s, &epoch, &e);

	if (db == NULL)
		return;
	(void)store_follow_allow(s, db, &e);
	store_reader_give(s, db, epoch, false);
}

void *
store_follow_main(void *arg)
{
	struct sqlite_store *s = arg;
	unsigned long long written = 0;

	while (!store_rest(s, TICK_MS)) {
		written = measure(s, written);
		store_holders_let_go(s);
		if (!atomic_load(&s->gone) && !atomic_load(&s->faulty) &&
		    file_is_gone(s)) {
			atomic_store(&s->gone, true);
			atomic_store(&s->faulty, true);
		}
		if (!atomic_load(&s->faulty))
			follow(s);
	}
	return NULL;
}
