#ifndef STATUSD_STORE_SEARCH_H
#define STATUSD_STORE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * The words of every public post, in a database of their own beside the store:
 * it can be thrown away at any time and is then made anew.  Any thread, but
 * what writes comes from one alone.
 */
struct store_search;

/* NULL with *e set on failure.  A damaged file is made anew. */
struct store_search *store_search_open(const char *path, struct err *e);
void store_search_close(struct store_search *s); /* NULL is allowed */

struct search_doc {
	int64_t thread;
	int64_t version; /* changes with what the post says */
	int64_t at; /* Unix seconds */
	const char *path;
	const char *title;
	const char *text; /* its words, no marks */
};

/* The version that is kept of it: 1, or 0: none. */
int store_search_version(
    const struct store_search *s, int64_t thread, int64_t *version_r);

/* Add or replace. */
int store_search_put(struct store_search *s, const struct search_doc *docs,
    size_t n, struct err *e);

/* Forget those that "keeps" does not know. */
int store_search_forget(struct store_search *s,
    int (*keeps)(void *ctx, int64_t thread), void *ctx, struct err *e);

/* What stands before and behind a match in what is found. */
#define STORE_SEARCH_MARK '\001'
#define STORE_SEARCH_UNMARK '\002'

/* For each post found, newest first.  The texts live until it returns. */
typedef void (*store_search_fn)(void *ctx, const struct search_doc *doc);

/*
 * Look for the posts that have every word of "query", as typed, or a longer
 * one that begins with it; whatever stands in it, it is no command.  Shows the
 * newest "most"; *found_r is how many there are.  Title and text come with
 * marks, the text cut down to what is around the matches.  Returns 0 or -1.
 */
struct search_ask {
	const char *query;
	size_t most;
	store_search_fn each;
	void *ctx;
};
int store_search_find(struct store_search *s, const struct search_ask *ask,
    size_t *found_r, struct err *e);

#endif
