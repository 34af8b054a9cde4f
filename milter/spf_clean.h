#ifndef MILTER_SPF_CLEAN_H
#define MILTER_SPF_CLEAN_H

#include "milter/spf_eval.h"

struct buf;

/*
 * Write a domain's record anew, for libspf2: macros expanded for this client,
 * names in lower case with nothing but letters, digits, ".", "-" and "_",
 * addresses and prefixes as numbers, no explanation, no unknown modifier,
 * "redirect" last.  Terms that cannot be written so are left out, those of
 * the other address family too; where an expansion would need the DNS it ends
 * there: no term behind has decided.  Pure.
 */
void spf_clean_write(struct spf_eval *e, const struct spf_record *r,
    const char *domain, struct buf *out);

/*
 * Make a name lower case in place; false where it has anything but letters,
 * digits, ".", "-" and "_".
 */
bool spf_clean_name(char *name);

#endif
