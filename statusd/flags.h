#ifndef STATUSD_FLAGS_H
#define STATUSD_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

struct html;

/*
 * Small flags, drawn from a table of stripes, crosses and discs: simplified,
 * so that they can be told apart at the size of a letter.
 */

/* The country's English name for an ISO 3166-1 alpha-2 code, or NULL. */
const char *flags_country(const char *code);
/* Its place in the table, or -1; "NL Netherlands" of a place, or NULL. */
int flags_country_at(const char *code);
const char *flags_country_row(size_t i);

/* Whether there is a drawing for it. */
bool flags_known(const char *code);

/*
 * The drawing as an SVG <symbol> with the id "flag-NL", 30 by 20 units; once a
 * page and country.  A code without a drawing writes nothing.
 */
void flags_symbol(struct html *h, const char *code);

/*
 * The flag in a line of text, with the country's name for those who do not see
 * it.  Without a drawing: the code in a box.  An empty code writes nothing.
 */
void flags_use(struct html *h, const char *code);

#endif
