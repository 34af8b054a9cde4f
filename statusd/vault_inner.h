#ifndef STATUSD_VAULT_INNER_H
#define STATUSD_VAULT_INNER_H

#include "lib/sql.h"
#include "statusd/vault.h"

#include <pthread.h>
#include <stddef.h>

/* What only vault*.c see. */
#define VAULT_CODES 64

struct vault {
	pthread_mutex_t lock; /* guards all below */
	struct sql *sql;
	/*
	 * The codes of orders that wait, in memory alone: one on paper that
	 * was never spent must not be found on a disk.
	 */
	struct {
		char id[VAULT_ID]; /* "": free */
		char code[CODE_SIZE];
	} codes[VAULT_CODES];
};

/* Copy a column, cut to fit. */
void vault_copy(char *out, size_t size, struct sql_stmt *st, int col);

#endif
