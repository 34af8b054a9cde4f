#ifndef GREYWL_CANDIDATES_H
#define GREYWL_CANDIDATES_H

#include "greywl/greywl.h"

struct err;

/*
 * For add --hosted-by: the domains among the words as entries, with what shows
 * that they are hosted there as their note, unless one is given.  The store has
 * to be open.  free() *entries_r.  Returns 0, or -1 with *e set (one is not).
 */
int gw_entries_hosted(
    struct gw *g, struct allow_entry **entries_r, size_t *n_r, struct err *e);

#endif
