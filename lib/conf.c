#include "lib/conf.h"

#include "lib/buf.h"
#include "lib/conf_value.h"
#include "lib/err.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * libconfuse takes a file whose last section is not closed.  So an option of
 * this name is read behind the file: only the file itself has it.
 */
#define FILE_END "end_of_file"
#define FILE_CAP 1048576 /* bytes */

/* Where the value of a field stands: "file:12". */
struct place {
	const void *field;
	char *where;
	bool given;
};

struct conf {
	char *file;
	struct place *places;
	size_t n_places;
	void **owned; /* what the filled struct points to */
	size_t n_owned;
};

/*
 * libconfuse's callbacks carry no pointer of the caller's, so the message of
 * the parse under way in this thread is kept here.
 */
static _Thread_local struct err *parse_err;
static _Thread_local const struct conf_section *parse_root;
static _Thread_local int parse_lines; /* of the file; 0 for an override */
static _Thread_local const char *parse_override;

/* "file:12", or the override. */
static void
place_text(const cfg_t *cfg, char *out, size_t size)
{
	if (parse_override != NULL)
		(void)snprintf(out, size, "-o %s", parse_override);
	else
		(void)snprintf(out, size, "%.500s:%d", cfg->filename,
		    parse_lines > 0 && cfg->line > parse_lines ? parse_lines
		                                               : cfg->line);
}

static void *
own(struct conf *c, void *p)
{
	void **grown;

	if (p == NULL)
		return NULL;
	grown = realloc(c->owned, (c->n_owned + 1) * sizeof(*grown));
	if (grown == NULL) {
		free(p);
		return NULL;
	}
	c->owned = grown;
	c->owned[c->n_owned++] = p;
	return p;
}

static int
add_place(struct conf *c, const void *field, const char *where)
{
	struct place *grown = realloc(
	    c->places, (c->n_places + 1) * sizeof(*grown));

	if (grown == NULL)
		return -1;
	c->places = grown;
	c->places[c->n_places++] = (struct place){
		.field = field,
		.where = own(c, strdup(where != NULL ? where : c->file)),
		.given = where != NULL,
	};
	return c->places[c->n_places - 1].where != NULL ? 0 : -1;
}

/* Called by libconfuse behind each value: keeps "file:line" as its comment. */
static int
keep_line(cfg_t *cfg, cfg_opt_t *opt)
{
	char where[600];

	place_text(cfg, where, sizeof(where));
	return cfg_opt_setcomment(opt, where) == CFG_SUCCESS ? 0 : -1;
}

/* Adds "did you mean" for an unknown name. */
static void
suggest(struct err *e, const char *name)
{
	const char *near = conf_nearest(parse_root, name);
	size_t n = strlen(e->text);

	if (near != NULL)
		(void)snprintf(e->text + n, sizeof(e->text) - n,
		    "; did you mean \"%s\"?", near);
}

static void
parse_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[400], name[80], where[600];

	if (parse_err->text[0] != '\0')
		return; /* the first one is the cause */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	place_text(cfg, where, sizeof(where));
	if (parse_lines == 0 || cfg->line <= parse_lines)
		(void)err_set(parse_err, "%s: %s", where, text);
	else
		(void)err_set(parse_err, "%s: %s", where,
		    strcmp(text, "no such option '" FILE_END "'") == 0
		        ? "a section is not closed: write } behind its last "
		          "option"
		        : "the last option has no value");
	if (sscanf(text, "no such option '%79[^']'", name) == 1)
		suggest(parse_err, name);
}

static cfg_opt_t *build_options(const struct conf_section *s);

static void
free_options(cfg_opt_t *opts)
{
	cfg_opt_t *o;

	if (opts == NULL)
		return;
	for (o = opts; o->name != NULL; o++) {
		if (o->type == CFGT_SEC)
			free_options(o->subopts);
	}
	free(opts);
}

static size_t
count_options(const struct conf_section *s)
{
	const struct conf_option *o;
	const struct conf_section *sub;
	size_t n = 2; /* the end, and the mark of the file's end */

	for (o = s->options; o->name != NULL; o++)
		n++;
	for (sub = s->sections; sub != NULL && sub->name != NULL; sub++)
		n++;
	return n;
}

static cfg_opt_t *
build_options(const struct conf_section *s)
{
	cfg_opt_t mark[] = { CFG_STR(FILE_END, NULL, CFGF_NONE), CFG_END() };
	cfg_opt_t *opts = calloc(count_options(s), sizeof(*opts)), *to = opts;
	const struct conf_option *o;
	const struct conf_section *sub;

	if (opts == NULL)
		return NULL;
	for (o = s->options; o->name != NULL; o++) {
		cfg_opt_t str[] = { CFG_STR(o->name, NULL, CFGF_NONE) };
		cfg_opt_t list[] = { CFG_STR_LIST(o->name, NULL, CFGF_NONE) };

		*to = o->kind == CONF_LIST ? list[0] : str[0];
		to->validcb = keep_line;
		to++;
	}
	for (sub = s->sections; sub != NULL && sub->name != NULL; sub++) {
		cfg_opt_t sec[] = { CFG_SEC(sub->name, NULL,
		    sub->size > 0 ? CFGF_MULTI | CFGF_TITLE : CFGF_NONE) };

		sec[0].subopts = build_options(sub);
		sec[0].validcb = keep_line;
		*to++ = sec[0];
	}
	if (s->name == NULL)
		*to++ = mark[0];
	*to = mark[1];
	return opts;
}

