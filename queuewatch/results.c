#include "queuewatch/results.h"

#include "lib/err.h"
#include "lib/log.h"
#include "queuewatch/remedy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
results_order(const struct keeper *k, const struct report_answer *a)
{
	struct desk_order order;
	struct err e;
	size_t i;

	for (i = 0; i < a->n_orders; i++) {
		const struct report_order *o = &a->orders[i];

		memset(&order, 0, sizeof(order));
		order.what = DESK_ORDER;
		(void)snprintf(order.id, sizeof(order.id), "%s", o->id);
		(void)snprintf(
		    order.remedy, sizeof(order.remedy), "%s", o->remedy);
		/* One that is too long must not become good by being cut. */
		if (strlen(o->code) < sizeof(order.code))
			memcpy(order.code, o->code, strlen(o->code) + 1);
		if (keeper_order(k, &order, &e) == -1)
			log_error("order %s for remedy %s: %s", o->id,
			    o->remedy, e.text);
		explicit_bzero(order.code, sizeof(order.code));
	}
}

/* Known again by its id: an order that was repeated is answered again. */
static void
add(struct results *r, const struct desk_news_frame *news)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (strcmp(r->items[i].id, news->id) == 0)
			return;
	}
	r->items[r->n++] = *news;
}

int
results_news(
    struct results *r, struct keeper *k, struct desk_news_frame *news_r)
{
	int rc = 0;

	while (k->orders != -1 && r->n < RESULTS_MOST &&
	    (rc = keeper_news(k, news_r)) == 1) {
		if (news_r->what == DESK_STATE) {
			(void)snprintf(
			    r->fault, sizeof(r->fault), "%.255s", news_r->text);
			r->built_in = news_r->built_in;
			continue;
		}
		if (news_r->what == DESK_RESULT)
			add(r, news_r);
		return 1;
	}
	if (rc == -1) {
		keeper_lost(k);
		log_error("the remedy process is gone");
		(void)snprintf(r->fault, sizeof(r->fault),
		    "The remedy process is gone: restart queuewatch");
	}
	return 0;
}

int
results_view(const struct results *r, struct report *report)
{
	size_t i;

	report->results = calloc(r->n + 1, sizeof(*report->results));
	if (report->results == NULL)
		return -1;
	for (i = 0; i < r->n; i++)
		report->results[i] = (struct report_result){
			.id = r->items[i].id,
			.remedy = r->items[i].remedy,
			.outcome = (enum report_outcome)r->items[i].outcome,
			.at = r->items[i].at,
			.exit_status = r->items[i].exit_status,
			.text = r->items[i].text,
		};
	report->n_results = r->n;
	return 0;
}

int
results_view_remedies(
    const struct results *r, const struct config *c, struct report *report)
{
	struct remedy remedy;
	size_t i, n = 0;

	while (remedy_at(c, n, &remedy) == 1)
		n++;
	report->remedies = calloc(n + 1, sizeof(*report->remedies));
	if (report->remedies == NULL)
		return -1;
	for (i = 0; remedy_at(c, i, &remedy) == 1; i++) {
		if (i >= c->remedies.n &&
		    (r->built_in & 1U << (i - c->remedies.n)) == 0)
			continue;
		report->remedies[report->n_remedies++] =
		    (struct report_remedy){ remedy.name, remedy.title };
	}
	return 0;
}

void
results_told(struct results *r, const struct keeper *k)
{
	struct desk_order told;
	struct err e;

	while (r->n > 0) {
		memset(&told, 0, sizeof(told));
		told.what = DESK_TOLD;
		memcpy(told.id, r->items[--r->n].id, sizeof(told.id));
		if (keeper_order(k, &told, &e) == -1)
			log_warn("%s", e.text);
	}
}
