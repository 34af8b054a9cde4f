#ifndef STATUSD_SITE_SEARCH_H
#define STATUSD_SITE_SEARCH_H

#include <stdint.h>

struct buf;
struct model_site;

/*
 * What the search form looks through: the words of every public post.  It is
 * immutable and shared between tables and threads.
 */
struct search;

/* NULL without memory. */
struct search *search_new(const struct model_site *model);
struct search *search_ref(struct search *s);
void search_unref(struct search *s); /* NULL is allowed */

/*
 * Add the page that answers "query" (as typed; "" shows the form alone): the
 * posts that have every word of it, newest first.  "now" is when the page is
 * written; 0: it tells the time of the newest entry.  Returns 0, or -1 without
 * memory.
 */
int search_page(
    const struct search *s, const char *query, int64_t now, struct buf *out);

#endif
