#ifndef QUEUEWATCH_PATROL_CANARY_H
#define QUEUEWATCH_PATROL_CANARY_H

#include "lib/probe.h"
#include "queuewatch/canary.h"
#include "queuewatch/patrol.h"

#include <poll.h>
#include <stddef.h>

/*
 * Sends canaries and looks for them, by maildir or IMAP.  All but
 * patrol_canary_state() in one thread.
 */
struct patrol_canaries;

/* What the setup points to must stay.  NULL without memory. */
struct patrol_canaries *patrol_canary_open(
    const struct patrol_setup *setup, struct prober *prober);
void patrol_canary_close(struct patrol_canaries *c); /* NULL is harmless */

/* As patrol_dns_begin() and patrol_dns_take(). */
size_t patrol_canary_begin(
    struct patrol_canaries *c, struct pollfd *fds, size_t most, int *wait_ms);
void patrol_canary_take(
    struct patrol_canaries *c, const struct pollfd *fds, size_t n);

/* Of the i-th section; whether it has begun.  Any thread. */
bool patrol_canary_state(
    struct patrol_canaries *c, size_t i, struct canary_leg *leg_r);

#endif
