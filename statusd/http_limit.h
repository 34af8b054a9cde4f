#ifndef STATUSD_HTTP_LIMIT_H
#define STATUSD_HTTP_LIMIT_H

#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How often an address may ask for what is dear: a search.
 * Each has a store of LIMIT_BURST tries that fills by LIMIT_PER_S; an IPv6
 * address counts with its /64.  Bounded: of too many addresses the one unseen
 * longest is forgotten.  Any thread.
 */
#define LIMIT_BURST 100
#define LIMIT_PER_S 20

struct limit;

struct limit *limit_new(void); /* NULL: no memory */
void limit_free(struct limit *l); /* NULL is allowed */

/* Take one try; false where there is none left. */
bool limit_take(struct limit *l, const struct ip *who, int64_t mono_ms);

/*
 * Who asks: the peer; or, where the peer is one of the proxies, the last
 * address in X-Forwarded-For ("forwarded", NULL: not sent) that is none.
 * Pure.
 */
struct limit_proxies {
	const struct ip_net *nets;
	size_t n;
};
struct ip limit_client(const struct ip *peer, const char *forwarded,
    const struct limit_proxies *proxies);

#endif
