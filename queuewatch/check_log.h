#ifndef QUEUEWATCH_CHECK_LOG_H
#define QUEUEWATCH_CHECK_LOG_H

#include "queuewatch/config.h"
#include "queuewatch/finding.h"
#include "queuewatch/ledger.h"
#include "queuewatch/logreader.h"

/*
 * From what the log has told to the findings "log" and "duplicates".  The
 * subjects of "log":
 *
 *	""		Postfix's own complaints: no space, throttled, ...
 *	account		a login that sends as it never did
 *	reply		a reply never seen before that hits many messages
 *	destination	one where suddenly most of it fails
 *	outside		mail within the server works, to the outside not
 *	filter		mail waits before the content filter
 */
struct log_view {
	const struct config *config;
	const struct rule_policy *policy;
	const struct logreader_status *status;
	int64_t now; /* Unix seconds */
	/* Of the last pass over the spool; -1: not known. */
	int64_t active; /* messages in incoming and active */
	int64_t waiting; /* and in deferred */
	int64_t oldest_s; /* of what has not been tried or is overdue */
};

struct causes;
struct scan_result;

/* Fill in the figures of the last pass; NULL: there is none. */
void log_view_scan(struct log_view *v, const struct scan_result *scan);

/* Feed what the ledger says. */
void log_check(
    struct findings *fs, const struct log_view *v, const struct ledger *l);

/* What the findings say of the causes of a growing queue. */
void log_causes(const struct findings *fs, struct causes *c);

/* -- of check_flow.c, called by log_check() -- */

void flow_check(
    struct findings *fs, const struct log_view *v, const struct ledger *l);

/* The finding "log" of a subject, fed and with its value set; or NULL. */
struct finding *log_finding(struct findings *fs, const struct log_view *v,
    const char *subject, enum level level, double value);

/* -- of check_account.c -- */

void account_check(
    struct findings *fs, const struct log_view *v, const struct ledger *l);

#define ACCOUNT_NOTE 160
/*
 * What stands out in an account's sending, in words, into "out" ("" where
 * nothing does), and by how much: 0 (not at all), LEVEL_NOTICE, LEVEL_WARNING.
 */
enum level account_judge(
    const struct ledger_account *a, int64_t now, char out[ACCOUNT_NOTE]);

/* How a login may be named in a report: whole, or its domain. */
const char *account_shown(bool addresses, const char *name);

#endif
