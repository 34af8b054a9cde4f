#ifndef LIB_GREY_JUDGE_H
#define LIB_GREY_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The grey verdict.  Pure: the record and the time come in, the verdict and
 * the record as it is to be stored go out.
 *
 * A stranger is known by up to three identities; an attempt is recorded under
 * each of them, and a retry is recognised by any.
 */
enum grey_identity_kind { GREY_NET, GREY_NAME, GREY_SPF, GREY_IDENTITIES };

/* "net", "name", "spf", NULL. */
extern const char *const grey_identity_words[];

struct grey_identity {
	uint64_t id; /* key_short() of key_identity() */
	enum grey_identity_kind kind;
};

enum grey_verdict {
	GREY_NEW, /* never tried: has to wait */
	GREY_WAITING, /* tried before, too early to pass */
	GREY_PASS, /* has waited, now or within the lifetime */
	GREY_KNOWN, /* an identity that has passed often enough */
	GREY_EXEMPT, /* by a rule, not by the store */
	GREY_VERDICTS
};

/* "new", "waiting", "pass", "known", "exempt", NULL. */
extern const char *const grey_verdict_words[];

/* An identity that tried an envelope. */
struct grey_origin {
	uint64_t id;
	int64_t since_ms; /* Unix ms; waiting: first tried; passed: last used */
	enum grey_identity_kind kind;
	bool passed;
};

#define GREY_ORIGINS 32

/* One envelope: who tried it.  All zero: nobody yet. */
struct grey_record {
	int64_t first_seen; /* Unix seconds */
	int64_t last_seen; /* within GREY_SEEN_STEP_S */
	size_t n_origins;
	struct grey_origin origins[GREY_ORIGINS];
};

#define GREY_SEEN_STEP_S 60

/*
 * What an identity has passed: an "spf" one, or "net" and "name" together.
 * At most one pass an hour counts.
 */
struct grey_credit {
	uint64_t id;
	int64_t passes;
	int64_t used; /* Unix seconds, within GREY_CREDIT_STEP_S */
};

#define GREY_CREDIT_STEP_S 3600
#define GREY_CREDITS 2

struct grey_attempt {
	struct grey_identity identities[GREY_IDENTITIES];
	size_t n_identities; /* at least 1 */
	uint64_t credits[GREY_CREDITS]; /* ids */
	size_t n_credits;
};

struct grey_policy {
	int64_t delay_s; /* for this attempt */
	int64_t retry_window_s;
	int64_t lifetime_s;
	int64_t known_after;
	bool learn; /* nobody waits; what is seen has passed */
};

struct grey_judgement {
	enum grey_verdict verdict;
	int64_t wait_s; /* at least 1 with GREY_NEW and GREY_WAITING, else 0 */
	/* The pass that ends a wait: since the envelope was first seen. */
	int64_t waited_s;
	bool write_record; /* *rec has changed */
	bool write_credit[GREY_CREDITS];
	/* Where nothing has to wait for the store: a refresh of what stands. */
	bool lazy;
};

/*
 * Judge an attempt made at "now_ms" (Unix ms) against *rec, and "credits" (one
 * for each id of the attempt, .passes 0 where there is none).  Both are changed
 * to what is to be stored; the judgement says whether they have to be.
 *
 * - A retry before the delay never moves the clock; each origin serves its own.
 * - After retry_window a waiting origin starts anew; a passed one that was not
 *   used for lifetime is forgotten.
 * - A time that lies ahead (the clock was set back) counts as now.
 */
void grey_judge(const struct grey_attempt *a, const struct grey_policy *p,
    int64_t now_ms, struct grey_record *rec,
    struct grey_credit credits[GREY_CREDITS], struct grey_judgement *j_r);

/* When the record may be deleted: nothing in it counts any more.  Unix s. */
struct grey_keep {
	int64_t retry_window_s;
	int64_t lifetime_s;
	int64_t
	    lost_s; /* a proven sender that never came back is kept for it */
};
bool grey_record_dead(
    const struct grey_record *rec, const struct grey_keep *keep, int64_t now);
bool grey_credit_dead(
    const struct grey_credit *c, int64_t lifetime_s, int64_t now);

/* Whether nobody in it has passed yet. */
bool grey_record_waits(const struct grey_record *rec);

/*
 * Whether somebody in it is proven: an "spf" identity, or "net" and "name"
 * together.
 */
bool grey_record_proven(const struct grey_record *rec);

/*
 * Take over what "from" knows: of an identity that both have, the passed one
 * counts, of two that passed the later use, of two that wait the earlier try.
 */
void grey_record_merge(struct grey_record *rec, const struct grey_record *from);

#endif
