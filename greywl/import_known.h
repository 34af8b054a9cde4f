#ifndef GREYWL_IMPORT_KNOWN_H
#define GREYWL_IMPORT_KNOWN_H

#include "greywl/greywl.h"
#include "greywl/import.h"

struct err;

/*
 * Clients that are let in become entries that end when the client would be
 * forgotten; one that stands in the whitelist already is left as it is.  They
 * are added to im->entries; the store has to be open.
 */
int gw_known_clients(struct gw *g, struct gw_import *im, struct err *e);

/*
 * Envelopes, into the open store.  Returns 0, or -1 with *e set (*n_r, how
 * many were taken before).
 */
int gw_known_envelopes(
    struct gw *g, const struct gw_import *im, size_t *n_r, struct err *e);

#endif
