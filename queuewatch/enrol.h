#ifndef QUEUEWATCH_ENROL_H
#define QUEUEWATCH_ENROL_H

#include "queuewatch/code.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct err;

/* -- pure -- */

/* The secret in base 32, of CODE_SECRET_MOST bytes at most; 0 or -1. */
int enrol_base32(const struct code_secret *secret, struct buf *b);
/*
 * otpauth://totp/... as authenticator programs read it: the account is "system
 * name".
 */
int enrol_uri(const char *system, const char *name,
    const struct code_secret *secret, struct buf *b);
/*
 * The QR code of "text" for a terminal, two rows a line in half blocks, dark on
 * light, with its quiet zone; in colours where "colour" is set, else with the
 * terminal taken as light on dark.  0, or -1 with *e set.
 */
int enrol_qr(const char *text, bool colour, struct buf *b, struct err *e);
/* The secret file's text with the line of "name" put in, or put in its place.
 */
int enrol_line(const char *file, const char *name,
    const struct code_secret *secret, struct buf *b);

/* -- not pure -- */

/* Replace the file as one step, for its owner alone. */
int enrol_write(const char *path, const struct buf *text, struct err *e);

#endif
