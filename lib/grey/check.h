#ifndef LIB_GREY_CHECK_H
#define LIB_GREY_CHECK_H

#include "lib/domain.h"
#include "lib/grey/allow.h"
#include "lib/grey/judge.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct grey_config;
struct grey_question;
struct grey_store;
struct key_secret;
struct spf_answer;

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
	GREY_RULE_KNOWN, /* the store: an identity that passed often */
	GREY_RULE_TRIPLET, /* the store: this envelope */
	GREY_RULE_STORE_FAULT, /* the store does not answer: pass */
	GREY_RULES
};

/*
 * "no_address", "authenticated", "originating", "trusted_networks",
 * "recipient", "whitelist", "known", "triplet", "store_fault", NULL.
 */
extern const char *const grey_rule_words[];

/* What is known of a client, its message and one recipient. */
struct grey_facts {
	const struct ip *client; /* NULL: has no address */
	const char *client_name; /* forward-confirmed; NULL or "": none */
	const char *helo;
	const char *sender; /* as sent; "" or "<>" for a bounce */
	const char *recipient; /* as sent */
	bool authenticated;
	bool originating;
	const struct spf_answer *spf; /* NULL: not asked, none */
};

#define GREY_IDENTITY_TEXT (DOMAIN_MAX + 1)

/*
 * Who the client is, by what it is recognised.  The same for all recipients
 * of a message: the caller keeps it.
 */
struct grey_who {
	struct grey_attempt attempt;
	/* Of each identity of the attempt: "192.0.2.0/24", "example.org". */
	char text[GREY_IDENTITIES][GREY_IDENTITY_TEXT];
};
void grey_who(const struct grey_config *c, const struct key_secret *secret,
    const struct grey_facts *f, struct grey_who *who_r);

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
	 * Nothing is decided and nothing is changed: SPF's answer could matter.
	 * Ask it and check again.
	 */
	bool needs_spf;
};

/* Where to look. */
struct grey_check {
	const struct grey_config *config;
	struct grey_store *store;
	const struct allow *allow; /* the whitelist */
	const struct grey_trace *trace; /* or NULL */
	bool dry; /* change nothing */
	/*
	 * SPF can be asked and has not been.  Who is exempt anyway, and who
	 * passes by net or name without anything to be recorded, need not wait
	 * for it.
	 */
	bool can_ask_spf;
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
