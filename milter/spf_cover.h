#ifndef MILTER_SPF_COVER_H
#define MILTER_SPF_COVER_H

#include "milter/spf_eval.h"

/*
 * How many addresses a record passes in all: the union of its ip4 and ip6
 * terms, of its a and mx terms (looked up for the client's family), and of
 * what it includes and redirects to.  "+all", and a name that exists under an
 * exists term without macro, pass every address.  Terms with macros that
 * cannot be expanded for other clients count for what they mean to this one;
 * ptr and exists with macros count nothing.  The walk keeps the limits of
 * section 4.6.4: what lies behind a permerror can never pass.  What cannot be
 * looked up counts nothing.
 */
struct spf_cover {
	uint64_t four; /* addresses */
	uint64_t six; /* /64 networks, begun ones as whole */
};

/*
 * Returns 1, or 0 where the zone wants something first.  "e" is set up as for
 * spf_eval_run and is used up.
 */
int spf_cover_run(struct spf_eval *e, struct spf_cover *cover_r);

/*
 * Whether more is covered than one network of this prefix; a prefix of 0
 * allows everything.
 */
bool spf_cover_exceeds(const struct spf_cover *c, unsigned max4, unsigned max6);

#endif
