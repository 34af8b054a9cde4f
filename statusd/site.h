#ifndef STATUSD_SITE_H
#define STATUSD_SITE_H

#include "statusd/site_table.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct model_site;

/*
 * The site: what the model looks like to the public, as files in memory (which
 * the HTTP threads serve) and the same files in a folder (which any web server
 * can serve, also when statusd is dead).  What is seldom asked for, old posts
 * and such, stays in the folder alone once it is there.
 *
 * In the folder each file is whole at every instant (written beside, renamed);
 * its ".gz" is gone while it changes, and so never another page; pages come
 * before those that link to them; what did not change is not written; what is
 * no longer there is removed.
 */
struct site;

/*
 * Take the folder, which must exist, for the site; "" means memory only.
 * Call before rights are dropped: everything later goes through what was
 * opened here.  "note" is a file outside of it that tells the next start what
 * the folder has, or "".  NULL with *e set on failure.
 */
struct site *site_open(const char *directory, const char *note, struct err *e);

/*
 * Render the model as it is at "now" (Unix seconds).  What the HTTP threads
 * serve has changed at the return, unless that is -1 with *e set.  One thread
 * only, as all that follows but where it says so.
 */
int site_render_now(struct site *site, const struct model_site *model,
    int64_t now, struct err *e);

/*
 * Bring the folder up to date.  Returns 0; or -1 with *e set where that could
 * not be (full disk): it then still holds the old pages, whole, and the next
 * call tries again.
 */
int site_write(struct site *site, int64_t now, struct err *e);

/* Both. */
int site_update(struct site *site, const struct model_site *model, int64_t now,
    struct err *e);

/*
 * Whether there is more to do, though nothing was published: pages that are
 * still to be made, or that were found missing in the folder.
 */
bool site_wants_update(const struct site *site);

/*
 * The threads whose entries the next rendering needs and the last one had not:
 * for store_load_part().  They live until that rendering.
 */
#define SITE_WANTED_MAX 200
size_t site_wanted(const struct site *site, const int64_t **threads_r);

/*
 * What is served now; give it back with site_table_unref().  NULL before the
 * first rendering.  Any thread.
 */
struct site_table *site_table(struct site *site);

/*
 * Open the content of a file that is in the folder alone, or of its ".gz".
 * Returns the descriptor; or -1 where it is not there as it should be: the
 * next update makes it anew.  Any thread.
 */
int site_open_file(struct site *site, struct site_file *f, bool gz);

/* Also notes in the folder what it has, for the next start. */
void site_close(struct site *site);

#endif
