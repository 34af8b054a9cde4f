#include "lib/conf.h"

#include "lib/conf_parse.h"
#include "lib/conf_value.h"
#include "lib/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

struct conf *
conf_read(const char *file, const char *const *overrides, size_t n_overrides,
    const struct conf_section *root, void *into, struct err *e)
{
	struct conf *c = calloc(1, sizeof(*c));
	const struct conf_source from = { file, overrides, n_overrides };
	struct conf_tree tree = { 0 };
	int ok = 0;

	if (c == NULL ||
	    (c->file = strdup(file != NULL ? file : "command line")) == NULL)
		(void)err_set(e, "no memory");
	else
		ok = conf_parse(&from, root, &tree, e) == 0 &&
		    fill(c, root, tree.cfg, into, e) == 0;
	conf_parse_free(&tree);
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
