#ifndef STATUSD_FEED_PARTS_H
#define STATUSD_FEED_PARTS_H

#include "statusd/feed.h"
#include "statusd/html.h"

#include <stddef.h>

/* Parts that several feeds have. */

#define FEED_ITEMS_MAX 50
#define FEED_ATOM_NS "http://www.w3.org/2005/Atom"

struct feed_item {
	const struct model_thread *thread;
	size_t entry;
};

const struct model_entry *feed_entry_of(const struct feed_item *i);

/* The newest entries of the feed, newest first; returns how many. */
size_t feed_items(const struct feed *f, struct feed_item items[FEED_ITEMS_MAX]);

/* "Example: System Status", "Example: System Status: NC036" */
void feed_title(const struct feed *f, struct buf *out);
/* Where a thread is, or an entry in it unless NULL. */
void feed_address(const struct model_site *site, const struct model_thread *t,
    const struct model_entry *e, struct buf *out);
/* "urn:mailglance:entry:abc...": says nothing that could ever change. */
void feed_guid(struct buf *out, const char *kind, const char *key);

/* An entry's text as HTML; all of a thread's, newest first: as text. */
void feed_content(struct html *h, const struct model_entry *e);
void feed_story(struct html *h, const struct model_thread *t);

#endif
