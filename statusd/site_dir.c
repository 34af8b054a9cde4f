#include "statusd/site_dir.h"

#include "lib/err.h"
#include "statusd/site_file.h"
#include "statusd/site_note.h"
#include "statusd/site_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The note is written anew when so much time has passed, and at the end. */
#define NOTE_S 60

struct site_dir {
	int fd;
	char *path;
	struct site_note note;
	/* What is in the folder; NULL: not looked yet. */
	struct site_table *there;
	bool swept; /* nothing is left there of an earlier run */
	bool noted; /* the note of the cold files is of "there" */
	int64_t noted_at;
};

struct site_dir *
site_dir_open(const char *path, const char *note, struct err *e)
{
	struct site_dir *d = calloc(1, sizeof(*d));

	if (d == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	d->path = strdup(path);
	site_note_open(&d->note, note);
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
	if (d->fd != -1 && d->there != NULL && !d->noted)
		site_note_write(&d->note, d->there);
	site_note_close(&d->note);
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
/* Whether the folder has the file as it should be; "old" is what it has. */
static bool
is_there(const struct site_dir *d, const struct site_file *f,
    const struct site_file *old)
{
	if (d->there == NULL)
		return f->body == NULL || site_file_matches(d->fd, f);
	return old != NULL && !atomic_load(&old->lost) && same_content(old, f);
}

/* One file of the table, or of the folder, or of both. */
struct pair {
	struct site_file *want; /* NULL: it should go */
	struct site_file *old; /* NULL: it is not there, or not known */
	bool done;
};

/* Both are in the order of their paths.  Returns how many pairs there are. */
static size_t
pair_up(
    const struct site_dir *d, const struct site_table *want, struct pair *pairs)
{
	static const struct site_table none;
	const struct site_table *there = d->there != NULL ? d->there : &none;
	size_t i = 0, k = 0, n = 0;

	while (i < want->n || k < there->n) {
		int order = i == want->n ? 1
		    : k == there->n
		    ? -1
		    : strcmp(want->files[i]->path, there->files[k]->path);

		pairs[n++] = (struct pair){
			.want = order <= 0 ? want->files[i++] : NULL,
			.old = order >= 0 ? there->files[k++] : NULL,
		};
	}
	return n;
}

static int
by_order(const void *a, const void *b)
{
	const struct pair *const *pa = a;
	const struct pair *const *pb = b;

	return by_rank(&(*pa)->want, &(*pb)->want);
}

/* Write what differs, in order; at the first fault the rest stays as it was. */
static int
write_all(struct site_dir *d, struct pair *pairs, size_t n, struct err *e)
{
	struct pair **changed = calloc(n + 1, sizeof(struct pair *));
	size_t n_changed = 0;
	int failed = 0;

	if (changed == NULL)
		return err_set(e, "out of memory");
	for (size_t i = 0; i < n; i++) {
		struct pair *p = &pairs[i];

		p->done = p->want != NULL && is_there(d, p->want, p->old);
		if (p->want != NULL && !p->done)
			changed[n_changed++] = p;
	}
	qsort(changed, n_changed, sizeof(struct pair *), by_order);
	for (size_t i = 0; i < n_changed && !failed; i++) {
		struct site_file *f = changed[i]->want;

		/* Without its content: found to be lost a moment ago. */
		if (f->body == NULL)
			continue;
		failed = site_file_write(d->fd, f, e);
		changed[i]->done = !failed;
		if (!failed && f->cold)
			d->noted = false;
	}
	free(changed);
	return failed;
}

/* The table of what the folder has now; what should go is removed, or stays. */
static struct site_table *
take_stock(struct site_dir *d, const struct pair *pairs, size_t n, bool remove)
{
	struct site_table *now = site_table_new();

	for (size_t i = 0; now != NULL && i < n; i++) {
		const struct pair *p = &pairs[i];
		struct site_file *f = p->done ? p->want : p->old;

		if (p->want == NULL && remove) {
			site_file_remove(d->fd, p->old->name);
			f = NULL;
		}
		if (f != NULL && site_table_add(now, site_file_ref(f)) != 0) {
			site_table_unref(now);
			now = NULL;
		}
	}
	return now;
}

static void
note_now_and_then(struct site_dir *d, int64_t now)
{
	if (d->noted || (now >= d->noted_at && now - d->noted_at < NOTE_S))
		return;
	site_note_write(&d->note, d->there);
	d->noted = true;
	d->noted_at = now;
}

int
site_dir_sync(
    struct site_dir *d, struct site_table *want, int64_t now, struct err *e)
{
	size_t most = want->n + (d->there != NULL ? d->there->n : 0);
	struct pair *pairs = calloc(most + 1, sizeof(*pairs));
	struct site_table *stock = NULL;
	int failed = -1;
	size_t n;

	if (pairs == NULL) {
		err_set(e, "out of memory");
		goto out;
	}
	n = pair_up(d, want, pairs);
	failed = write_all(d, pairs, n, e);
	if (!failed && !want->partial && !d->swept) {
		site_file_sweep(d->fd, want);
		d->swept = true;
	}
	stock = take_stock(d, pairs, n, !failed && !want->partial);
	if (stock == NULL)
		failed = err_set(e, "out of memory");
	/* Else look at the folder again next time. */
	if (stock != NULL && (d->there != NULL || !failed)) {
		site_table_unref(d->there);
		d->there = site_table_ref(stock);
		if (!failed)
			note_now_and_then(d, now);
	}
out:
	if (failed)
		err_prefix(e, "%s", d->path);
	site_table_unref(stock);
	free(pairs);
	return failed;
}

void
site_dir_thinned(struct site_dir *d, struct site_table *thin)
{
	size_t k = 0;

	for (size_t i = 0; d->there != NULL && i < d->there->n; i++) {
		struct site_file **f = &d->there->files[i];

		while (
		    k < thin->n && strcmp(thin->files[k]->path, (*f)->path) < 0)
			k++;
		if (k == thin->n || !same_content(thin->files[k], *f))
			continue;
		site_file_unref(*f);
		*f = site_file_ref(thin->files[k]);
	}
}

struct site_table *
site_dir_known(const struct site_dir *d)
{
	return site_note_read(&d->note, d->fd);
}

bool
site_dir_has(const struct site_dir *d, const struct site_file *f)
{
	return site_file_is_whole(d->fd, f);
}

int
site_dir_open_file(const struct site_dir *d, const struct site_file *f, bool gz)
{
	return site_file_open(d->fd, f, gz);
}
