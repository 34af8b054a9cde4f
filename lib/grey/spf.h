#ifndef LIB_GREY_SPF_H
#define LIB_GREY_SPF_H

#include "lib/domain.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;

/*
 * SPF (RFC 7208), asked of child processes: greymilter-spf, a program that
 * needs no right and is closed in before the first foreign byte reaches it.
 * Two run: one is asked about listed (whitelisted) domains, the other about
 * all the rest, so that what strangers publish cannot touch the proof of a
 * listed domain.  The child is trusted with nothing but its answer: every
 * frame that comes from it is checked, and a child that breaks the form, dies
 * or no longer answers is replaced.
 */

/* RFC 7208 section 2.6. */
enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
	SPF_RESULTS, /* how many */
};

/* "none", "neutral", ... as the RFC writes them. */
const char *spf_result_word(enum spf_result r);

/* Where an answer comes from.  All but SPF_ANSWERED go with SPF_NONE. */
enum spf_source {
	SPF_ANSWERED, /* evaluated */
	SPF_NOT_ASKED, /* nothing to ask: no domain, SPF switched off */
	SPF_SHUNNED, /* this name was open when a child died, under 1 h ago */
	SPF_CHILD_DIED, /* while this question was open */
	SPF_LATE, /* no answer before the deadline */
	SPF_BUSY, /* too many questions open, or no child yet */
	SPF_SOURCES, /* how many */
};

/* Which child is asked. */
enum spf_kind {
	SPF_STRANGER,
	SPF_LISTED, /* the domain is whitelisted: its own terms prove whatever
	             * their kind (macros, ptr) */
	SPF_KINDS,
};

#define SPF_HELO_MAX 255
#define SPF_TERM_MAX 127

struct spf_options {
	bool enabled; /* false: every answer is SPF_NONE, no child runs */
	int64_t timeout_ms; /* for one evaluation, all its DNS; 100 to 60000 */
	/* "127.0.0.1:5353", "[::1]:53", "192.0.2.1"; none: the system's. */
	const char *const *nameservers;
	size_t n_nameservers;
	unsigned max_coverage4; /* prefix length, 0 to 32 */
	unsigned max_coverage6; /* 0 to 128 */
	/* The program; NULL: greymilter-spf beside this one (or in ../sbin,
	 * ../bin, ../libexec/mailglance). */
	const char *program;
};

struct spf_question {
	enum spf_kind kind;
	struct ip client;
	/*
	 * Whose record is asked: the sender's domain, for <> the HELO name, or
	 * a listed domain that the client may lie inside.  What is no domain
	 * name of two labels or more is answered "none".
	 */
	const char *domain;
	/* The sender for macros; NULL or "": postmaster@domain (section 2.4).
	 * An address without local part gets "postmaster" (section 4.3). */
	const char *sender;
	const char *helo; /* as said, for macros; NULL: unknown */
	/* Where given, a line is added for each look-up and each term tried
	 * (escaped, "\n" at the end), with its time: for "greywl test". */
	struct buf *trace;
};

struct spf_answer {
	enum spf_result result;
	enum spf_source source;
	/*
	 * Whether the pass is an identity: false unless SPF_PASS, and false for
	 * a pass through +all or a term with a macro or ptr (unless
	 * SPF_LISTED), for a record that passes more addresses than
	 * max_coverage, and for a pass that libspf2 does not confirm.
	 */
	bool proves;
	char domain[DOMAIN_MAX + 1]; /* whose record was asked, lower case */
	char term[SPF_TERM_MAX + 1]; /* that decided, printable ASCII; or "" */
	unsigned lookups; /* terms that ask the DNS (section 4.6.4) */
	unsigned voids; /* look-ups that found nothing (section 4.6.4) */
	unsigned queries; /* sent to the DNS in all */
	uint64_t covered4; /* addresses that the record passes, IPv4 */
	uint64_t covered6; /* /64 networks that it passes, IPv6 */
	int64_t elapsed_us; /* as the caller waited */
};

/* Counted since spf_open. */
struct spf_stats {
	uint64_t results[SPF_RESULTS];
	uint64_t sources[SPF_SOURCES];
	uint64_t proofs; /* answers with "proves" */
	uint64_t deaths[SPF_KINDS]; /* children lost, those replaced as well */
	uint64_t starts[SPF_KINDS]; /* children started */
	unsigned open; /* questions open now */
	unsigned shunned; /* names that are "none" now */
	bool running[SPF_KINDS]; /* a child is there and has said it is ready */
	/* Child's process id, 0 where none runs. */
	int pid[SPF_KINDS];
};

struct spf_pool;

/*
 * Check the options and open the program's file, so that it can be started
 * later by a user that could not reach it.  Makes no thread and no process:
 * call it before rights are dropped and before daemon_detach.  NULL with *e
 * set on failure.
 */
struct spf_pool *spf_open(const struct spf_options *o, struct err *e);

/*
 * Start the thread that serves the children, and through it the children.
 * Call after rights are dropped.  Returns at once; spf_check waits for a child
 * that is not ready yet, within its deadline.
 */
int spf_start(struct spf_pool *p, struct err *e);

/*
 * Take new options (not "program"): new children are started with them, the
 * old ones answer what they were asked and end.  On a bad option returns -1,
 * and the old ones stand.
 */
int spf_configure(
    struct spf_pool *p, const struct spf_options *o, struct err *e);

/* Ends the children; no spf_check may be under way.  NULL is harmless. */
void spf_close(struct spf_pool *p);

/*
 * Ask.  Any thread; blocks until the answer is there or timeout_ms of the
 * options plus 50 ms have passed, counted from the call, and never longer.
 * Cannot fail: what goes wrong is an answer with SPF_NONE and its source.
 */
void spf_check(struct spf_pool *p, const struct spf_question *q,
    struct spf_answer *answer_r);

/*
 * The same, about each of "names", all at once within one deadline; kind and
 * domain are those of the name.  The answer is that of the first in the list
 * which proves, else of the one whose domain is q->domain, else of the first.
 * n is at least 1; no more than SPF_CHECK_ANY_MAX are asked.
 */
#define SPF_CHECK_ANY_MAX 64
struct spf_name {
	const char *domain;
	enum spf_kind kind;
};
void spf_check_names(struct spf_pool *p, const struct spf_question *q,
    const struct spf_name *names, size_t n, struct spf_answer *answer_r);

/* The same, all of q->kind; q->domain is not looked at. */
void spf_check_any(struct spf_pool *p, const struct spf_question *q,
    const char *const *domains, size_t n, struct spf_answer *answer_r);

void spf_stats(struct spf_pool *p, struct spf_stats *stats_r);

#endif
