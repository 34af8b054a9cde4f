#ifndef LIB_ENROL_H
#define LIB_ENROL_H

#include "lib/code.h"

#include <stdbool.h>

struct buf;
struct err;

/* How a secret gets into the operator's phone.  Pure. */

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

#endif
