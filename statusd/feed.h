#ifndef STATUSD_FEED_H
#define STATUSD_FEED_H

#include "statusd/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/*
 * The feeds.  Nothing in them comes from a clock: they change only with what
 * is published, so that a restart leaves them as they are.  Each returns 0, or
 * -1 where the buffer's cap or the memory was reached.  Pure.
 */

/* What a feed is of: the whole site, a system, a category, a tag. */
struct feed {
	const struct model_site *site;
	const size_t *threads; /* their places, newest first; NULL: all */
	size_t n_threads;
	const char *name; /* "NC036"; "" for the whole site */
	const char *path; /* where it is: "feed/" */
	bool events; /* incidents and planned work alone, no plain posts */
};

/* The newest posts and updates, an item each, with an id that never changes. */
int feed_rss(const struct feed *f, struct buf *out); /* RSS 2.0 */
int feed_atom(const struct feed *f, struct buf *out); /* RFC 4287 */
int feed_json(const struct feed *f, struct buf *out); /* JSON Feed 1.1 */

/* An item for each incident, with all its updates: RSS 2.0; Atom. */
int feed_history_rss(const struct model_site *site, struct buf *out);
int feed_history_atom(const struct model_site *site, struct buf *out);

/* Planned maintenance as a calendar (RFC 5545). */
int feed_calendar(const struct model_site *site, struct buf *out);

/* When the newest entry was published; 0 where there is none. */
int64_t feed_modified(const struct model_site *site);
int64_t feed_modified_events(const struct model_site *site);
int64_t feed_modified_of(const struct feed *f);

/*
 * The threads whose entries its newest items may be among, and whether some of
 * them were not loaded; returns how many.
 */
#define FEED_NEEDS_MAX 50
size_t feed_needs(const struct feed *f,
    const struct model_thread *needed[FEED_NEEDS_MAX], bool *missing_r);

#endif
