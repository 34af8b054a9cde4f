#ifndef STATUSD_SITE_JOB_H
#define STATUSD_SITE_JOB_H

#include "lib/buf.h"
#include "statusd/model.h"
#include "statusd/site.h"
#include "statusd/site_digest.h"
#include "statusd/site_group.h"
#include "statusd/site_table.h"

#include <stdint.h>

struct err;

/* A page whose facts did not change is still written anew that often. */
#define SITE_RENEW_S 60

/* Most posts made at once: who waits for the page does not wait for these. */
#define SITE_BATCH SITE_WANTED_MAX

#define SITE_HTML "text/html; charset=utf-8"
#define SITE_RSS "application/rss+xml; charset=utf-8"
#define SITE_XML "application/xml; charset=utf-8"
#define SITE_JSON "application/json; charset=utf-8"

/* One rendering of the site, under way. */
struct site_work {
	const struct model_site *model;
	int64_t now;
	const struct site_table *before;
	size_t budget; /* so many posts may still be made */
	struct site_table *table;
	struct digest *threads; /* of each thread */
	struct groups groups;
	struct digest frame; /* of what every page shows */
	struct digest all; /* frame and every thread */
	struct digest events; /* the same without plain posts */
	struct digest months; /* frame, and every system's months */
	struct digest states; /* events, and how every system stands */
	struct buf out;
	struct err *e;
};

/* One file that is to be made, and of what. */
struct site_job {
	const char *name;
	const char *type;
	enum site_rank rank;
	bool cold;
	int64_t modified;
	struct digest source;
};

/* 1: the file stands in the table, from before; 0: it must be made. */
int site_job_take_old(struct site_work *w, const struct site_job *job);

/* As above, but one made of something else does, too, until the next update. */
int site_job_keep_old(struct site_work *w, const struct site_job *job);

/*
 * As above, for a file that can wait: where there is no time to make it now,
 * the one from before stands a while longer, and the table is partial.
 */
int site_job_can_wait(struct site_work *w, const struct site_job *job);

/*
 * The file cannot be made, for the entries of some of these threads were not
 * loaded: all of them are asked for, and the file from before stands a while
 * longer.
 */
int site_job_without(struct site_work *w, const struct site_job *job,
    const struct model_thread *const *threads, size_t n);

/*
 * What was written to w->out becomes the file, unless "failed".  Returns 0, or
 * -1 with *w->e set.
 */
int site_job_put(struct site_work *w, const struct site_job *job, int failed);

/*
 * The digest of all posts, or of these and the systems' states, for the file of
 * that name; made anew every "period" seconds unless that is 0.
 */
struct digest site_job_source(const struct site_work *w,
    const struct digest *of, const char *name, int64_t period);

/* Badges, map and such. */
int site_extra_files(struct site_work *w);

/* Months, systems, categories, tags, and all posts. */
int site_list_pages(struct site_work *w);

/* The files for programs: feeds, API, and what else no page is. */
int site_machine_files(struct site_work *w);

#endif
