#include "statusd/site_dir.h"

#include "lib/err.h"
#include "statusd/site_file.h"
#include "statusd/site_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct site_dir {
	int fd;
	char *path;
	/* What is in the folder; NULL: not looked yet. */
	struct site_table *there;
};

struct site_dir *
site_dir_open(const char *path, struct err *e)
{
	struct site_dir *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	d->path = strdup(path);
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->path == NULL || d->fd == -1) {
		err_set(e, "open folder %s: %s", path, strerror(errno));
		site_dir_close(d);
		return NULL;
	}
	return d;
}

void
site_dir_close(struct site_dir *d)
{
	if (d == NULL)
		return;
	if (d->fd != -1)
		(void)close(d->fd);
	site_table_unref(d->there);
	free(d->path);
	free(d);
}

static int
by_rank(const void *a, const void *b)
{
	const struct site_file *const *fa = a;
	const struct site_file *const *fb = b;

	if ((*fa)->rank != (*fb)->rank)
		return (*fa)->rank < (*fb)->rank ? -1 : 1;
	return strcmp((*fa)->path, (*fb)->path);
}

static bool
same_content(const struct site_file *a, const struct site_file *b)
{
	return a == b ||
	    (strcmp(a->etag, b->etag) == 0 && strcmp(a->name, b->name) == 0);
}

/* Whether the folder has the file as it should be. */
static bool
is_there(const struct site_dir *d, const struct site_file *f)
{
	const struct site_file *old;

	if (d->there == NULL)
		return site_file_matches(d->fd, f);
	old = site_table_find(d->there, f->path);
	return old != NULL && same_content(old, f);
}

/* Note in "now" that the folder has "f". */
static int
note(struct site_table *now, struct site_file *f, struct err *e)
{
	if (site_table_add(now, site_file_ref(f)) != 0)
		return err_set(e, "out of memory");
	return 0;
}

/*
 * Write what differs, in order.  Fills "now" with what the folder then has of
 * the files wanted.  At the first fault the rest is left as it was.
 */
static int
write_all(struct site_dir *d, struct site_file **files, size_t n,
    struct site_table *now, struct err *e)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		struct site_file *f = files[i], *old;

		if (!failed && !is_there(d, f))
			failed = site_file_write(d->fd, f, e);
		old = d->there != NULL ? site_table_find(d->there, f->path)
		                       : NULL;
		if (failed)
			f = old;
		if (f != NULL && note(now, f, e) != 0)
			return -1;
	}
	return failed;
}

/* What the folder has and should no longer have. */
static int
remove_old(struct site_dir *d, const struct site_table *want, bool remove,
    struct site_table *now, struct err *e)
{
	if (d->there == NULL) {
		if (remove)
			site_file_sweep(d->fd, want);
		return 0;
	}
	for (size_t i = 0; i < d->there->n; i++) {
		struct site_file *f = d->there->files[i];

		if (site_table_find(want, f->path) != NULL)
			continue;
		if (remove)
			site_file_remove(d->fd, f->name);
		else if (note(now, f, e) != 0)
			return -1;
	}
	return 0;
}

int
site_dir_sync(struct site_dir *d, struct site_table *want, struct err *e)
{
	struct site_file **files = calloc(
	    want->n + 1, sizeof(struct site_file *));
	struct site_table *now = site_table_new();
	int failed = -1;

	if (files == NULL || now == NULL) {
		err_set(e, "out of memory");
		goto out;
	}
	memcpy(files, want->files, want->n * sizeof(struct site_file *));
	qsort(files, want->n, sizeof(struct site_file *), by_rank);
	failed = write_all(d, files, want->n, now, e);
	if (remove_old(d, want, !failed, now, e) != 0)
		failed = -1;
	if (d->there == NULL && failed)
		goto out; /* look at the folder again next time */
	site_table_sort(now);
	site_table_unref(d->there);
	d->there = site_table_ref(now);
out:
	if (failed)
		err_prefix(e, "%s", d->path);
	site_table_unref(now);
	free(files);
	return failed;
}
