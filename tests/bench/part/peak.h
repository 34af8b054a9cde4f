#ifndef TESTS_BENCH_PART_PEAK_H
#define TESTS_BENCH_PART_PEAK_H

/* The most memory that this program had since its start, in kB; 0: unknown. */
long peak_kb(void);

#endif
