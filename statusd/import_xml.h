#ifndef STATUSD_IMPORT_XML_H
#define STATUSD_IMPORT_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Old posts from a WordPress export (WXR), an RSS 2.0 or an Atom file.  Nothing
 * is fetched, no entity but the five of XML is known, a document type is
 * refused, and every size has a bound.
 */
#define IMPORT_FILE_MAX ((size_t)512 * 1024 * 1024)
#define IMPORT_ITEMS_MAX 100000
#define IMPORT_BODY_MAX ((size_t)1024 * 1024)
#define IMPORT_FIELD_MAX ((size_t)4096)
#define IMPORT_LABELS_MAX 64

struct import_labels {
	char *names[IMPORT_LABELS_MAX];
	size_t n;
};

/* Strings are never NULL.  Texts are as they stand in the file: HTML. */
struct import_item {
	int line; /* where it begins */
	char *title;
	char *link;
	char *guid;
	char *slug;
	char *body;
	char *type; /* "post", "page", ...; "" where the form has none */
	char *status; /* "publish", "draft", ...; "" */
	bool locked; /* only for those who know its password */
	int64_t old_id; /* of the old blog; 0: none */
	int64_t at; /* 0: no date, or none that can be read */
	struct import_labels categories, tags;
};

/*
 * Read "fd" to its end and call "each" for every item, in the order of the
 * file.  Returns 0; or -1 with "line N: what is wrong" in *e, or where "each"
 * returned -1.  The item is the callee's for the call.
 */
typedef int import_each(
    void *ctx, const struct import_item *item, struct err *e);
int import_xml(int fd, import_each *each, void *ctx, struct err *e);

/* The same for a text in memory, for tests. */
int import_xml_text(
    const char *text, size_t len, import_each *each, void *ctx, struct err *e);

/* RFC 822 ("Fri, 13 Jun 2025 10:00:00 +0000"); 0, or -1.  Pure. */
int import_rfc822(const char *s, int64_t *at_r);

#endif
