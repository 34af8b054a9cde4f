#include "statusd/orders.h"

#include "lib/clock.h"
#include "lib/err.h"
#include "statusd/offers.h"
#include "statusd/vault.h"

#include <sodium.h>

void
orders_note(struct orders *o, const struct report *r, int64_t now)
{
	struct err e;

	if (o->vault == NULL)
		return;
	offers_put(o->offers, r, now);
	for (size_t i = 0; i < r->n_results; i++) {
		int rc = vault_order_result(
		    o->vault, r->system, &r->results[i], now, &e);

		if (rc == -1)
			log_warn_limited(&o->limit, clock_mono_ms(), 60,
			    "orders: %s", e.text);
		if (rc == 1)
			log_info("order %s for %s, remedy %s: %s",
			    r->results[i].id, r->system, r->results[i].remedy,
			    report_outcome_words[r->results[i].outcome]);
	}
}

/* When the next report is wanted. */
static int
next_of(const struct orders *o, const struct report *r, int64_t now)
{
	int next = r->interval_s < 1 ? 1
	    : r->interval_s > 300    ? 300
	                             : r->interval_s;

	if (next > OFFERS_SOON_S && o->offers != NULL &&
	    offers_wanted_soon(o->offers, now))
		next = OFFERS_SOON_S;
	return next;
}

int
orders_answer(struct orders *o, const struct report *r, int64_t now,
    struct buf *json, struct err *e)
{
	struct vault_order waiting[REPORT_MAX_ORDERS];
	struct report_order wire[REPORT_MAX_ORDERS];
	const struct vault_due due = { r->system, waiting, REPORT_MAX_ORDERS };
	struct report_answer a = { .next_s = next_of(o, r, now),
		.orders = wire };
	size_t n = 0;
	int rc;

	if (o->vault != NULL &&
	    vault_orders_due(o->vault, &due, now, &n, e) == -1)
		log_warn_limited(
		    &o->limit, clock_mono_ms(), 60, "orders: %s", e->text);
	for (size_t i = 0; i < n; i++)
		wire[i] = (struct report_order){ waiting[i].id,
			waiting[i].remedy, waiting[i].code };
	a.n_orders = n;
	rc = report_answer_compose(&a, json, e);
	sodium_memzero(waiting, sizeof(waiting));
	return rc;
}
