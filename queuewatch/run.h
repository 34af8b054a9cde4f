#ifndef QUEUEWATCH_RUN_H
#define QUEUEWATCH_RUN_H

#include <stddef.h>

struct buf;
struct err;

/* The environment of every program that is run: PATH and LC_ALL alone. */
extern const char *const run_env[];

/* A name without a slash as a path in the usual folders, else as it is. */
const char *run_find_program(const char *name, char *path, size_t size);

/*
 * Run a program by its argument list, without a shell: standard output into
 * "out" (up to its cap; what is more is thrown away), standard error and input
 * from and to nowhere, killed with all its process group after "timeout_ms".
 * argv[0] without a slash is looked for in the usual folders.
 * Returns its exit status (128 + signal where it was killed), or -1 with *e
 * set: it could not be started, or its time was over.
 */
int run_program(
    const char *const *argv, int timeout_ms, struct buf *out, struct err *e);

/*
 * The same with standard input from "in" (at most RUN_INPUT bytes) and standard
 * error into "out" as well.
 */
#define RUN_INPUT 32768
int run_program_fed(const char *const *argv, const struct buf *in,
    int timeout_ms, struct buf *out, struct err *e);

#endif
