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
	const char *file; /* its name */
	struct allow_entry *entries;
	size_t n, room;
	struct gw_skipped *skipped;
	size_t n_skipped, skipped_room;
	size_t n_broken;
	bool no_memory;
	bool done; /* the rest of the file is not wanted */
	void *state; /* the format's own; NULL at first */
};

/* A format: for each entry of a file it calls one of the functions below. */
struct gw_format {
	const char *name;
	const char *what;
	size_t line_max; /* bytes */
	void (*line)(struct gw_import *im, size_t line, char *text);
	/* After the last line, and when reading failed: frees "state". NULL:
	 * nothing to do. */
	void (*end)(struct gw_import *im);
};

/* Ended by .name NULL. */
extern const struct gw_format gw_formats[];

void gw_import_take(struct gw_import *im, const struct allow_entry *entry);
void gw_import_skip(
    struct gw_import *im, size_t line, bool broken, const char *reason);

/* Take "text" as an entry, or skip it as broken. */
void gw_import_text(
    struct gw_import *im, size_t line, const char *text, enum allow_as as);
/*
 * The same for an IPv4 network as other programs write it: a prefix of two or
 * three numbers (195.235.39), or with bits behind the prefix (127.0.0.1/8).
 */
void gw_import_net(struct gw_import *im, size_t line, const char *text);

/* Cut a "#" comment and the blanks around the text off. */
char *gw_import_trim(char *text);

/*
 * Read all of "f".  Returns 0, or -1 with *e set: it cannot be read.
 * gw_import_free() in any case.
 */
int gw_import_read(struct gw_import *im, const struct gw_format *format,
    FILE *f, struct err *e);
void gw_import_free(struct gw_import *im);

/* Formats, each in a file of its own. */
void gw_import_plain(struct gw_import *im, size_t line, char *text);
void gw_import_postgrey(struct gw_import *im, size_t line, char *text);
void gw_import_sqlgrey(struct gw_import *im, size_t line, char *text);
void gw_import_iredapd(struct gw_import *im, size_t line, char *text);
void gw_import_iredapd_end(struct gw_import *im);
void gw_import_milter(struct gw_import *im, size_t line, char *text);
void gw_import_milter_end(struct gw_import *im);

#endif
