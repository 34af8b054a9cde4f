#ifndef STATUSD_GATE_H
#define STATUSD_GATE_H

#include "lib/ip.h"

#include <stdint.h>

/*
 * A door (lib/code.h) for each address that tries to sign in, so that who
 * guesses shuts out himself and nobody else; an IPv6 address counts with its
 * /64.  Bounded: of too many the one unseen longest is forgotten.  Any thread.
 */
struct gate;

struct gate *gate_new(void); /* NULL: no memory */
void gate_free(struct gate *g); /* NULL is allowed */

/* Seconds until it opens for them; 0: it is open. */
int64_t gate_wait(struct gate *g, const struct ip *who, int64_t now);
void gate_wrong(struct gate *g, const struct ip *who, int64_t now);
void gate_right(struct gate *g, const struct ip *who, int64_t now);

#endif
