#include "lib/buf.h"
#include "lib/err.h"
#include "lib/report.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read can be written, and what was written read. */
static void
check_round(const struct report *r)
{
	struct buf b, again;
	struct report r2;
	struct err e;

	buf_init(&b, REPORT_MAX_BYTES);
	buf_init(&again, REPORT_MAX_BYTES);
	if (report_compose(r, &b, &e) == 0) {
		if (report_parse(b.data, b.len, &r2, &e) == -1)
			abort();
		assert(r2.n_findings == r->n_findings);
		assert(r2.n_samples == r->n_samples);
		assert(report_compose(&r2, &again, &e) == 0);
		assert(again.len == b.len);
		assert(memcmp(again.data, b.data, b.len) == 0);
		report_free(&r2);
	}
	buf_free(&b);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report r;
	struct report_answer a;
	struct err e;

	if (report_parse((const char *)data, size, &r, &e) == 0)
		check_round(&r);
	else
		assert(e.text[0] != '\0');
	report_free(&r);
	if (report_answer_parse((const char *)data, size, &a, &e) == 0)
		assert(a.next_s >= 1 && a.next_s <= 300);
	report_answer_free(&a);
	return 0;
}
