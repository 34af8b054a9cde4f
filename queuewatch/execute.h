#ifndef QUEUEWATCH_EXECUTE_H
#define QUEUEWATCH_EXECUTE_H

#include "lib/report.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Carry out a prepared command: by its argument list, without a shell, as a
 * process group of its own, with a small clean environment, nothing to read and
 * no descriptor of ours.  At its time limit, and when this process is told to
 * end (SIGTERM), the whole group is killed.  The group's leader dies with this
 * process in any case.
 */
#define EXECUTE_TEXT 480

struct execute {
	const char *const *argv; /* argv[0] is a path, or looked for */
	int64_t timeout_s;
	int net; /* network namespace to run it in; -1: this process's */
	int echo; /* a descriptor that gets the output as well; -1: none */
};

struct execute_result {
	enum report_outcome outcome;
	int exit_status; /* 128 + signal where it was killed; -1: never ran */
	char text[EXECUTE_TEXT]; /* the end of what it wrote, or the fault */
};

/*
 * Returns when it has ended.  For a process with one thread, which may not have
 * other children.
 */
void execute(const struct execute *x, struct execute_result *r);

#endif
