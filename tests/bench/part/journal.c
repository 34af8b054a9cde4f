#include "tests/bench/part/journal.h"

#include <stdio.h>
#include <stdlib.h>

int
journal_add(struct journal *j, uint64_t number)
{
	if (j->n == j->size) {
		size_t size = j->size * 2 + 4096;
		uint64_t *more = realloc(j->numbers, size * sizeof *more);

		if (more == NULL)
			return -1;
		j->numbers = more;
		j->size = size;
	}
	j->numbers[j->n++] = number;
	return 0;
}

int
journal_read(struct journal *j, const char *path)
{
	FILE *f = fopen(path, "rb");
	uint64_t number;
	int result = 0;

	if (f == NULL)
		return -1;
	while (result == 0 && fread(&number, sizeof number, 1, f) == 1)
		result = journal_add(j, number);
	if (ferror(f))
		result = -1;
	(void)fclose(f);
	return result;
}

int
journal_append(const struct journal *j, const char *path)
{
	FILE *f = fopen(path, "ab");
	size_t done;

	if (f == NULL)
		return -1;
	done = fwrite(j->numbers, sizeof *j->numbers, j->n, f);
	if (fclose(f) != 0 || done != j->n)
		return -1;
	return 0;
}
