#ifndef MILTER_SPF_EVAL_H
#define MILTER_SPF_EVAL_H

#include "lib/grey/spf_wire.h"

#include "milter/spf_zone.h"

struct buf;

/*
 * check_host() of RFC 7208 section 4, over what a zone knows.  Pure.
 */
struct spf_eval {
	const struct spf_ask *ask;
	struct spf_zone *zone;
	struct buf *trace; /* or NULL */
	unsigned lookups; /* terms that asked the DNS; 10 are allowed */
	unsigned voids; /* that found nothing; 2 are allowed */
	int depth; /* of include and redirect */
	/* How the pass came about. */
	bool by_all; /* +all, or an exists without macro: any client passes */
	bool by_macro; /* a macro in the term or on the way to it */
	bool by_ptr;
	char term[SPF_TERM_MAX + 1]; /* that decided, as far as it goes */
};

/* What functions of the evaluator return besides a result. */
enum spf_step {
	SPF_STEP_WAIT, /* zone->wanted has to be asked first */
	SPF_STEP_YES,
	SPF_STEP_NO,
	SPF_STEP_TEMPERROR,
	SPF_STEP_PERMERROR,
};

/*
 * Evaluate the ask's domain.  Set up *e with ask, zone and trace, all else 0.
 * Returns 1 with the result, or 0 where something is wanted first.
 */
int spf_eval_run(struct spf_eval *e, enum spf_result *result_r);

/* What the other files of the evaluator share. */

/*
 * A domain-spec expanded (section 7), its last dot gone, cut from the left to
 * 253 bytes; without a spec, "domain".  YES; NO where the name cannot be asked
 * (then nothing matches); WAIT.
 */
enum spf_step spf_expand(struct spf_eval *e, const struct spf_spec *spec,
    const char *domain, char out[DNS_NAME_SIZE]);

/*
 * The client's validated names (section 5.5).  With "within", YES when one of
 * them is that domain or lies in it; without, YES with the name that the macro
 * "p" stands for (section 7.3) in out, NO where there is none.
 */
enum spf_step spf_client_name(struct spf_eval *e, const char *within,
    const char *domain, char out[DNS_NAME_SIZE]);

/* Count a term that asks the DNS; a look-up that found nothing. */
enum spf_step spf_count_lookup(struct spf_eval *e);
enum spf_step spf_count_void(struct spf_eval *e, const struct spf_fact *f);

/* Whether an address of the answer, with this prefix, holds the client. */
bool spf_in_answer(const struct spf_eval *e, const struct spf_fact *f,
    const struct spf_term *t);
/* DNS_A or DNS_AAAA, as the client is. */
enum dns_type spf_address_type(const struct spf_eval *e);

/* The SPF record of a domain. */
enum spf_step spf_find_record(
    struct spf_eval *e, const char *domain, const struct spf_record **record_r);

#define SPF_LOOKUPS_MAX 10
#define SPF_VOIDS_MAX 2
#define SPF_HOSTS_MAX 10 /* mx and ptr names */

#endif
