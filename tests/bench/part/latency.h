#ifndef TESTS_BENCH_PART_LATENCY_H
#define TESTS_BENCH_PART_LATENCY_H

#include <stddef.h>
#include <stdint.h>

/* Every measured time, in microseconds. */
struct latency {
	uint32_t *micros;
	size_t n, size;
};

/* 0, or -1 with errno. */
int latency_add(struct latency *l, int64_t us);
/* Once, after the last one was added. */
void latency_sort(struct latency *l);
/* The value that the share "q" (0 to 1) does not exceed; 0 of nothing. */
uint32_t latency_quantile(const struct latency *l, double q);
/* How many took longer than "us". */
size_t latency_over(const struct latency *l, uint32_t us);

#endif
