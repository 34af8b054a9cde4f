#ifndef GREYWL_IMPORT_H
#define GREYWL_IMPORT_H

#include "lib/grey/allow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;

/* What became of a line that was not taken. */
struct gw_skipped {
	size_t line; /* from 1 */
	bool broken; /* the line is wrong; else it has no place here */
	char *reason;
};

/* What a file holds. */
struct gw_import {
	int64_t now; /* Unix seconds */
	const char *author; /* NULL: as the line says, else the user */
	struct allow_entry *entries;
	size_t n, room;
	struct gw_skipped *skipped;
	size_t n_skipped, skipped_room;
	size_t n_broken;
	bool no_memory;
};

/* A format: it calls the three functions below for each entry of a file. */
struct gw_format {
	const char *name;
	const char *what;
	void (*line)(struct gw_import *im, size_t line, char *text);
};

/* Ended by .name NULL. */
extern const struct gw_format gw_formats[];

void gw_import_take(struct gw_import *im, const struct allow_entry *entry);
void gw_import_skip(
    struct gw_import *im, size_t line, bool broken, const char *reason);

/*
 * Read all of "f".  Returns 0, or -1 with *e set: it cannot be read.
 * gw_import_free() in any case.
 */
int gw_import_read(struct gw_import *im, const struct gw_format *format,
    FILE *f, struct err *e);
void gw_import_free(struct gw_import *im);

/* Formats, each in a file of its own. */
void gw_import_plain(struct gw_import *im, size_t line, char *text);

#endif
