#ifndef GREYWL_REHEARSE_H
#define GREYWL_REHEARSE_H

#include "greywl/logbook.h"

#include "lib/domain.h"
#include "lib/grey/check.h"

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * What greymilter would have done with the mail of a log: the same judgement,
 * grey_check(), over the same rules, with a store in memory that knows nobody
 * at first.
 *
 * A log does not tell everything:
 * - SPF.  Unless the log has a policy server's result, a sender counts as
 *   proven where the client's confirmed name lies in his own domain.
 * - When a message would have come back that was taken at once.  It is assumed
 *   to do so after REHEARSE_RETRY_S.
 */
#define REHEARSE_RETRY_S (15 * 60)
#define REHEARSE_WARM_S (14 * 86400)

/* What became of one sender domain's mail. */
struct rehearse_domain {
	char domain[DOMAIN_MAX + 1]; /* "": bounces */
	uint64_t messages; /* one for each recipient */
	uint64_t proven; /* of these, as far as the log can tell */
	uint64_t named; /* the client has a name, and not a dynamic one */
	int64_t longest_s; /* wait */
	int64_t last; /* Unix seconds */
	char client[IP_TEXT_SIZE]; /* the last one */
};

struct rehearse_result {
	uint64_t messages; /* recipients that would have got theirs */
	uint64_t delayed; /* of these, after a wait */
	uint64_t assumed; /* of these, the log does not say how long */
	uint64_t warm_messages, warm_delayed; /* after REHEARSE_WARM_S */
	int64_t p50_s, p95_s, longest_s; /* of the waits */
	uint64_t by_rule[GREY_RULES]; /* of the messages */
	uint64_t own; /* attempts of trusted clients, in nothing else */
	uint64_t stopped; /* messages that never came back */
	uint64_t stopped_attempts;
	uint64_t stopped_proven, stopped_named; /* of these */
	uint64_t undecided; /* the log ends before their window */
	/* By messages, the most first; malloc()ed. */
	struct rehearse_domain *waited, *never_back;
	size_t n_waited, n_never_back;
};

struct rehearse {
	const struct grey_config *config;
	const struct allow *allow; /* the whitelist */
	struct logbook *book;
	const struct logbook_event *events;
	size_t n;
};

/*
 * Play the log with "defer = all" or "unproven".  rehearse_free() in any case.
 * Returns 0, or -1 with *e set.
 */
int rehearse_run(const struct rehearse *r, int defer,
    struct rehearse_result *result_r, struct err *e);
void rehearse_free(struct rehearse_result *result);

/*
 * An attempt as grey_check() wants it; what it points to lives as long as the
 * three arguments.
 */
struct spf_answer;
void rehearse_facts(const struct rehearse *r, const struct logbook_event *v,
    struct spf_answer *spf, struct grey_facts *f_r);

#endif
