#ifndef TESTS_BENCH_PART_JOURNAL_H
#define TESTS_BENCH_PART_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

/* A growing list of session numbers, and its file: 8 bytes each, native. */
struct journal {
	uint64_t *numbers;
	size_t n, size;
};

/* All: 0, or -1 with errno. */
int journal_add(struct journal *j, uint64_t number);
int journal_read(struct journal *j, const char *path);
/* Behind what is in the file: several loads may share it. */
int journal_append(const struct journal *j, const char *path);

#endif
