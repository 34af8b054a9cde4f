#ifndef GREYWL_LOGBOOK_H
#define GREYWL_LOGBOOK_H

#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * What a mail log says of the attempts to send mail here: each recipient of
 * each message once, in the order of time.  Mail of the own users is counted
 * and left out, as is what was refused for good.
 */

struct logbook_client {
	struct ip ip;
	uint32_t name; /* a text; "" where it is not confirmed */
};

struct logbook_event {
	int64_t at; /* Unix seconds */
	uint32_t client; /* of logbook_client() */
	uint32_t sender, recipient; /* of logbook_text(); sender "": a bounce */
	/* Taken; else a greylister has put it off. */
	bool taken;
	bool spf; /* the log says that SPF passed */
	uint8_t year; /* private, while a file is read */
};

struct logbook_count {
	uint64_t lines;
	uint64_t strange; /* lines that are none of a log */
	uint64_t own; /* messages of own users */
	uint64_t refused; /* recipients and messages, for good */
	uint64_t put_off; /* attempts, by a greylister */
	uint64_t spf; /* attempts with an SPF pass in the log */
};

struct logbook;

struct logbook *logbook_new(struct err *e);
void logbook_free(struct logbook *b);

/* A line without its end; hostile text is harmless. */
void logbook_line(struct logbook *b, const char *s, size_t n);

/*
 * The end of a file whose last line was written at "mtime" (Unix seconds) or
 * shortly before: stamps without a year get theirs.
 */
void logbook_end_file(struct logbook *b, int64_t mtime);

/*
 * All events in the order of time, valid until the next line.  Returns 0, or
 * -1 with *e set: no memory for some of it.
 */
int logbook_events(struct logbook *b, const struct logbook_event **events_r,
    size_t *n_r, struct err *e);

const struct logbook_client *logbook_client(
    const struct logbook *b, uint32_t client);
const char *logbook_text(const struct logbook *b, uint32_t text);
const struct logbook_count *logbook_count(const struct logbook *b);

/*
 * Read a file, gzip'ed or not, "-" for standard input.  Returns 0, or -1 with
 * *e set: it cannot be read.
 */
int logbook_file(struct logbook *b, const char *path, struct err *e);

#endif
