/*
 * A pass over a spool beside a bare readdir walk of the same folders, in turn:
 * usage: queuewalk FOLDER ROUNDS
 */
#include "lib/clock.h"
#include "queuewatch/scan.h"
#include "tests/bench/part/peak.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define ROUNDS_MOST 1000

struct times {
	double wall, cpu;
};

static double
cpu_s(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct times
begin(void)
{
	return (struct times){ (double)clock_mono_ns() / 1e9, cpu_s() };
}

static struct times
since(struct times then)
{
	struct times now = begin();

	return (struct times){ now.wall - then.wall, now.cpu - then.cpu };
}

/* What find(1) would do with it: names, and nothing else. */
static int64_t
walk(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd != -1 ? fdopendir(fd) : NULL;
	struct dirent *d;
	int64_t n = 0;

	if (dir == NULL)
		return 0;
	while ((d = readdir(dir)) != NULL) {
		if (d->d_type == DT_REG)
			n++;
		else if (d->d_type == DT_DIR && d->d_name[0] != '.')
			n += walk(fd, d->d_name);
	}
	(void)closedir(dir);
	return n;
}

static struct times
time_walk(int root, int64_t *files_r)
{
	struct times t = begin();
	int q;

	*files_r = 0;
	for (q = 0; q < SCAN_QUEUES; q++)
		*files_r += walk(root, scan_queue_names[q]);
	return since(t);
}

static struct times
time_pass(int root, bool deep, struct scan_result *last)
{
	const struct scan_order order = { .now = clock_now(),
		.overdue_s = 660,
		.future_s = 4060,
		.deep = deep };
	static struct scan_result r;
	struct times t = begin();

	scan_run(root, &order, last, &r);
	t = since(t);
	*last = r;
	return t;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return v[n / 2];
}

int
main(int argc, char **argv)
{
	static double walks[2][ROUNDS_MOST], passes[2][ROUNDS_MOST];
	static double ratios[ROUNDS_MOST];
	static struct scan_result last;
	struct times walked, passed, deep;
	int64_t files = 0, messages = 0;
	int root, i, n = argc == 3 ? (int)strtol(argv[2], NULL, 10) : 0, q;

	if (n < 1 || n > ROUNDS_MOST ||
	    (root = open(argv[1], O_RDONLY | O_DIRECTORY)) == -1) {
		(void)fputs("usage: queuewalk FOLDER ROUNDS\n", stderr);
		return 2;
	}
	(void)time_walk(root, &files);
	deep = time_pass(root, true, &last);
	for (i = 0; i < n; i++) {
		if (i % 2 == 0)
			walked = time_walk(root, &files);
		passed = time_pass(root, false, &last);
		if (i % 2 != 0)
			walked = time_walk(root, &files);
		walks[0][i] = walked.wall;
		walks[1][i] = walked.cpu;
		passes[0][i] = passed.wall;
		passes[1][i] = passed.cpu;
		ratios[i] = passed.cpu / walked.cpu;
	}
	for (q = 0; q < SCAN_QUEUES; q++)
		messages += last.queue[q].messages;
	(void)printf("{\"files\": %lld, \"messages\": %lld, \"walk_s\": %.6f, "
	             "\"walk_cpu_s\": %.6f, \"pass_s\": %.6f, \"pass_cpu_s\": "
	             "%.6f, \"ratio\": %.3f, \"deep_s\": %.6f, \"rss_kb\": "
	             "%ld}\n",
	    (long long)files, (long long)messages, median(walks[0], n),
	    median(walks[1], n), median(passes[0], n), median(passes[1], n),
	    median(ratios, n), deep.wall, peak_kb());
	return 0;
}