static int
add_item(struct conf *c, struct conf_list *list, const char *value, size_t n)
{
	char **grown = realloc(list->items, (list->n + 1) * sizeof(*grown));

	if (grown == NULL)
		return -1;
	list->items = grown;
	list->items[list->n] = own(c, strndup(value, n));
	return list->items[list->n++] != NULL ? 0 : -1;
}

/* A list from the file, or from its preset (blanks between the items). */
static int
fill_list(struct conf *c, const struct conf_option *o, cfg_opt_t *opt,
    struct conf_list *list, struct err *e)
{
	bool given = (opt->flags & CFGF_MODIFIED) != 0;
	const char *p = !given && o->preset != NULL ? o->preset : "";
	unsigned i;
	size_t n;
	int rc = 0;

	*list = (struct conf_list){ 0 };
	for (i = 0; i < cfg_opt_size(opt) && rc == 0; i++)
		rc = add_item(c, list, cfg_opt_getnstr(opt, i),
		    strlen(cfg_opt_getnstr(opt, i)));
	for (; *p != '\0' && rc == 0; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		rc = add_item(c, list, p, n);
	}
	if (list->items != NULL && own(c, list->items) == NULL)
		rc = -1;
	if (rc == -1)
		return err_set(e, "no memory");
	for (i = 0; i < list->n && o->check != NULL; i++) {
		if (o->check(list->items[i], e) == -1)
			return -1;
	}
	return 0;
}

/* One option's value or values, from the file or its preset. */
static int
fill_option(struct conf *c, const struct conf_option *o, cfg_t *cfg, void *into,
    struct err *e)
{
	cfg_opt_t *opt = cfg_getopt(cfg, o->name);
	const char *where = opt->comment;
	void *field = (char *)into + o->offset;
	int rc;

	if (add_place(c, field, where) == -1)
		return err_set(e, "no memory");
	if (o->kind == CONF_LIST)
		rc = fill_list(c, o, opt, field, e);
	else
		rc = conf_value(o,
		    where != NULL ? cfg_opt_getnstr(opt, 0) : o->preset, field,
		    e);
	if (rc == -1) {
		(void)err_prefix(e, "%s", o->name);
		return err_prefix(e, "%s", where != NULL ? where : c->file);
	}
	if (o->kind == CONF_STRING && own(c, *(char **)field) == NULL)
		return err_set(e, "no memory");
	return 0;
}

static int fill(struct conf *c, const struct conf_section *s, cfg_t *cfg,
    void *into, struct err *e);

/* The sections of one name, each an item of an array. */
static int
fill_array(struct conf *c, const struct conf_section *s, cfg_opt_t *opt,
    struct conf_array *array, struct err *e)
{
	unsigned i, n = cfg_opt_size(opt);
	char *item, where[600];
	cfg_t *sec;
	int line;

	array->n = n;
	array->items = own(c, calloc(n + 1, s->size));
	if (array->items == NULL)
		return err_set(e, "no memory");
	for (i = 0; i < n; i++) {
		sec = cfg_opt_getnsec(opt, i);
		item = (char *)array->items + i * s->size;
		*(char **)(void *)(item + s->title_offset) = own(
		    c, strdup(cfg_title(sec)));
		line = conf_section_line(c->file, s->name, cfg_title(sec));
		(void)snprintf(where, sizeof(where), "%.500s:%d", c->file,
		    line > 0 ? line : sec->line);
		if (add_place(c, item + s->title_offset, where) == -1)
			return err_set(e, "no memory");
		if (s->check_title != NULL &&
		    s->check_title(cfg_title(sec), e) == -1) {
			(void)err_prefix(e, "%s", s->name);
			return err_prefix(e, "%s", where);
		}
		if (fill(c, s, sec, item, e) == -1)
			return -1;
	}
	return 0;
}

static int
fill(struct conf *c, const struct conf_section *s, cfg_t *cfg, void *into,
    struct err *e)
{
	const struct conf_option *o;
	const struct conf_section *sub;
	cfg_opt_t *opt;
	void *at;
	int rc;

