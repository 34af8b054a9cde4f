#include "statusd/import_xml.h"

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"

#include <errno.h>
#include <libxml/parser.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WP "http://wordpress.org/export/"
#define CONTENT "http://purl.org/rss/1.0/modules/content/"
#define ATOM "http://www.w3.org/2005/Atom"

/* Where the text of the element goes that is open. */
enum field {
	FIELD_NONE,
	FIELD_TITLE,
	FIELD_LINK,
	FIELD_GUID,
	FIELD_SLUG,
	FIELD_BODY,
	FIELD_SUMMARY,
	FIELD_TYPE,
	FIELD_STATUS,
	FIELD_OLD_ID,
	FIELD_DATE,
	FIELD_DATE_GMT,
	FIELD_DATE_LOCAL,
	FIELD_PASSWORD,
	FIELD_CATEGORY,
	FIELD_TAG,
	FIELDS,
};

struct reader {
	import_each *each;
	void *ctx;
	struct err *e;
	xmlParserCtxt *parser;
	bool failed; /* *e is set */
	bool known; /* the root is one of the forms */
	int depth, item_depth; /* 0: in no item */
	enum field field;
	int field_depth;
	struct buf text; /* of the field that is open */
	char *values[FIELDS];
	struct import_labels categories, tags;
	int line;
	int n_items;
};

static void
stop(struct reader *r, const char *why)
{
	if (r->failed)
		return;
	r->failed = true;
	(void)err_set(
	    r->e, "line %d: %s", xmlSAX2GetLineNumber(r->parser), why);
	xmlStopParser(r->parser);
}

static void
clear_labels(struct import_labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	l->n = 0;
}

static void
clear_item(struct reader *r)
{
	for (int i = 0; i < FIELDS; i++) {
		free(r->values[i]);
		r->values[i] = NULL;
	}
	clear_labels(&r->categories);
	clear_labels(&r->tags);
}

/* What element of an item holds which field. */
static const struct element {
	const char *ns; /* NULL: none, "": one that begins with WP */
	const char *name;
	enum field field;
} elements[] = {
	{ NULL, "title", FIELD_TITLE },
	{ NULL, "link", FIELD_LINK },
	{ NULL, "guid", FIELD_GUID },
	{ NULL, "pubDate", FIELD_DATE },
	{ NULL, "description", FIELD_SUMMARY },
	{ NULL, "category", FIELD_CATEGORY },
	{ CONTENT, "encoded", FIELD_BODY },
	{ "", "post_id", FIELD_OLD_ID },
	{ "", "post_date_gmt", FIELD_DATE_GMT },
	{ "", "post_date", FIELD_DATE_LOCAL },
	{ "", "post_name", FIELD_SLUG },
	{ "", "post_password", FIELD_PASSWORD },
	{ "", "post_type", FIELD_TYPE },
	{ "", "status", FIELD_STATUS },
	{ ATOM, "title", FIELD_TITLE },
	{ ATOM, "id", FIELD_GUID },
	{ ATOM, "published", FIELD_DATE },
	{ ATOM, "updated", FIELD_DATE_GMT },
	{ ATOM, "content", FIELD_BODY },
	{ ATOM, "summary", FIELD_SUMMARY },
	{ NULL, NULL, FIELD_NONE },
};

static enum field
field_of(const char *name, const char *uri)
{
	for (const struct element *x = elements; x->name != NULL; x++) {
		if (strcmp(x->name, name) != 0)
			continue;
		if (x->ns == NULL          ? uri == NULL
		        : uri == NULL      ? false
		        : x->ns[0] == '\0' ? strncmp(uri, WP, strlen(WP)) == 0
		                           : strcmp(uri, x->ns) == 0)
			return x->field;
	}
	return FIELD_NONE;
}

/* An attribute's value in a fixed place; "" where there is none. */
static void
attribute(const xmlChar **attrs, int n, const char *name, char out[1024])
{
	out[0] = '\0';
	for (int i = 0; i < n; i++) {
		const xmlChar **a = attrs + (ptrdiff_t)i * 5;
		size_t len = (size_t)(a[4] - a[3]);

		if (strcmp((const char *)a[0], name) == 0 && len < 1024) {
			memcpy(out, a[3], len);
			out[len] = '\0';
		}
	}
}

static void
add_label(struct reader *r, enum field kind, const char *name)
{
	struct import_labels *l = kind == FIELD_TAG ? &r->tags : &r->categories;

	if (name[0] == '\0' || strlen(name) > 200 || l->n == IMPORT_LABELS_MAX)
		return;
	l->names[l->n] = strdup(name);
	if (l->names[l->n] == NULL)
		stop(r, "no memory");
	else
		l->n++;
}

