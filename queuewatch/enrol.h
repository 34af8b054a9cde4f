#ifndef QUEUEWATCH_ENROL_H
#define QUEUEWATCH_ENROL_H

#include "lib/code.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/*
 * Pure: the secret file's text with the line of "name" put in, or put in its
 * place.
 */
int enrol_line(const char *file, const char *name,
    const struct code_secret *secret, struct buf *b);

/* Replace the file as one step, for its owner alone. */
int enrol_write(const char *path, const struct buf *text, struct err *e);

#endif
