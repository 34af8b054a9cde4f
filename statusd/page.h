#ifndef STATUSD_PAGE_H
#define STATUSD_PAGE_H

#include "statusd/model.h"
#include "statusd/view.h"

#include <stdint.h>

struct buf;

/*
 * The pages.  Each is added to "out" as whole HTML and returns 0, or -1 where
 * the buffer's cap or the memory was reached.  Pure: "now" is when the page is
 * written.  A page that shows no state tells the time of its newest entry
 * instead, so that it stays the same, byte for byte, until its content changes.
 */
int page_front(const struct model_site *site, int64_t now, struct buf *out);
int page_thread(const struct model_site *site, const struct model_thread *t,
    struct buf *out);
int page_month(
    const struct model_site *site, struct view_month month, struct buf *out);
int page_system(const struct model_site *site, const struct model_system *s,
    int64_t now, struct buf *out);
int page_maintenance(
    const struct model_site *site, int64_t now, struct buf *out);
int page_not_found(const struct model_site *site, struct buf *out);

#endif
