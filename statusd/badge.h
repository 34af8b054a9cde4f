#ifndef STATUSD_BADGE_H
#define STATUSD_BADGE_H

#include "statusd/model.h"

struct buf;

/*
 * What other pages show of this one.  Each returns 0, or -1 where the buffer's
 * cap or the memory was reached.  Pure.
 */

/* A small picture (SVG): "NC036 | operational"; NULL: of the whole. */
int badge_write(const struct model_site *site, const struct model_system *s,
    struct buf *out);

/* A page for a frame in another page: the whole and each system, no more. */
int badge_glance(const struct model_site *site, int64_t now, struct buf *out);

#endif
