#ifndef MILTER_SPF_CONFIRM_H
#define MILTER_SPF_CONFIRM_H

#include "milter/spf_eval.h"

/*
 * A second opinion on a pass, by libspf2.  The library overflows on hostile
 * macros and explanations, is loose about syntax and does not keep the limits;
 * so it is given neither a stranger's text nor the network: it gets the
 * records written anew by spf_clean_write() and the answers that the zone
 * holds.
 */
struct spf_confirm;

/* Before the doors close.  NULL without memory. */
struct spf_confirm *spf_confirm_open(void);
void spf_confirm_close(struct spf_confirm *c);

/*
 * Returns 1 with what libspf2 says, mapped to the RFC's words, or 0 where
 * the zone wants something first.  "e" is set up as for spf_eval_run and is
 * used up.
 */
int spf_confirm_run(
    struct spf_confirm *c, struct spf_eval *e, enum spf_result *result_r);

#endif
