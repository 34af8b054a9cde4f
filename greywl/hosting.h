#ifndef GREYWL_HOSTING_H
#define GREYWL_HOSTING_H

#include "lib/domain.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Who handles a domain's mail, by its MX and SPF records: domains of one's own
 * that a big sender hosts send from his servers, too.  Pure.
 */

#define HOSTING_NAMES 16

struct hosting {
	char domain[DOMAIN_MAX + 1];
	char mx[HOSTING_NAMES][DOMAIN_MAX + 1];
	size_t n_mx;
	/* Whose records its SPF record takes over: include and redirect. */
	char spf[HOSTING_NAMES][DOMAIN_MAX + 1];
	size_t n_spf;
	bool asked; /* the DNS has answered */
};

/* Take over an MX; "." (no mail) and what is no name are left out. */
void hosting_add_mx(struct hosting *h, const char *name);

/* Take over a TXT record where it is an SPF record (RFC 7208 section 4.5). */
void hosting_add_txt(struct hosting *h, const char *text);

/*
 * Whether h's mail is handled by the one who handles "by"'s: an MX in by's
 * domain or with one of the same owner (registrable part), or an SPF record
 * that takes over one of these.  *why_r says which.
 */
#define HOSTING_WHY_SIZE (DOMAIN_MAX + 16)
bool hosting_is_by(const struct hosting *h, const struct hosting *by,
    char why_r[HOSTING_WHY_SIZE]);

#endif
