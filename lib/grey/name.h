#ifndef LIB_GREY_NAME_H
#define LIB_GREY_NAME_H

#include "lib/domain.h"
#include "lib/ip.h"

#include <stdbool.h>

/* What a client's forward-confirmed name says about who it is.  Pure. */

/*
 * Whether the name looks like that of a dial-up or customer's line: it has the
 * address in it (decimal, forwards or backwards, or hexadecimal), or such a
 * word as "dyn", "dhcp" or "pool".  A provider's name then says nothing about
 * the sender.
 */
bool name_is_dynamic(const char *name, const struct ip *client);

/*
 * The registrable part, by the public suffix list: "example.co.uk" of
 * "mx1.mail.example.co.uk", in lower case.  1, or 0 where the name has none.
 */
int name_registrable(const char *name, char out[DOMAIN_MAX + 1]);

#endif
