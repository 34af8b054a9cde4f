#include "statusd/site.h"

#include "lib/err.h"
#include "statusd/site_dir.h"
#include "statusd/site_render.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* How many files of the folder are read again at each update. */
#define CHECKED_AT_ONCE 20

struct site {
	struct site_dir *dir; /* NULL: memory only */
	pthread_mutex_t lock; /* of "table" */
	struct site_table *table;
	_Atomic(bool) lost; /* a file of the folder is not as it should be */
	int64_t *wanted;
	size_t n_wanted;
	size_t checked; /* the place in the table where that goes on */
};

struct site *
site_open(const char *directory, const char *note, struct err *e)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	(void)pthread_mutex_init(&site->lock, NULL);
	if (directory[0] == '\0')
		return site;
	site->dir = site_dir_open(directory, note, e);
	if (site->dir == NULL) {
		site_close(site);
		return NULL;
	}
	return site;
}

static void
swap(struct site *site, struct site_table *table)
{
	struct site_table *old;

	pthread_mutex_lock(&site->lock);
	old = site->table;
	site->table = table;
	pthread_mutex_unlock(&site->lock);
	site_table_unref(old);
}

int
site_render_now(struct site *site, const struct model_site *model, int64_t now,
    struct err *e)
{
	struct site_table *there = NULL, *table;

	if (site->table == NULL && site->dir != NULL)
		there = site_dir_known(site->dir);
	atomic_store(&site->lost, false);
	table = site_render(
	    model, now, site->table != NULL ? site->table : there, e);
	site_table_unref(there);
	if (table == NULL)
		return -1;
	free(site->wanted);
	site->wanted = table->wanted;
	site->n_wanted = table->n_wanted;
	table->wanted = NULL;
	table->n_wanted = 0;
	swap(site, table);
	return 0;
}

/* Read some of the cold files again, others at each call. */
static void
check_some(struct site *site)
{
	struct site_table *t = site->table;

	for (size_t i = 0; i < CHECKED_AT_ONCE && i < t->n; i++) {
		struct site_file *f = t->files[site->checked++ % t->n];

		if (f->body == NULL && !site_dir_has(site->dir, f)) {
			atomic_store(&f->lost, true);
			atomic_store(&site->lost, true);
		}
	}
}

int
site_write(struct site *site, int64_t now, struct err *e)
{
	struct site_table *thin;

	if (site->dir == NULL || site->table == NULL)
		return 0;
	if (site_dir_sync(site->dir, site->table, now, e) != 0)
		return -1;
	thin = site_table_thin(site->table);
	if (thin != NULL) {
		site_dir_thinned(site->dir, thin);
		swap(site, thin);
	}
	check_some(site);
	return 0;
}

int
site_update(struct site *site, const struct model_site *model, int64_t now,
    struct err *e)
{
	if (site_render_now(site, model, now, e) != 0)
		return -1;
	return site_write(site, now, e);
}

bool
site_wants_update(const struct site *site)
{
	return (site->table != NULL && site->table->partial) ||
	    atomic_load(&site->lost);
}

size_t
site_wanted(const struct site *site, const int64_t **threads_r)
{
	*threads_r = site->wanted;
	return site->n_wanted;
}

struct site_table *
site_table(struct site *site)
{
	struct site_table *table;

	pthread_mutex_lock(&site->lock);
	table = site->table != NULL ? site_table_ref(site->table) : NULL;
	pthread_mutex_unlock(&site->lock);
	return table;
}

int
site_open_file(struct site *site, struct site_file *f, bool gz)
{
	int fd = site->dir != NULL ? site_dir_open_file(site->dir, f, gz) : -1;

	if (fd == -1) {
		atomic_store(&f->lost, true);
		atomic_store(&site->lost, true);
	}
	return fd;
}

void
site_close(struct site *site)
{
	if (site == NULL)
		return;
	if (site->dir != NULL)
		site_dir_close(site->dir);
	site_table_unref(site->table);
	free(site->wanted);
	(void)pthread_mutex_destroy(&site->lock);
	free(site);
}
