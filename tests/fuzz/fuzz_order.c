#include "statusd/orders.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "statusd/offers.h"
#include "statusd/vault.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct orders orders;
static int64_t now = 1800000000;

static void
set_up(void)
{
	struct err e;

	orders.vault = vault_open("/nonexistent/vault", &e); /* in memory */
	orders.offers = offers_new();
	if (orders.vault == NULL || orders.offers == NULL)
		abort();
}

/* What is written is read again, each order as it was. */
static void
check_round(const struct report_answer *a, const struct buf *json)
{
	struct report_answer read;
	struct err e;
	size_t i;

	if (report_answer_parse(buf_text(json), json->len, &read, &e) == -1)
		abort();
	assert(read.n_orders == a->n_orders && read.next_s == a->next_s);
	for (i = 0; i < a->n_orders; i++) {
		assert(strcmp(read.orders[i].id, a->orders[i].id) == 0);
		assert(strcmp(read.orders[i].remedy, a->orders[i].remedy) == 0);
		assert(strcmp(read.orders[i].code, a->orders[i].code) == 0);
	}
	report_answer_free(&read);
}

/* An answer from whoever says that he is the status host. */
static void
take_answer(const char *text, size_t n)
{
	struct report_answer a;
	struct buf b;
	struct err e;

	if (report_answer_parse(text, n, &a, &e) == -1) {
		assert(e.text[0] != '\0');
		return;
	}
	assert(a.next_s >= 1 && a.next_s <= 300);
	assert(a.n_orders <= REPORT_MAX_ORDERS);
	buf_init(&b, REPORT_MAX_BYTES);
	if (report_answer_compose(&a, &b, &e) == 0)
		check_round(&a, &b);
	buf_free(&b);
	report_answer_free(&a);
}

/* A report with results, from whoever has a system's token; and its answer. */
static void
take_report(const char *text, size_t n)
{
	struct vault_order o = { .system = "NC036",
		.remedy = "grow",
		.title = "Grow",
		.code = "123456",
		.by = "operator" };
	struct report_answer a;
	struct report r;
	struct buf b;
	struct err e;

	if (report_parse(text, n, &r, &e) == -1)
		return;
	now += 120;
	(void)snprintf(o.system, sizeof(o.system), "%.32s", r.system);
	if (r.n_remedies > 0)
		(void)snprintf(
		    o.remedy, sizeof(o.remedy), "%s", r.remedies[0].name);
	assert(vault_order_add(orders.vault, &o, now, &e) >= 0);
	orders_note(&orders, &r, now);
	buf_init(&b, REPORT_MAX_BYTES);
	assert(orders_answer(&orders, &r, now, &b, &e) == 0);
	assert(report_answer_parse(buf_text(&b), b.len, &a, &e) == 0);
	check_round(&a, &b);
	report_answer_free(&a);
	buf_free(&b);
	report_free(&r);
}

/* The bytes are an answer to a report, or a report. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (orders.vault == NULL)
		set_up();
	take_answer((const char *)data, size);
	take_report((const char *)data, size);
	return 0;
}
