#ifndef MILTER_PROOF_H
#define MILTER_PROOF_H

#include "lib/grey/ask.h"
#include "lib/grey/spf.h"
#include "lib/log.h"

#include <stdatomic.h>

struct err;
struct grey_config;

/*
 * SPF, and the DNS allow list, as greymilter asks them.  Where SPF its program
 * is missing nobody is proven, which is said, and mail goes on.
 */
struct proof {
	_Atomic(struct spf_pool *) pool; /* NULL: cannot be asked */
	struct log_limit late_log, refused_log;
};

/* For -t: say on standard error where the program is missing. */
void proof_warn(const struct grey_config *c);
/* While rights are there: the program may lie where they will not reach. */
void proof_open(struct proof *p, const struct grey_config *c);
/* After rights are dropped: start the children. */
void proof_start(struct proof *p);
/* At a reload. */
void proof_configure(struct proof *p, const struct grey_config *c);
/* Nobody may be asking. */
void proof_close(struct proof *p);

/*
 * Ask about an attempt at "now" (Unix seconds); "a" is the whitelist.  Returns
 * within spf.timeout and 100 ms, whatever name servers and children do.
 */
struct proof_question {
	const struct grey_config *config;
	const struct allow *allow;
	const struct grey_facts *facts;
	int64_t now;
};
void proof_ask(struct proof *p, const struct proof_question *q,
    struct grey_asked *asked_r);

#endif
