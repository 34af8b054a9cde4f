#ifndef STATUSD_SITE_TABLE_H
#define STATUSD_SITE_TABLE_H

#include "statusd/site_digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct search;

/* Bytes that several share; freed with the last reference.  Any thread. */
struct blob {
	_Atomic(unsigned) refs;
	size_t len;
	char data[];
};

struct blob *blob_new(const char *data, size_t len); /* NULL: no memory */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* NULL is allowed */

/* When a file is written, so that no page links to one that is not there. */
enum site_rank {
	SITE_ASSET,
	SITE_LEAF, /* posts */
	SITE_LIST, /* archives, system pages, feeds */
	SITE_FRONT,
};

#define SITE_PREPARED 4
#define SITE_ETAG_SIZE 24

/*
 * A file of the site; immutable once it stands in a table, shared by tables.
 * Of a cold one, once it is in the folder, the content stays there alone.
 */
struct site_file {
	_Atomic(unsigned) refs;
	char *name; /* in the folder: "2026/03/19/nc036-x/index.html" */
	char *path; /* as asked for: "/2026/03/19/nc036-x/" */
	const char *type; /* the Content-Type, a literal */
	enum site_rank rank;
	int forever; /* its name changes with its content */
	bool cold;
	struct blob *body; /* NULL: in the folder alone */
	struct blob *gz; /* NULL: not smaller, or not worth it; or as "body" */
	size_t len, gz_len; /* of these; gz_len 0: there is none */
	char etag[SITE_ETAG_SIZE]; /* from the body, without quotes */
	int64_t modified; /* Unix seconds, of the content; 0: not told */
	struct digest source; /* what it was made of */
	_Atomic(bool) lost; /* found missing or damaged in the folder */
	/* Answers that the HTTP side keeps with it; freed by prepared_free. */
	_Atomic(void *) prepared[SITE_PREPARED];
	void (*_Atomic prepared_free)(void *);
};

/* A post's number in the blog that it came from. */
struct site_old {
	int64_t id;
	char *path; /* "/2025/06/13/slug/" */
};

/* Every file of the site at one time, in the order of their paths. */
struct site_table {
	_Atomic(unsigned) refs;
	struct site_file **files;
	size_t n;
	size_t room;
	struct search *search; /* what the search form looks through */
	struct site_old *old; /* by id */
	size_t n_old;
	struct digest source; /* of all posts: what "search" was made of */
	bool partial; /* old posts are still missing, the next update goes on */
	/* Threads that were light, and whose entries it needs to go on. */
	int64_t *wanted;
	size_t n_wanted;
};

struct site_table *site_table_new(void); /* NULL: no memory */
struct site_table *site_table_ref(struct site_table *t);
void site_table_unref(struct site_table *t); /* NULL is allowed */

/* What site_file_new() makes a file of. */
struct site_content {
	const char *name; /* copied */
	const char *type; /* kept: a literal */
	enum site_rank rank;
	int forever;
	bool cold; /* seldom asked for: see struct site_file */
	int64_t modified;
	const char *body; /* copied */
	size_t len;
};

/*
 * A file with its compressed form and its ETag.  NULL without memory, or where
 * the name is none that may stand in the folder (an empty part, one that
 * begins with a dot, anything but letters, digits, "-", "_", "." and "/").
 */
struct site_file *site_file_new(const struct site_content *content);
/* The same file without its content.  NULL without memory. */
struct site_file *site_file_thin(const struct site_file *f);
struct site_file *site_file_ref(struct site_file *f);
void site_file_unref(struct site_file *f); /* NULL is allowed */

/* The ETag of what can be read from there: 0, or -1. */
int site_etag_of(int fd, char out[SITE_ETAG_SIZE]);

/* Whether a name may stand in the folder, see above. */
int site_name_ok(const char *name);

/*
 * Put a file into a table that nobody else has yet; the table takes over the
 * reference.  Returns 0, or -1 (the reference is then given back).
 */
int site_table_add(struct site_table *t, struct site_file *f);
/* The path is copied.  Returns 0, or -1 without memory. */
int site_table_add_old(struct site_table *t, int64_t id, const char *path);
/* Where the post of that number is, or NULL. */
const char *site_table_find_old(const struct site_table *t, int64_t id);
/* Order it: after the last site_table_add(), before site_table_find(). */
void site_table_sort(struct site_table *t);

/*
 * A table of the same files, of which the cold ones have no content any
 * more: call it when all of them are in the folder.  NULL without memory.
 */
struct site_table *site_table_thin(const struct site_table *t);

/* The file asked for by this path, or NULL.  The table keeps it. */
struct site_file *site_table_find(const struct site_table *t, const char *path);

#endif
