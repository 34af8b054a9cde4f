#ifndef QUEUEWATCH_RESULTS_H
#define QUEUEWATCH_RESULTS_H

#include "lib/report.h"
#include "queuewatch/config.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Orders that came in an answer, and what became of them, until a report has
 * carried it.  An order is known again by its id.
 */
#define RESULTS_MOST 16
#define RESULTS_KNOWN 64

struct result {
	char *id, *remedy;
	enum report_outcome outcome;
	int64_t at;
	char text[200];
};

struct results {
	struct result items[RESULTS_MOST];
	size_t n;
	char *known[RESULTS_KNOWN]; /* ids, a ring */
	size_t next;
};

/* Take the orders of an answer. */
void results_take(struct results *r, const struct config *c,
    const struct report_answer *a, int64_t now);
/* Fill report->results (the caller frees the array).  0, or -1. */
int results_view(const struct results *r, struct report *report);
/* They have been reported. */
void results_clear(struct results *r);
void results_free(struct results *r);

#endif