/* Atom says these in attributes. */
static void
from_attributes(
    struct reader *r, const char *name, const xmlChar **attrs, int n)
{
	char rel[1024], value[1024];

	if (strcmp(name, "category") == 0) {
		attribute(attrs, n, "term", value);
		add_label(r, FIELD_CATEGORY, value);
	} else if (strcmp(name, "link") == 0) {
		attribute(attrs, n, "rel", rel);
		attribute(attrs, n, "href", value);
		if ((rel[0] == '\0' || strcmp(rel, "alternate") == 0) &&
		    r->values[FIELD_LINK] == NULL)
			r->values[FIELD_LINK] = strdup(value);
	}
}

static void
begin_item(struct reader *r)
{
	if (++r->n_items > IMPORT_ITEMS_MAX) {
		stop(r, "there are too many items");
		return;
	}
	r->item_depth = r->depth;
	r->line = xmlSAX2GetLineNumber(r->parser);
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int n_ns, const xmlChar **ns, int n_attrs,
    int n_default, const xmlChar **attrs)
{
	struct reader *r = ctx;
	const char *tag = (const char *)name, *space = (const char *)uri;
	bool atom = space != NULL && strcmp(space, ATOM) == 0;
	char domain[1024];

	(void)prefix, (void)n_ns, (void)ns, (void)n_default;
	if (++r->depth == 1 &&
	    !(atom ? strcmp(tag, "feed") == 0 : strcmp(tag, "rss") == 0)) {
		stop(r, "this is no WordPress export, RSS or Atom file");
		return;
	}
	r->known = true;
	if (r->item_depth == 0) {
		if ((atom && strcmp(tag, "entry") == 0) ||
		    (space == NULL && strcmp(tag, "item") == 0))
			begin_item(r);
		return;
	}
	if (r->depth != r->item_depth + 1)
		return;
	if (atom)
		from_attributes(r, tag, attrs, n_attrs);
	r->field = field_of(tag, space);
	r->field_depth = r->depth;
	if (r->field == FIELD_CATEGORY) {
		attribute(attrs, n_attrs, "domain", domain);
		if (strcmp(domain, "post_tag") == 0)
			r->field = FIELD_TAG;
	}
	buf_reset(&r->text);
	r->text.cap = r->field == FIELD_BODY || r->field == FIELD_SUMMARY
	    ? IMPORT_BODY_MAX
	    : IMPORT_FIELD_MAX;
}

static void
on_text(void *ctx, const xmlChar *text, int n)
{
	struct reader *r = ctx;

	if (r->field == FIELD_NONE || n < 0)
		return;
	buf_add(&r->text, text, (size_t)n);
	if (r->text.bad)
		stop(r, "a text is too long");
}

static const char *
value(const struct reader *r, enum field f)
{
	return r->values[f] != NULL ? r->values[f] : "";
}

/* "2025-06-13 10:00:00" in UTC, RFC 3339, or RFC 822. */
static int64_t
date_of(const struct reader *r)
{
	/* A clock of unknown zone is better than no date. */
	const enum field order[] = { FIELD_DATE_GMT, FIELD_DATE,
		FIELD_DATE_LOCAL };
	int64_t at;

	/* Atom's "published" comes before its "updated". */
	if (clock_parse_rfc3339(value(r, FIELD_DATE), &at) == 0)
		return at;
	for (size_t i = 0; i < 3; i++) {
		const char *s = value(r, order[i]);
		char iso[32];

		if (strlen(s) == 19 && s[10] == ' ') {
			(void)snprintf(
			    iso, sizeof(iso), "%.10sT%.8sZ", s, s + 11);
			if (clock_parse_rfc3339(iso, &at) == 0 && at > 0)
				return at;
		}
		if (clock_parse_rfc3339(s, &at) == 0 ||
		    import_rfc822(s, &at) == 0)
			return at;
	}
	return 0;
}

