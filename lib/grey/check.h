#ifndef LIB_GREY_CHECK_H
#define LIB_GREY_CHECK_H

#include "lib/domain.h"
#include "lib/grey/allow.h"
#include "lib/grey/judge.h"
#include "lib/grey/who.h"
#include "lib/pressure.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct grey_config;
struct grey_store;

/*
 * The order of rules: the one judgement that greymilter acts on and that
 * "greywl test" shows.  Pure but for the store it asks.
 */
enum grey_rule {
	GREY_RULE_NO_ADDRESS, /* the client has none: local submission */
	GREY_RULE_AUTHENTICATED,
	GREY_RULE_ORIGINATING, /* {daemon_name} says so */
	GREY_RULE_TRUSTED, /* trusted_networks, mynetworks */
	GREY_RULE_RECIPIENT, /* greylist = false */
	GREY_RULE_WHITELIST,
	GREY_RULE_EXPECTED, /* an own user has written to the sender */
	GREY_RULE_DNSWL, /* a DNS allow list */
	GREY_RULE_PROVEN, /* defer = unproven, and SPF proves the sender */
	GREY_RULE_KNOWN, /* the store: an identity that passed often */
	GREY_RULE_TRIPLET, /* the store: this envelope */
	GREY_RULE_STORE_FAULT, /* the store does not answer: pass */
	GREY_RULES
};

/*
 * "no_address", "authenticated", "originating", "trusted_networks",
 * "recipient", "whitelist", "expected", "dnswl", "proven", "known",
 * "triplet", "store_fault", NULL.
 */
extern const char *const grey_rule_words[];

/* Hears of every rule that was tried, in order; for "greywl test". */
struct grey_trace {
	/*
	 * "rule" has decided or not; "text" says why, in words.  For the
	 * whitelist it is called for each entry that matches.
	 */
	void (*tried)(
	    void *arg, enum grey_rule rule, bool decided, const char *text);
	void *arg;
};

struct grey_outcome {
	enum grey_verdict verdict;
	enum grey_rule rule;
	bool defer; /* what is to be done now, the mode considered */
	int64_t wait_s; /* 0 unless the verdict is new or waiting */
	int64_t waited_s; /* the pass that ends a wait: how long it was */
	int64_t entry_id; /* GREY_RULE_WHITELIST: which */
	char reason[DOMAIN_MAX + 72]; /* the entry, network or pattern */
	/*
	 * Nothing is decided and nothing is changed: what the DNS says could
	 * matter.  Ask it and check again.
	 */
	bool needs_dns;
	/*
	 * He passes whatever the DNS says, but nothing is recorded yet: ask it
	 * and check again when there is time.
	 */
	bool record_later;
};

/* Where to look. */
struct grey_check {
	const struct grey_config *config;
	struct grey_store *store;
	const struct allow *allow; /* the whitelist */
	const struct grey_trace *trace; /* or NULL */
	enum pressure_level pressure;
	bool dry; /* change nothing */
	/*
	 * The DNS can be asked and has not been.  Who is exempt anyway, and who
	 * has passed by this net or name before, need not wait for it.
	 */
	bool can_ask_dns;
};

/*
 * Check one recipient at "now_ms" (Unix ms).  "who" is grey_who()'s.  A store
 * that is at fault makes it GREY_EXEMPT by GREY_RULE_STORE_FAULT, with the
 * reason in *e: the caller counts and reports it.
 */
void grey_check(const struct grey_check *c, const struct grey_facts *f,
    const struct grey_who *who, int64_t now_ms, struct grey_outcome *out_r,
    struct err *e);

#endif
