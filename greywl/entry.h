#ifndef GREYWL_ENTRY_H
#define GREYWL_ENTRY_H

#include "greywl/greywl.h"

struct err;

/*
 * An entry from its words: "text" and the options that were given with it.
 * Returns 0, or -1 with what is wrong in *e.
 */
int gw_entry_read(const char *text, const struct gw_words *given, int64_t now,
    struct allow_entry *entry_r, struct err *e);

/*
 * The same for all words that were given; calloc'ed, free() it.  NULL with *e
 * set on failure.
 */
struct allow_entry *gw_entries_read(const struct gw *g, struct err *e);

/*
 * grey_store_allow_add(), in full: who interrupts it, with Ctrl-C say, ends
 * greywl after it.  Returns 0, or -1, and has said why.
 */
int gw_entries_add(struct gw *g, const struct allow_entry *entries, size_t n,
    struct grey_allow_added *added_r);

/* Who runs this: the user before sudo, or the user; "" for root himself. */
void gw_default_author(struct allow_entry *entry);

/* The entry of this kind and value in a list, or NULL. */
const struct allow_entry *gw_entry_find(
    const struct allow_entry *list, size_t n, const struct allow_entry *like);

#endif
