#include "statusd/site.h"

#include "lib/err.h"
#include "statusd/site_dir.h"
#include "statusd/site_render.h"

#include <pthread.h>
#include <stdlib.h>

struct site {
	struct site_dir *dir; /* NULL: memory only */
	pthread_mutex_t lock; /* of "table" */
	struct site_table *table;
};

struct site *
site_open(const char *directory, struct err *e)
{
	struct site *site = calloc(1, sizeof(*site));

	if (site == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	(void)pthread_mutex_init(&site->lock, NULL);
	if (directory[0] == '\0')
		return site;
	site->dir = site_dir_open(directory, e);
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
site_update(struct site *site, const struct model_site *model, int64_t now,
    struct err *e)
{
	struct site_table *table = site_render(model, now, site->table, e);

	if (table == NULL)
		return -1;
	swap(site, table);
	return site->dir != NULL ? site_dir_sync(site->dir, table, e) : 0;
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

void
site_close(struct site *site)
{
	if (site == NULL)
		return;
	site_table_unref(site->table);
	site_dir_close(site->dir);
	(void)pthread_mutex_destroy(&site->lock);
	free(site);
}
