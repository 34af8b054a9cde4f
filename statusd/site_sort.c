#include "statusd/site_sort.h"

#include "statusd/site_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int
by_path(const void *a, const void *b)
{
	const struct site_file *const *fa = a;
	const struct site_file *const *fb = b;

	return strcmp((*fa)->path, (*fb)->path);
}

/* Where the run that begins at "from" ends; one that falls is turned round. */
static size_t
run_end(struct site_file **f, size_t from, size_t n)
{
	size_t to = from + 1;
	bool falls = to < n && by_path(&f[to - 1], &f[to]) > 0;

	while (to < n && (by_path(&f[to - 1], &f[to]) > 0) == falls)
		to++;
	for (size_t i = from, k = to; falls && i + 1 < k; i++) {
		struct site_file *one = f[i];

		f[i] = f[--k];
		f[k] = one;
	}
	return to;
}

/* Two runs that stand beside each other become one in "out". */
static void
merge(struct site_file **f, const size_t ends[3], struct site_file **out)
{
	size_t i = ends[0], k = ends[1], at = ends[0];

	while (at < ends[2]) {
		bool first = k == ends[2] ||
		    (i < ends[1] && by_path(&f[i], &f[k]) <= 0);

		out[at++] = f[first ? i++ : k++];
	}
}

/*
 * The posts come newest first, with what belongs to each other together: few
 * long runs, which cost less to merge than thousands of files to sort.
 */
static int
merge_runs(struct site_file **f, size_t n)
{
	struct site_file **spare = calloc(n, sizeof(struct site_file *));
	size_t *ends = calloc(n + 1, sizeof(*ends));
	size_t runs = 0;

	for (size_t at = 0; ends != NULL && at < n; runs++)
		ends[runs + 1] = at = run_end(f, at, n);
	while (spare != NULL && ends != NULL && runs > 1) {
		size_t left = 0;

		for (size_t i = 0; i < runs; i += 2) {
			size_t three[] = { ends[i], ends[i + 1],
				i + 1 < runs ? ends[i + 2] : ends[i + 1] };

			merge(f, three, spare);
			ends[++left] = three[2];
		}
		memcpy(f, spare, n * sizeof(struct site_file *));
		runs = left;
	}
	free(spare);
	free(ends);
	return spare != NULL && ends != NULL ? 0 : -1;
}

void
site_sort(struct site_file **files, size_t n)
{
	if (n > 0 && merge_runs(files, n) != 0)
		qsort(files, n, sizeof(struct site_file *), by_path);
}