static void
end_item(struct reader *r)
{
	static char none[] = "";
	struct import_item x = { .line = r->line,
		.at = date_of(r),
		.old_id = strtoll(value(r, FIELD_OLD_ID), NULL, 10),
		.locked = value(r, FIELD_PASSWORD)[0] != '\0',
		.categories = r->categories,
		.tags = r->tags };
	struct {
		char **to;
		enum field from;
	} fields[] = { { &x.title, FIELD_TITLE }, { &x.link, FIELD_LINK },
		{ &x.guid, FIELD_GUID }, { &x.slug, FIELD_SLUG },
		{ &x.body, FIELD_BODY }, { &x.type, FIELD_TYPE },
		{ &x.status, FIELD_STATUS } };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		*fields[i].to = r->values[fields[i].from] != NULL
		    ? r->values[fields[i].from]
		    : none;
	if (x.body[0] == '\0' && r->values[FIELD_SUMMARY] != NULL)
		x.body = r->values[FIELD_SUMMARY];
	if (!r->failed && r->each(r->ctx, &x, r->e) == -1) {
		r->failed = true;
		xmlStopParser(r->parser);
	}
	clear_item(r);
	r->item_depth = 0;
}

static void
end_field(struct reader *r)
{
	if (r->field == FIELD_CATEGORY || r->field == FIELD_TAG) {
		add_label(r, r->field, buf_text(&r->text));
	} else if (r->text.len > 0) {
		free(r->values[r->field]);
		r->values[r->field] = strdup(buf_text(&r->text));
		if (r->values[r->field] == NULL)
			stop(r, "no memory");
	}
	r->field = FIELD_NONE;
}

static void
on_end(
    void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = ctx;

	(void)name, (void)prefix, (void)uri;
	if (r->field != FIELD_NONE && r->depth == r->field_depth)
		end_field(r);
	else if (r->item_depth != 0 && r->depth == r->item_depth)
		end_item(r);
	r->depth--;
}

/* Entities and all that come with a document type are not wanted. */
static void
on_doctype(
    void *ctx, const xmlChar *name, const xmlChar *id, const xmlChar *system)
{
	(void)name, (void)id, (void)system;
	stop(ctx, "a document type (<!DOCTYPE ...>) is not accepted");
}

static void
quiet(void *ctx, const char *fmt, ...)
{
	(void)ctx, (void)fmt;
}

static void
reader_init(struct reader *r, import_each *each, void *ctx, struct err *e)
{
	static const xmlSAXHandler handler = {
		.initialized = XML_SAX2_MAGIC,
		.startElementNs = on_start,
		.endElementNs = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.warning = quiet,
		.error = quiet,
	};
	xmlSAXHandler sax = handler;

	memset(r, 0, sizeof(*r));
	r->each = each;
	r->ctx = ctx;
	r->e = e;
	buf_init(&r->text, IMPORT_BODY_MAX);
	r->parser = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
	if (r->parser == NULL) {
		r->failed = true;
		(void)err_set(e, "no memory");
		return;
	}
	(void)xmlCtxtUseOptions(r->parser,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

/* A part of the file; with "last" its end. */
static void
feed(struct reader *r, const char *p, size_t n, bool last)
{
	const xmlError *why;

	if (r->failed ||
	    xmlParseChunk(r->parser, p, (int)n, last) == XML_ERR_OK ||
	    r->failed)
		return;
	why = xmlCtxtGetLastError(r->parser);
	r->failed = true;
	(void)err_set(r->e, "line %d: %.*s", why != NULL ? why->line : 0,
	    why != NULL && why->message != NULL
	        ? (int)strcspn(why->message, "\n")
	        : 0,
	    why != NULL && why->message != NULL ? why->message : "");
}

static int
reader_end(struct reader *r)
{
	clear_item(r);
	buf_free(&r->text);
	if (r->parser != NULL)
		xmlFreeParserCtxt(r->parser);
	return r->failed ? -1 : 0;
}

int
import_xml_text(
    const char *text, size_t len, import_each *each, void *ctx, struct err *e)
{
	struct reader r;

	reader_init(&r, each, ctx, e);
	if (!r.failed && len > 0)
		feed(&r, text, len, false);
	if (!r.failed)
		feed(&r, "", 0, true);
	return reader_end(&r);
}

int
import_xml(int fd, import_each *each, void *ctx, struct err *e)
{
	struct reader r;
	char part[65536];
	size_t total = 0;
	ssize_t n = 0;

	reader_init(&r, each, ctx, e);
	while (!r.failed && (n = read(fd, part, sizeof(part))) > 0) {
		total += (size_t)n;
		if (total > IMPORT_FILE_MAX)
			stop(&r, "the file is too large");
		else
			feed(&r, part, (size_t)n, false);
	}
	if (!r.failed && n == -1) {
		r.failed = true;
		(void)err_set(e, "%s", strerror(errno));
	}
	if (!r.failed)
		feed(&r, "", 0, true);
	return reader_end(&r);
}
