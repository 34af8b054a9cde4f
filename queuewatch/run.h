#ifndef QUEUEWATCH_RUN_H
#define QUEUEWATCH_RUN_H

struct buf;
struct err;

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

#endif
