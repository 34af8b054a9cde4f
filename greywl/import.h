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

/*
 * Who another program knows: an envelope that waits or has passed, or, without
 * sender and recipient, a client that is let in.
 */
struct gw_known {
	char *sender; /* own; NULL: a client; "" a bounce */
	char *recipient; /* own */
	struct ip_net net; /* the client */
	int64_t first, last; /* Unix seconds: tried */
	bool passed;
	char *note; /* own; of a client: what is known, or NULL */
};

/* What a file holds. */
struct gw_import {
	int64_t now; /* Unix seconds */
	int64_t delay_s, retry_window_s, lifetime_s; /* the configuration's */
	struct gw_known *known;
	size_t n_known, known_room;
	size_t n_standing; /* clients that the whitelist has already */
	const char *author; /* NULL: as the line says, else the user */
	const char *file; /* its name */
	struct allow_entry *entries;
	size_t n, room;
	struct gw_skipped *skipped;
	size_t n_skipped, skipped_room;
	size_t n_broken;
	bool no_memory;
	const char *refused; /* why the whole file is; or NULL */
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

/*
 * Take somebody who is known; sender, recipient and note are copied.  What has
 * been over for so long that it does not count any more is skipped.
 */
void gw_import_known(
    struct gw_import *im, size_t line, const struct gw_known *known);
/*
 * The client as it stands in another program's database: an address, or the
 * beginning of one.  Returns 0, or -1.
 */
int gw_import_client(const char *text, struct ip_net *net_r);

/*
 * "alice@example.org/bob@example.net": cut it, in place, at a slash that has an
 * address behind it, and one or nothing before it.  Returns the recipient, or
 * NULL.
 */
char *gw_import_cut_pair(char *word);

/* Room for one more; NULL and "no_memory" where there is none. */
void *gw_import_grow(
    struct gw_import *im, void *items, size_t n, size_t *room, size_t size);

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
void gw_import_postgrey_end(struct gw_import *im);
void gw_import_sqlgrey(struct gw_import *im, size_t line, char *text);
void gw_import_iredapd(struct gw_import *im, size_t line, char *text);
void gw_import_milter(struct gw_import *im, size_t line, char *text);
void gw_import_milter_end(struct gw_import *im);
/* A line of its database, which is in the same format: true when it was one. */
bool gw_import_milter_dump(struct gw_import *im, size_t line, const char *text);

#endif
