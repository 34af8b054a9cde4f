#ifndef STATUSD_FAULT_H
#define STATUSD_FAULT_H

#include "statusd/store.h"

#include <stdint.h>

struct err;

/*
 * What the operator is told.  A fault is an incident, or, where a warning
 * stands in no incident, the warnings of one check.  It has one level, the
 * worst of what stands in it; when that changes, one notice is written for the
 * outbox: it opens, it changes, it is over.  A warning that grows into an
 * incident stays the same fault.
 */

/*
 * Compare the system's faults with its findings and incidents and write the
 * notices that follow.  Within a transaction, after each report.
 */
int fault_review(
    struct store *s, const char *system, int64_t now, struct err *e);

#endif
