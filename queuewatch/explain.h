#ifndef QUEUEWATCH_EXPLAIN_H
#define QUEUEWATCH_EXPLAIN_H

struct config;
struct err;
struct report_finding;

/*
 * "queuewatch explain CHECK [SUBJECT]": a finding as it stands, its evidence,
 * what the check means and what helps.  Returns 0, or -1 with *e set: there is
 * no such finding.
 */
int explain(const struct config *c, const char *check, const char *subject,
    struct err *e);

/* Pure: what a check means, and what helps; NULL for an unknown one. */
const char *explain_text(const char *check, const char *subject);

#endif
