#ifndef STATUSD_STORE_OPERATOR_H
#define STATUSD_STORE_OPERATOR_H

#include "lib/code.h"
#include "statusd/store.h"

#include <stdint.h>

/*
 * Who may use the console.  Look-ups return 1 found, 0 not found, -1 with *e
 * set.
 */
#define STORE_OPERATOR_NAME 65
#define STORE_PHRASE_SIZE 128 /* Argon2id, as libsodium writes it */

struct store_operator {
	char name[STORE_OPERATOR_NAME];
	char phrase[STORE_PHRASE_SIZE]; /* its hash */
	struct code_secret secret; /* of the codes in his phone */
	int64_t enrolled_at;
};

int store_operator_get(struct store *s, const char *name,
    struct store_operator *o_r, struct err *e);
/* New, or in the place of the one with that name. */
int store_operator_put(
    struct store *s, const struct store_operator *o, struct err *e);
/* 1: gone now, 0: there was none. */
int store_operator_drop(struct store *s, const char *name, struct err *e);
/* Calls "each" by name.  Returns how many, or -1. */
int store_operator_each(struct store *s,
    void (*each)(void *ctx, const char *name, int64_t enrolled_at), void *ctx,
    struct err *e);

#endif