	for (o = s->options; o->name != NULL; o++) {
		if (fill_option(c, o, cfg, into, e) == -1)
			return -1;
	}
	for (sub = s->sections; sub != NULL && sub->name != NULL; sub++) {
		opt = cfg_getopt(cfg, sub->name);
		at = (char *)into + sub->offset;
		rc = sub->size > 0
		    ? fill_array(c, sub, opt, at, e)
		    : fill(c, sub, cfg_opt_getnsec(opt, 0), at, e);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* The file's text with the mark behind it; free() it.  NULL: see *e. */
static char *
read_file(const char *file, struct err *e)
{
	char chunk[4096];
	struct buf b;
	size_t n;
	FILE *f = fopen(file, "re");

	if (f == NULL) {
		(void)err_set(e, "%s: %s", file, strerror(errno));
		return NULL;
	}
	buf_init(&b, FILE_CAP);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	if (ferror(f))
		(void)err_set(e, "%s: %s", file, strerror(errno));
	else if (memchr(buf_text(&b), '\0', b.len) != NULL)
		(void)err_set(
		    e, "%s: has a NUL byte: is it a text file?", file);
	else if (b.bad)
		(void)err_set(e, "%s: is larger than 1 MiB", file);
	parse_lines = 1;
	for (n = 0; n < b.len; n++)
		parse_lines += b.data[n] == '\n' && n + 1 < b.len;
	if (b.len == 0 || b.data[b.len - 1] != '\n')
		buf_char(&b, '\n');
	buf_str(&b, FILE_END " = x\n");
	(void)fclose(f);
	if (e->text[0] != '\0') {
		buf_free(&b);
		return NULL;
	}
	return buf_take(&b);
}

static int
parse_file(cfg_t *cfg, const char *file, struct err *e)
{
	char *text = read_file(file, e);
	FILE *f;
	int rc;

	if (text == NULL)
		return -1;
	f = fmemopen(text, strlen(text), "r");
	if (f == NULL) {
		free(text);
		return err_set(e, "%s: %s", file, strerror(errno));
	}
	free(cfg->filename);
	cfg->filename = strdup(file);
	rc = cfg_parse_fp(cfg, f);
	(void)fclose(f);
	free(text);
	parse_lines = 0;
	if (rc == CFG_SUCCESS)
		return 0;
	if (e->text[0] == '\0')
		(void)err_set(e, "%s: cannot be read", file);
	return -1;
}

static int
parse_all(cfg_t *cfg, const char *file, const char *const *overrides,
    size_t n_overrides, struct err *e)
{
	size_t i;
	int rc;

	if (file != NULL && parse_file(cfg, file, e) == -1)
		return -1;
	for (i = 0; i < n_overrides; i++) {
		char *text = conf_override_text(parse_root, overrides[i], e);

		if (text == NULL)
			return err_prefix(e, "-o %s", overrides[i]);
		parse_override = overrides[i];
		rc = cfg_parse_buf(cfg, text);
		parse_override = NULL;
		free(text);
		if (rc != CFG_SUCCESS && e->text[0] == '\0')
			(void)err_set(e, "-o %s: cannot be read", overrides[i]);
		if (rc != CFG_SUCCESS)
			return -1;
	}
	return 0;
}

struct conf *
conf_read(const char *file, const char *const *overrides, size_t n_overrides,
    const struct conf_section *root, void *into, struct err *e)
{
	struct conf *c = calloc(1, sizeof(*c));
	cfg_opt_t *opts = build_options(root);
	cfg_t *cfg = NULL;
	int ok = 0;

	e->text[0] = '\0';
	parse_err = e;
	parse_root = root;
	if (c == NULL || opts == NULL ||
	    (c->file = strdup(file != NULL ? file : "command line")) == NULL ||
	    (cfg = cfg_init(opts, CFGF_NONE)) == NULL) {
		(void)err_set(e, "no memory");
		goto out;
	}
	(void)cfg_set_error_function(cfg, parse_error);
	ok = parse_all(cfg, file, overrides, n_overrides, e) == 0 &&
	    fill(c, root, cfg, into, e) == 0;
out:
	if (cfg != NULL)
		(void)cfg_free(cfg);
	free_options(opts);
	parse_err = NULL;
	if (!ok) {
		conf_free(c);
		return NULL;
	}
	return c;
}

void
conf_free(struct conf *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n_owned; i++)
		free(c->owned[i]);
	free(c->owned);
	free(c->places);
	free(c->file);
	free(c);
}

static const struct place *
place_of(const struct conf *c, const void *field)
{
	size_t i;

	for (i = 0; i < c->n_places; i++) {
		if (c->places[i].field == field)
			return &c->places[i];
	}
	return NULL;
}

int
conf_fault(const struct conf *c, const void *field, struct err *e,
    const char *fmt, ...)
{
	const struct place *p = place_of(c, field);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return err_prefix(e, "%s", p != NULL ? p->where : c->file);
}

bool
conf_given(const struct conf *c, const void *field)
{
	const struct place *p = place_of(c, field);

	return p != NULL && p->given;
}
