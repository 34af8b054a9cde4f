#ifndef QUEUEWATCH_REMEDY_DO_H
#define QUEUEWATCH_REMEDY_DO_H

struct config;
struct execute_result;
struct remedy;

/*
 * Carry out a remedy, a built-in one for every Postfix instance of the host
 * that is in use, within its time limit in all.  The first that fails is told,
 * by its name, and the others are done all the same.  "net" and "echo" are
 * execute()'s.  For a process with one thread and no other children.
 */
void remedy_do(const struct config *c, const struct remedy *r, int net,
    int echo, struct execute_result *result_r);

#endif
