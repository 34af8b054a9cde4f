#ifndef STATUSD_SITE_TABLE_H
#define STATUSD_SITE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct buf;
struct err;
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

/* A file of the site; immutable once it stands in a table, shared by tables. */
struct site_file {
	_Atomic(unsigned) refs;
	char *name; /* in the folder: "2026/03/19/nc036-x/index.html" */
	char *path; /* as asked for: "/2026/03/19/nc036-x/" */
	const char *type; /* the Content-Type, a literal */
	enum site_rank rank;
	int forever; /* its name changes with its content */
	struct blob *body;
	struct blob *gz; /* NULL: not smaller, or not worth it */
	char etag[24]; /* from the body, without quotes */
	int64_t modified; /* Unix seconds, of the content; 0: not told */
	/* What the HTTP side keeps with it; freed by prepared_free. */
	_Atomic(void *) prepared[2];
	void (*prepared_free)(void *);
};

/* Every file of the site at one time, in the order of their paths. */
struct site_table {
	_Atomic(unsigned) refs;
	struct site_file **files;
	size_t n;
	size_t room;
	struct search *search; /* what the search form looks through */
};

struct site_table *site_table_new(void); /* NULL: no memory */
struct site_table *site_table_ref(struct site_table *t);
void site_table_unref(struct site_table *t); /* NULL is allowed */

/* The file asked for by this path, or NULL.  The table keeps it. */
struct site_file *site_table_find(const struct site_table *t, const char *path);

#endif
