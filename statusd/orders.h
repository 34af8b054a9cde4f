#ifndef STATUSD_ORDERS_H
#define STATUSD_ORDERS_H

#include "lib/log.h"
#include "lib/report.h"

#include <stdint.h>

struct buf;
struct err;
struct offers;
struct vault;

/*
 * Where the console's orders and the reports meet: orders go out in answers,
 * what became of them comes back in reports.
 */
struct orders {
	struct vault *vault; /* NULL: there are none */
	struct offers *offers;
	struct log_limit limit;
};

/* What a report says of orders, and what it offers. */
void orders_note(struct orders *o, const struct report *r, int64_t now);

/* Add the answer to the report, with the orders for its system.  0 or -1. */
int orders_answer(struct orders *o, const struct report *r, int64_t now,
    struct buf *json, struct err *e);

#endif
