/*
 * Forecasts of made-up file systems: false alarms and how long before it is
 * full a warning comes, beside node_exporter's mixin rule.
 *
 * usage: forecast [FIRST_SEED [TRACES]]	(of each kind; 1000, 6)
 */
#include "part/traces.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST 1000

struct sum {
	int false_alarms, missed, n;
	int64_t warned[TRACE_KINDS * MOST];
};

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
median_h(struct sum *s)
{
	if (s->n == 0)
		return 0;
	qsort(s->warned, (size_t)s->n, sizeof(s->warned[0]), compare);
	return (double)s->warned[s->n / 2] / 3600;
}

static void
add(struct sum *s, const struct trace *t, const struct verdict *v)
{
	s->false_alarms += v->false_alarms;
	if (t->full == -1)
		return;
	s->missed += v->warned_s == 0;
	s->warned[s->n++] = v->warned_s;
}

int
main(int argc, char **argv)
{
	static struct sum all[2], kind[2];
	static struct trace t;
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
	int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 6, k, i, r;
	struct verdict v[2];

	if (n < 1 || n > MOST)
		return 2;
	(void)printf("%-22s %6s   %-24s %s\n%-22s %6s   %-24s %s\n", "", "",
	    "predict_linear, 6 h", "queuewatch", "", "fill",
	    "false missed median", "false missed median");
	for (k = 0; k < TRACE_KINDS; k++) {
		for (r = 0; r < 2; r++)
			kind[r].false_alarms = kind[r].missed = kind[r].n = 0;
		for (i = 0; i < n; i++) {
			trace_make(&t, (enum trace_kind)k,
			    first + (uint64_t)(k * MOST + i));
			verdict_mixin(&t, &v[0]);
			verdict_ours(&t, &v[1]);
			if (getenv("MG_EACH") != NULL)
				(void)printf("%s %d: %d %d\n", trace_names[k],
				    i, v[0].false_alarms, v[1].false_alarms);
			for (r = 0; r < 2; r++) {
				add(&kind[r], &t, &v[r]);
				add(&all[r], &t, &v[r]);
			}
		}
		(void)printf("%-22s %2d/%-3d   %5d %6d %6.1f h     "
		             "%5d %6d %6.1f h\n",
		    trace_names[k], kind[0].n, n, kind[0].false_alarms,
		    kind[0].missed, median_h(&kind[0]), kind[1].false_alarms,
		    kind[1].missed, median_h(&kind[1]));
	}
	(void)printf("%-22s %2d/%-3d   %5d %6d %6.1f h     "
	             "%5d %6d %6.1f h\n",
	    "all", all[0].n, n * TRACE_KINDS, all[0].false_alarms,
	    all[0].missed, median_h(&all[0]), all[1].false_alarms,
	    all[1].missed, median_h(&all[1]));
	return all[1].false_alarms * 5 <= all[0].false_alarms &&
	        median_h(&all[1]) >= median_h(&all[0])
	    ? 0
	    : 1;
}
