#ifndef STATUSD_SITE_H
#define STATUSD_SITE_H

#include "statusd/site_table.h"

#include <stdint.h>

struct err;
struct model_site;

/*
 * The site: what the model looks like to the public, as files in memory (which
 * the HTTP threads serve) and the same files in a folder (which any web server
 * can serve, also when statusd is dead).
 *
 * In the folder each file is whole at every instant (written beside, renamed),
 * its ".gz" comes just before it, pages before those that link to them; what
 * did not change is not written; what is no longer there is removed.
 */
struct site;

/*
 * Take the folder, which must exist, for the site; "" means memory only.
 * Call before rights are dropped: everything later goes through what was
 * opened here.  NULL with *e set on failure.
 */
struct site *site_open(const char *directory, struct err *e);

/*
 * Render the model as it is at "now" (Unix seconds).  What the HTTP threads
 * serve has changed at the return in any case.  Returns 0; or -1 with *e set
 * where the folder could not be brought up to date (full disk): it then still
 * holds the old pages, whole, and the next call tries again.  One thread only.
 */
int site_update(struct site *site, const struct model_site *model, int64_t now,
    struct err *e);

/*
 * What is served now; give it back with site_table_unref().  NULL before the
 * first update.  Any thread.
 */
struct site_table *site_table(struct site *site);

void site_close(struct site *site);

#endif
