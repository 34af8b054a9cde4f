#ifndef LIB_DOMAIN_H
#define LIB_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

struct err;

#define DOMAIN_MAX 253 /* RFC 1035 section 2.3.4, without the last dot */
#define ADDRESS_MAX 320 /* RFC 5321 section 4.5.3.1: 64 + "@" + 255 */

/*
 * Lower-case ASCII letters of s into out, a last dot left out, and check that
 * it is a domain name: labels of 1 to 63 letters, digits, "-" (not first or
 * last), "_" or UTF-8 (RFC 6531), at least one dot unless "one_label".
 * Returns 0, or -1 with the reason in *e.
 */
int domain_normal(
    const char *s, bool one_label, char out[DOMAIN_MAX + 1], struct err *e);

/*
 * A name as DNS has it, in lower case and without a last dot: letters that are
 * not ASCII are mapped, and labels with such (U-labels) become A-labels,
 * "xn--..." (RFC 5891, UTS 46).  False, and out is not set, where there are
 * none, or the name is none that could be registered.
 */
bool domain_ascii(const char *name, char out[DOMAIN_MAX + 1]);

/*
 * The other way: A-labels as people write them.  False, and out is not set,
 * where there are none, or one is wrong.
 */
bool domain_unicode(const char *name, char out[DOMAIN_MAX + 1]);

/*
 * Whether "name" is "domain" or lies below it, on a label boundary; letters
 * are compared without case, U-labels as their A-labels, a last dot of either
 * does not count.
 */
bool domain_within(const char *name, const char *domain);

/* The part behind the last "@", or NULL where there is none. */
const char *address_domain(const char *address);

/*
 * An address as the server sees it, local part and all, in lower case
 * (ASCII letters).  Returns 0, or -1 where it does not fit.
 */
int address_lower(const char *address, char *out, size_t size);

#endif
