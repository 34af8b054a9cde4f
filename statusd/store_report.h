#ifndef STATUSD_STORE_REPORT_H
#define STATUSD_STORE_REPORT_H

#include "lib/level.h"
#include "lib/report.h"
#include "statusd/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What reporters say: who they are, their newest report, their findings and
 * samples.  Look-ups return 1 found, 0 not found, -1 with *e set.
 */

#define STORE_HASH_BYTES 32
#define STORE_CODE_SIZE 33

struct store_token {
	int64_t id;
	char system[STORE_CODE_SIZE];
	bool used; /* before */
};

/*
 * The token with this hash.  All are compared, each in constant time, so the
 * answer's time tells nothing about the stored ones.
 */
int store_token_find(struct store *s,
    const unsigned char hash[STORE_HASH_BYTES], struct store_token *token_r,
    struct err *e);
/* A token not used before is used: those made before it for its system end. */
int store_token_use(struct store *s, const struct store_token *token,
    int64_t now, struct err *e);
int store_token_add(struct store *s, const char *system,
    const unsigned char hash[STORE_HASH_BYTES], int64_t now, struct err *e);

/* The newest report of a system. */
struct store_reporter {
	int64_t seq;
	int64_t received_at; /* by this host's clock */
	int64_t at; /* by the sender's */
	int interval_s;
};
int store_reporter_get(struct store *s, const char *system,
    struct store_reporter *reporter_r, struct err *e);
int store_reporter_put(
    struct store *s, const struct report *r, int64_t now, struct err *e);

/* The current finding of a check and subject. */
struct store_finding {
	char *check;
	char *subject;
	enum level level;
	int64_t since; /* as the report said */
	int64_t began_at; /* since when warning or critical; else 0 */
	int64_t changed_at; /* when the level changed, by this host's clock */
	int64_t changes; /* how often it did */
	int64_t seen_at; /* in a report received then */
	int64_t empty_at; /* when a queue is likely to be empty; 0: unknown */
	double value;
	char *summary; /* the operator's */
	char *evidence; /* the operator's: JSON, or "" */
};
struct store_findings {
	struct store_finding *items;
	size_t n;
};

/* Free with store_findings_free(). */
int store_findings_load(struct store *s, const char *system,
    struct store_findings *findings_r, struct err *e);
void store_findings_free(struct store_findings *f);
/* NULL where there is none. */
const struct store_finding *store_findings_find(
    const struct store_findings *f, const char *check, const char *subject);
/*
 * Keep "f" as the current one; began_at, changed_at, changes, seen_at and
 * empty_at are taken from "marks".
 */
int store_finding_put(struct store *s, const char *system,
    const struct report_finding *f, const struct store_finding *marks,
    struct err *e);

/*
 * A finding that was not in the reports of the last "after_s", though there
 * were some: 1, 0, -1.  And drop it.
 */
struct store_forgotten {
	char check[129];
	char subject[1025];
};
int store_finding_forgotten(struct store *s, const char *system,
    int64_t after_s, struct store_forgotten *f_r, struct err *e);
int store_finding_drop(struct store *s, const char *system,
    const struct store_forgotten *f, struct err *e);

#define STORE_SLOT_S 300

/*
 * Count a sample of the time "at" in its five minutes.  With "fill" (a report
 * that came late or twice) only where nothing is known of them yet.
 */
int store_sample_add(struct store *s, const char *system,
    const struct report_sample *sample, int64_t at, bool fill, struct err *e);
/* Forget samples from before "before". */
int store_samples_expire(struct store *s, int64_t before, struct err *e);

#endif
