#ifndef STATUSD_SITE_RENDER_H
#define STATUSD_SITE_RENDER_H

#include <stdint.h>

struct err;
struct model_site;
struct site_table;

/*
 * Every file of the site as the model is at "now".  What would come out the
 * same as in "before" (NULL: there is none) is taken from there and not made
 * again; of old posts, which need not be there at once, only some are made (see
 * "partial" in struct site_table).  NULL with *e set where the memory ended or
 * a page grew out of bounds. Pure.
 */
struct site_table *site_render(const struct model_site *model, int64_t now,
    const struct site_table *before, struct err *e);

#endif
