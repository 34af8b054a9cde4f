#include "queuewatch/results.h"

#include "lib/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
is_known(struct results *r, const char *id)
{
	size_t i;

	for (i = 0; i < RESULTS_KNOWN; i++) {
		if (r->known[i] != NULL && strcmp(r->known[i], id) == 0)
			return true;
	}
	free(r->known[r->next]);
	r->known[r->next] = strdup(id);
	r->next = (r->next + 1) % RESULTS_KNOWN;
	return false;
}

static bool
is_remedy(const struct config *c, const char *name)
{
	const struct config_remedy *remedies = c->remedies.items;
	size_t i;

	for (i = 0; i < c->remedies.n; i++) {
		if (strcmp(remedies[i].name, name) == 0)
			return true;
	}
	return false;
}

void
results_take(struct results *r, const struct config *c,
    const struct report_answer *a, int64_t now)
{
	size_t i;

	for (i = 0; i < a->n_orders && r->n < RESULTS_MOST; i++) {
		const struct report_order *o = &a->orders[i];
		struct result *res = &r->items[r->n];

		if (is_known(r, o->id))
			continue;
		*res = (struct result){ .id = strdup(o->id),
			.remedy = strdup(o->remedy),
			.outcome = REPORT_REFUSED,
			.at = now };
		if (res->id == NULL || res->remedy == NULL) {
			free(res->id);
			free(res->remedy);
			return;
		}
		(void)snprintf(res->text, sizeof(res->text), "%s",
		    is_remedy(c, o->remedy)
		        ? "remedies by order are not available yet"
		        : "there is no remedy of this name");
		log_warn("order %s for remedy %s: %s", res->id, res->remedy,
		    res->text);
		r->n++;
	}
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
			.outcome = r->items[i].outcome,
			.at = r->items[i].at,
			.exit_status = -1,
			.text = r->items[i].text,
		};
	report->n_results = r->n;
	return 0;
}

void
results_clear(struct results *r)
{
	while (r->n > 0) {
		r->n--;
		free(r->items[r->n].id);
		free(r->items[r->n].remedy);
	}
}

void
results_free(struct results *r)
{
	size_t i;

	results_clear(r);
	for (i = 0; i < RESULTS_KNOWN; i++)
		free(r->known[i]);
}
