#include "statusd/site_job.h"

#include "lib/err.h"
#include "statusd/page_frame.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The file of that name from before, unless it was lost since, or NULL. */
static struct site_file *
old_file(const struct site_work *w, const struct site_job *job)
{
	char path[PAGE_PATH_SIZE + 32];
	const char *index = strstr(job->name, "index.");
	size_t n = index != NULL ? (size_t)(index - job->name)
	                         : strlen(job->name);
	struct site_file *old;

	if (w->before == NULL)
		return NULL;
	(void)snprintf(path, sizeof(path), "/%.*s", (int)n, job->name);
	old = site_table_find(w->before, path);
	if (old == NULL || strcmp(old->name, job->name) != 0 ||
	    atomic_load(&old->lost))
		return NULL;
	return old;
}

static int
keep(struct site_work *w, struct site_file *old)
{
	return site_table_add(w->table, site_file_ref(old)) == 0 ? 1 : 0;
}

int
site_job_take_old(struct site_work *w, const struct site_job *job)
{
	struct site_file *old = old_file(w, job);

	return old != NULL && digest_same(&old->source, &job->source)
	    ? keep(w, old)
	    : 0;
}

int
site_job_keep_old(struct site_work *w, const struct site_job *job)
{
	struct site_file *old = old_file(w, job);

	if (old == NULL)
		return 0;
	if (!digest_same(&old->source, &job->source))
		w->table->partial = true;
	return keep(w, old);
}

int
site_job_can_wait(struct site_work *w, const struct site_job *job)
{
	struct site_file *old = old_file(w, job);

	if (old != NULL && digest_same(&old->source, &job->source))
		return keep(w, old);
	if (w->budget > 0) {
		w->budget--;
		return 0;
	}
	w->table->partial = true;
	if (old != NULL)
		(void)keep(w, old);
	return 1;
}

/*
 * All of them or none: what was loaded for this rendering need not be so for
 * the next, and a part would never be enough.
 */
static void
want(struct site_work *w, const struct model_thread *const *threads, size_t n)
{
	struct site_table *table = w->table;

	if (table->wanted == NULL)
		table->wanted = calloc(SITE_BATCH, sizeof(*table->wanted));
	if (table->wanted == NULL || table->n_wanted + n > SITE_BATCH)
		return;
	for (size_t i = 0; i < n; i++)
		table->wanted[table->n_wanted++] = threads[i]->id;
}

int
site_job_without(struct site_work *w, const struct site_job *job,
    const struct model_thread *const *threads, size_t n)
{
	struct site_file *old = old_file(w, job);

	if (old != NULL && digest_same(&old->source, &job->source))
		return keep(w, old) == 1 ? 0 : err_set(w->e, "out of memory");
	w->table->partial = true;
	want(w, threads, n);
	if (old != NULL)
		(void)keep(w, old);
	return 0;
}

int
site_job_put(struct site_work *w, const struct site_job *job, int failed)
{
	struct site_content content = { .name = job->name,
		.type = job->type,
		.rank = job->rank,
		.cold = job->cold,
		.modified = job->modified,
		.body = buf_text(&w->out),
		.len = w->out.len };
	struct site_file *f;

	if (failed || w->out.bad)
		return err_set(
		    w->e, "%s: too large, or out of memory", job->name);
	f = site_file_new(&content);
	buf_reset(&w->out);
	if (f == NULL)
		return err_set(w->e, "%s: out of memory", job->name);
	f->source = job->source;
	if (site_table_add(w->table, f) != 0)
		return err_set(w->e, "%s: out of memory", job->name);
	return 0;
}

struct digest
site_job_source(const struct site_work *w, const struct digest *of,
    const char *name, int64_t period)
{
	struct digest_state d;

	digest_begin(&d);
	digest_text(&d, name);
	digest_add(&d, of);
	digest_number(&d, period > 0 ? w->now / period : 0);
	return digest_end(&d);
}
