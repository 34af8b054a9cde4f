#ifndef QUEUEWATCH_REMEDY_H
#define QUEUEWATCH_REMEDY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct config;
struct err;

/*
 * What the operator prepared, and what is built in: "flush" (every deferred
 * message is tried now) and "requeue" (all mail goes through the queue anew).
 * A section of the configuration with such a name takes its place.
 */
#define REMEDY_WORDS 64
#define REMEDY_FOLDER 2

struct remedy {
	const char *name, *title; /* the configuration's, or literals */
	const char *argv[REMEDY_WORDS + 1];
	int64_t timeout_s;
	bool each; /* for every Postfix instance, argv[REMEDY_FOLDER] its own */
};

/* The i-th, those of the configuration first: 1, or 0 behind the last. */
int remedy_at(const struct config *c, size_t i, struct remedy *r);
/* That of this name: 1, or 0. */
int remedy_find(const struct config *c, const char *name, struct remedy *r);

/*
 * Whether nobody but root and we decides what is run: who may write the
 * configuration or the program could.  0, or -1 with *e set.
 */
int remedy_check(const struct config *c, const struct remedy *r, struct err *e);

/* Whether it is built in (and so only to be had when it has a secret). */
int remedy_is_built_in(const struct config *c, const char *name);

/*
 * Read the secret file into "b": a regular file, owned by who we are, that
 * nobody else may read or write.  Returns 0, or -1 with *e set.
 */
int remedy_secrets(const char *path, struct buf *b, struct err *e);

/*
 * Where the remedy process keeps its book: 0 beside the secrets, where only
 * root can take it away; 1 with the other data.
 */
void remedy_book_path(const struct config *c, int i, char *path, size_t size);

#endif
