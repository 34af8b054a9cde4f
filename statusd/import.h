#ifndef STATUSD_IMPORT_H
#define STATUSD_IMPORT_H

#include "statusd/import_xml.h"
#include "statusd/store.h"

#include <stdint.h>

struct config;
struct err;

/*
 * Old posts become plain posts of ours, public since their own date, at their
 * own address where that has the form /2025/06/13/slug/.  What was imported
 * before is known by its guid and left as it is.
 */
struct import {
	struct store *store;
	const struct config *config;
	int64_t now;
	int64_t taken, known, skipped;
	/* Told of what is not taken, and why; or NULL. */
	void (*skip)(
	    void *ctx, const struct import_item *item, const char *why);
	void *ctx;
};

/* An import_each: "ctx" is a struct import.  Within a transaction. */
int import_item(void *ctx, const struct import_item *item, struct err *e);

/*
 * "2025/06/13/slug" from the address, where it has that form; else from the
 * date and the slug or title.  Pure.
 */
#define IMPORT_PATH_SIZE 256
void import_path(const struct import_item *item, char out[IMPORT_PATH_SIZE]);

#endif
