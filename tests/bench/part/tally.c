#include "tests/bench/part/tally.h"

#include <inttypes.h>
#include <stdio.h>

int
tally_add(struct tally *t, enum tally_answer answer, bool known, int64_t us)
{
	switch (answer) {
	case TALLY_PASS:
		t->passed++;
		break;
	case TALLY_DEFER:
		t->deferred++;
		break;
	case TALLY_REFUSE:
		t->refused++;
		break;
	}
	if (known != (answer == TALLY_PASS))
		t->wrong++;
	return latency_add(&t->latency, us);
}

void
tally_print(struct tally *t, double seconds)
{
	uint64_t n = t->passed + t->deferred + t->refused;

	latency_sort(&t->latency);
	printf("{\"decisions\": %" PRIu64 ", \"seconds\": %.3f, "
	       "\"rate\": %.0f, \"passed\": %" PRIu64 ", \"deferred\": %" PRIu64
	       ", \"refused\": %" PRIu64 ", \"wrong\": %" PRIu64
	       ", \"sessions\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"p50_us\": %u, \"p99_us\": %u, "
	       "\"p999_us\": %u, \"max_us\": %u, \"over_20ms\": %zu}\n",
	    n, seconds, (double)n / seconds, t->passed, t->deferred, t->refused,
	    t->wrong, t->sessions, t->lost, latency_quantile(&t->latency, 0.5),
	    latency_quantile(&t->latency, 0.99),
	    latency_quantile(&t->latency, 0.999),
	    latency_quantile(&t->latency, 1), latency_over(&t->latency, 20000));
}
