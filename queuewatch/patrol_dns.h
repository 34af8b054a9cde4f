#ifndef QUEUEWATCH_PATROL_DNS_H
#define QUEUEWATCH_PATROL_DNS_H

#include "queuewatch/config.h"
#include "queuewatch/dnsbl.h"

#include <poll.h>
#include <stddef.h>

struct err;

/*
 * Asks block lists, all at once, each in its own interval.  All but
 * patrol_dns_result() in one thread.
 */
struct patrol_dns;

/* The configuration must stay.  NULL with *e set on failure. */
struct patrol_dns *patrol_dns_open(const struct config *c, struct err *e);
void patrol_dns_close(struct patrol_dns *d); /* NULL is harmless */

/*
 * Ask what is due.  Fills at most "most" of "fds" with what to wait for,
 * shortens *wait_ms to when something is due; returns how many.
 */
size_t patrol_dns_begin(
    struct patrol_dns *d, struct pollfd *fds, size_t most, int *wait_ms);
/* Take what came. */
void patrol_dns_take(struct patrol_dns *d, const struct pollfd *fds, size_t n);

/* Of the i-th list; a copy, to be freed.  Any thread. */
void patrol_dns_result(
    struct patrol_dns *d, size_t i, struct dnsbl_result *r_r);

#endif
