#include "tests/bench/part/latency.h"

#include <stdlib.h>

int
latency_add(struct latency *l, int64_t us)
{
	if (l->n == l->size) {
		size_t size = l->size * 2 + 65536;
		uint32_t *more = realloc(l->micros, size * sizeof *more);

		if (more == NULL)
			return -1;
		l->micros = more;
		l->size = size;
	}
	l->micros[l->n++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void
latency_sort(struct latency *l)
{
	if (l->n > 0)
		qsort(l->micros, l->n, sizeof *l->micros, by_size);
}

uint32_t
latency_quantile(const struct latency *l, double q)
{
	if (l->n == 0)
		return 0;
	return l->micros[(size_t)(q * (double)(l->n - 1))];
}

size_t
latency_over(const struct latency *l, uint32_t us)
{
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		n += l->micros[i] > us;
	return n;
}
