#include "lib/grey/store_sqlite.h"

#include "lib/err.h"
#include "lib/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void
set_up_locks(struct sqlite_store *s)
{
	pthread_condattr_t attr;

	(void)pthread_mutex_init(&s->option_lock, NULL);
	(void)pthread_mutex_init(&s->pool_lock, NULL);
	(void)pthread_mutex_init(&s->queue_lock, NULL);
	(void)pthread_mutex_init(&s->write_lock, NULL);
	(void)pthread_mutex_init(&s->edit_lock, NULL);
	(void)pthread_mutex_init(&s->allow_lock, NULL);
	(void)pthread_mutex_init(&s->hit_lock, NULL);
	(void)pthread_cond_init(&s->pool_free, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&s->queue_filled, &attr);
	(void)pthread_cond_init(&s->care_wake, &attr);
	(void)pthread_condattr_destroy(&attr);
	s->tail = &s->head;
	s->wal_fd = -1;
	s->n_expected = -1;
}

/* Where the database was made just now, that of the one before is taken. */
static int
read_whitelist(struct sqlite_store *s, struct err *e)
{
	if (s->restore) {
		if (sql_begin(s->writer, e) == -1)
			return -1;
		if (store_restore_allow(s, s->writer, e) == -1 ||
		    sql_commit(s->writer, e) == -1) {
			sql_rollback(s->writer);
			return -1;
		}
		s->restore = false;
	}
	return store_follow_allow(s, s->writer, e);
}

static int
open_file(struct sqlite_store *s, struct err *e)
{
	struct stat st;

	if (s->use == GREY_STORE_READ && stat(s->path, &st) == -1 &&
	    errno == ENOENT) {
		free(s->path);
		s->path = strdup(":memory:");
		s->memory = true;
		if (s->path == NULL)
			return err_set(e, "no memory");
	}
	if (s->use != GREY_STORE_SERVE)
		return store_open_single(s, e);
	if (store_open_all(s, e) == 0) {
		store_export_own(s);
		if (read_whitelist(s, e) == 0)
			return 0;
		if (sql_was_corrupt(s->writer))
			atomic_store(&s->damaged, true);
	}
	if (stat(s->path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, "%s is no file", s->path);
	if (!atomic_load(&s->damaged) && access(s->path, R_OK | W_OK) == -1)
		return -1;
	/* the writer looks after it: mail is accepted until it is well */
	s->fault = *e;
	atomic_store(&s->faulty, true);
	return 0;
}

static struct grey_store *
store_open(const struct grey_store_options *o, struct err *e)
{
	struct sqlite_store *s;
	const char *path = sql_path(o->url, e);

	if (path == NULL)
		return NULL;
	if (key_init() == -1 || (s = calloc(1, sizeof(*s))) == NULL) {
		(void)err_set(e, "store: no memory");
		return NULL;
	}
	set_up_locks(s);
	s->base.ops = &grey_store_sqlite;
	s->use = o->use;
	s->uid = o->uid;
	s->gid = o->gid;
	s->options = *o;
	s->path = strdup(path);
	s->recent = recent_new();
	if (s->path == NULL || s->recent == NULL ||
	    store_first_secret(s, e) == -1 || open_file(s, e) == -1) {
		(void)err_prefix(e, "store");
		grey_store_close(&s->base);
		return NULL;
	}
	return &s->base;
}

static void
stop_threads(struct sqlite_store *s)
{
	(void)pthread_mutex_lock(&s->queue_lock);
	s->stop = true;
	(void)pthread_mutex_unlock(&s->queue_lock);
	(void)pthread_cond_broadcast(&s->queue_filled);
	(void)pthread_cond_broadcast(&s->care_wake);
}

static void
join_threads(struct sqlite_store *s)
{
	stop_threads(s);
	while (s->n_threads > 0)
		(void)pthread_join(s->threads[--s->n_threads], NULL);
}

static int
store_start(struct grey_store *store, struct err *e)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	void *(*const mains[STORE_THREADS])(void *) = { store_writer_main,
		store_care_main, store_follow_main, store_sync_main };

	while (s->n_threads < STORE_THREADS) {
		if (pthread_create(&s->threads[s->n_threads], NULL,
		        mains[s->n_threads], s) != 0) {
			join_threads(s);
			return err_set(e, "store: no thread");
		}
		s->n_threads++;
	}
	return 0;
}

static void
store_configure(struct grey_store *store, const struct grey_store_options *o)
{
	struct sqlite_store *s = (struct sqlite_store *)store;

	(void)pthread_mutex_lock(&s->option_lock);
	s->options.keep = o->keep;
	s->options.text = o->text;
	s->options.text_keep_s = o->text_keep_s;
	(void)pthread_mutex_unlock(&s->option_lock);
}

static void
store_close(struct grey_store *store)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct store_secret *secret;

	if (s->n_threads > 0)
		store_flush_hits(s);
	join_threads(s);
	store_close_all(s);
	if (s->whitelist != NULL)
		grey_whitelist_release(s->whitelist);
	free(s->path);
	recent_free(s->recent);
	while ((secret = s->secrets) != NULL) {
		s->secrets = secret->older;
		free(secret);
	}
	free(s);
}

static const struct key_secret *
store_secret(const struct grey_store *store)
{
	const struct sqlite_store *s = (const struct sqlite_store *)store;

	return atomic_load(&s->secret);
}

static void
store_state(struct grey_store *store, struct grey_store_state *state_r)
{
	struct sqlite_store *s = (struct sqlite_store *)store;
	struct stat st;

	*state_r = (struct grey_store_state){
		.faulty = atomic_load(&s->faulty),
		.faults = atomic_load(&s->faults),
		.commits = atomic_load(&s->commits),
		.written = atomic_load(&s->written),
		.reads = atomic_load(&s->reads),
		.commit_us = atomic_load(&s->commit_us),
		.worst_commit_us = atomic_exchange(&s->worst_commit_us, 0),
		.batch_max = atomic_exchange(&s->batch_max, 0),
	};
	(void)pthread_mutex_lock(&s->pool_lock);
	if (s->wal_fd != -1 && fstat(s->wal_fd, &st) == 0)
		state_r->wal_bytes = (uint64_t)st.st_size;
	(void)pthread_mutex_unlock(&s->pool_lock);
}

const struct grey_store_ops grey_store_sqlite = {
	.scheme = "sqlite:",
	.open = store_open,
	.start = store_start,
	.configure = store_configure,
	.close = store_close,
	.secret = store_secret,
	.judge = store_judge,
	.envelope = store_envelope,
	.credit = store_credit,
	.each = store_each,
	.verify = store_verify,
	.stats = store_stats,
	.allow_add = store_allow_add,
	.allow_remove = store_allow_remove,
	.allow_list = store_allow_list,
	.whitelist = store_whitelist,
	.expect = store_expect,
	.expected = store_expected,
	.load = store_load,
	.forget = store_forget,
	.expire = store_expire,
	.hit = store_hit,
	.count = store_count,
	.counters = store_counters,
	.state = store_state,
};
