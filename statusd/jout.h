#ifndef STATUSD_JOUT_H
#define STATUSD_JOUT_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

/*
 * Writes JSON (RFC 8259): every text is escaped and is UTF-8 afterwards
 * whatever it was before; commas are the writer's affair.  A "name" is NULL
 * for a member of an array, and a literal that needs no escape otherwise.
 */
struct jout {
	struct buf *out;
	int depth;
	bool follows; /* a comma comes before what is next */
};

void jout_init(struct jout *j, struct buf *out);

void jout_object(struct jout *j, const char *name);
void jout_object_end(struct jout *j);
void jout_array(struct jout *j, const char *name);
void jout_array_end(struct jout *j);

void jout_text(struct jout *j, const char *name, const char *text);
void jout_number(struct jout *j, const char *name, int64_t n);
void jout_bool(struct jout *j, const char *name, bool b);
void jout_null(struct jout *j, const char *name);
/* "2026-03-19T16:21:30.000Z"; null where "at" is 0. */
void jout_time(struct jout *j, const char *name, int64_t at);

/* A new line at the end; whether all was closed and fitted: 0, else -1. */
int jout_done(struct jout *j);

#endif
