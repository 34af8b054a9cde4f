#ifndef LIB_GREY_ASK_H
#define LIB_GREY_ASK_H

#include "lib/grey/allow.h"
#include "lib/grey/check.h"
#include "lib/grey/dnswl.h"
#include "lib/grey/key.h"
#include "lib/grey/spf.h"

#include <stddef.h>
#include <stdint.h>

struct buf;
struct grey_config;

/*
 * What has to be asked of SPF about an attempt: whose records, and of which
 * child.  greymilter and "greywl test" ask by the same rule.
 */

/*
 * The names, in the order in which a proof counts.  A domain on the whitelist
 * is asked of the child that hears of nothing else:
 *
 * - the sender's domain, for <> the HELO name; of the listed child where an
 *   entry that SPF can prove matches it, else of the strangers' child
 * - the domains of these entries
 * - for <>, every listed domain that SPF can prove: the client may lie inside
 *   its record, whatever name it said.  These stand before a HELO name that is
 *   a stranger's.
 */
struct grey_ask {
	char domain[DOMAIN_MAX + 1]; /* of sender or HELO; "": none */
	char sender[KEY_TEXT_SIZE]; /* for macros; "" for a bounce */
	struct spf_name names[SPF_CHECK_ANY_MAX]; /* in "domain" and "a" */
	size_t n; /* 0: there is nothing to ask */
};

/*
 * Pure.  "a" is the whitelist, or NULL; it has to live while *ask_r is used,
 * and *ask_r must not be copied.
 */
void grey_ask(const struct allow *a, const struct grey_facts *f, int64_t now,
    struct grey_ask *ask_r);

/*
 * Ask it: both children at once, within one deadline.  "trace" may be NULL; a
 * pool of NULL answers "none".  Of a client without address nothing is asked.
 */
void grey_ask_spf(struct spf_pool *pool, const struct grey_ask *ask,
    const struct grey_facts *f, struct buf *trace, struct spf_answer *answer_r);

/* What the DNS says of an attempt. */
struct grey_asked {
	struct spf_answer spf;
	enum dnswl_level dnswl;
};

/*
 * Ask SPF, and the allow list where the configuration has one, at the same
 * time: in all no longer than spf.timeout and 100 ms.
 */
struct grey_asking {
	struct spf_pool *pool; /* NULL: SPF cannot be asked */
	const struct grey_config *config;
	struct buf *trace; /* of SPF; or NULL */
};
void grey_ask_dns(const struct grey_asking *by, const struct grey_ask *ask,
    const struct grey_facts *f, struct grey_asked *asked_r);

/* The options of SPF in a configuration, which has to live as long as *o_r. */
void grey_ask_options(const struct grey_config *c, struct spf_options *o_r);

#endif
