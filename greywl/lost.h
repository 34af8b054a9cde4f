#ifndef GREYWL_LOST_H
#define GREYWL_LOST_H

#include "greywl/greywl.h"

struct err;

/*
 * For add --from-lost: the entries that let pass what the domains among the
 * words lost, each with the proof by which its mail could have passed, or,
 * where nothing proves the domain, its networks.  The store has to be open.
 * free() *entries_r.  Returns 0, or -1 with *e set (one has lost nothing).
 */
int gw_entries_lost(
    struct gw *g, struct allow_entry **entries_r, size_t *n_r, struct err *e);

#endif
