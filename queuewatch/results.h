#ifndef QUEUEWATCH_RESULTS_H
#define QUEUEWATCH_RESULTS_H

#include "lib/report.h"
#include "queuewatch/config.h"
#include "queuewatch/keeper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Orders that came in an answer go to the remedy process; what became of them
 * comes back and waits here until a report has carried it.  It is the remedy
 * process that knows an order again and carries out none twice.
 */
#define RESULTS_MOST 16

struct results {
	struct desk_news_frame items[RESULTS_MOST];
	size_t n;
	char fault[256]; /* of the secrets, or of the process itself */
	uint32_t built_in; /* those that have a secret */
};

/* Hand on the orders of an answer. */
void results_order(const struct keeper *k, const struct report_answer *a);

/*
 * The next result of an order, or that it has begun: 1, and it is among the
 * items where it is a result; 0 where there is no news.
 */
int results_news(
    struct results *r, struct keeper *k, struct desk_news_frame *news_r);

/* Fill report->results (the caller frees the array).  0, or -1. */
int results_view(const struct results *r, struct report *report);
/* Fill report->remedies: what can be ordered (the caller frees).  0, or -1. */
int results_view_remedies(
    const struct results *r, const struct config *c, struct report *report);

/* They are in a report that is kept. */
void results_told(struct results *r, const struct keeper *k);

#endif
