#ifndef STATUSD_ASSETS_H
#define STATUSD_ASSETS_H

#include "statusd/model.h"

#include <stddef.h>

struct buf;

/* What the pages load besides themselves. */

/* "style-HASH.css": the name changes with the content. */
const char *assets_style_name(void);
const char *assets_style(size_t *len_r);

/* "here-HASH.js": shows the reader's own time beside UTC. */
const char *assets_script_name(void);
const char *assets_script(size_t *len_r);

/* The icon, SVG: a mark in the colour of the state. */
void assets_icon(struct buf *out, enum model_state state);

#endif
