#ifndef STATUSD_SITE_SEARCH_H
#define STATUSD_SITE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
struct model_site;
struct store_search;

/*
 * The search form and what it finds.  What stands on its page as on all others
 * is immutable and shared between tables and threads.
 */
struct search;

/* NULL without memory. */
struct search *search_new(const struct model_site *model);
struct search *search_ref(struct search *s);
void search_unref(struct search *s); /* NULL is allowed */

/*
 * Bring the index up to date with the model, some posts at a time.  Returns 1
 * where there is more to do, 0 where all is done, -1 with *e set.  Those whose
 * entries were not loaded are named in "wanted".
 */
#define SEARCH_WANTED_MAX 250
struct search_wanted {
	int64_t threads[SEARCH_WANTED_MAX];
	size_t n;
};
int search_sync(struct store_search *index, const struct model_site *model,
    struct search_wanted *wanted, struct err *e);

struct search_query {
	const char *text; /* as typed; "" shows the form alone */
	int64_t now; /* when it is asked; 0: the time of the newest entry */
};

/*
 * Add the page that answers: the posts that have every word of it, newest
 * first.  "index" may be NULL for the form alone.  Returns 0; or -1 where the
 * index does not answer, or memory ended.
 */
int search_page(const struct search *s, struct store_search *index,
    const struct search_query *q, struct buf *out);

#endif
