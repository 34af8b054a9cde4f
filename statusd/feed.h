#ifndef STATUSD_FEED_H
#define STATUSD_FEED_H

#include "statusd/model.h"

#include <stdint.h>

struct buf;

/*
 * The feeds.  Nothing in them comes from a clock: they change only with what
 * is published, so that a restart leaves them as they are.  Each returns 0, or
 * -1 where the buffer's cap or the memory was reached.  Pure.
 */

/*
 * RSS 2.0: the newest posts and updates, an item each, with a guid of its own
 * that never changes.
 */
int feed_posts(const struct model_site *site, struct buf *out);

/* An item for each incident, with all its updates: RSS 2.0; Atom (RFC 4287). */
int feed_history_rss(const struct model_site *site, struct buf *out);
int feed_history_atom(const struct model_site *site, struct buf *out);

/* When the newest entry was published; 0 where there is none. */
int64_t feed_modified(const struct model_site *site);

#endif
