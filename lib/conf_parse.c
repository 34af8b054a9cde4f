#include "lib/conf_parse.h"

#include "lib/buf.h"
#include "lib/conf_value.h"
#include "lib/err.h"

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

/*
 * libconfuse's callbacks carry no pointer of the caller's, so the message of
 * the parse under way in this thread is kept here.
 */
static _Thread_local struct err *parse_err;
static _Thread_local const struct conf_section *parse_root;
static _Thread_local int parse_lines; /* of the file; 0 for an override */
static _Thread_local const char *parse_override;
/* A section that stands once does not know its file. */
static _Thread_local const char *parse_name;

/* "file:12", or the override. */
static void
place_text(const cfg_t *cfg, char *out, size_t size)
{
	if (parse_override != NULL)
		(void)snprintf(out, size, "-o %s", parse_override);
	else
		(void)snprintf(out, size, "%.500s:%d", parse_name,
		    parse_lines > 0 && cfg->line > parse_lines ? parse_lines
		                                               : cfg->line);
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
	parse_name = file;
	rc = cfg_parse_fp(cfg, f);
	(void)fclose(f);
	free(text);
	parse_name = NULL;
	parse_lines = 0;
	if (rc == CFG_SUCCESS)
		return 0;
	if (e->text[0] == '\0')
		(void)err_set(e, "%s: cannot be read", file);
	return -1;
}

static int
parse_all(cfg_t *cfg, const struct conf_source *from, struct err *e)
{
	size_t i;
	int rc;

	if (from->file != NULL && parse_file(cfg, from->file, e) == -1)
		return -1;
	for (i = 0; i < from->n_overrides; i++) {
		char *text = conf_override_text(
		    parse_root, from->overrides[i], e);

		if (text == NULL)
			return err_prefix(e, "-o %s", from->overrides[i]);
		parse_override = from->overrides[i];
		rc = cfg_parse_buf(cfg, text);
		parse_override = NULL;
		free(text);
		if (rc != CFG_SUCCESS && e->text[0] == '\0')
			(void)err_set(
			    e, "-o %s: cannot be read", from->overrides[i]);
		if (rc != CFG_SUCCESS)
			return -1;
	}
	return 0;
}

int
conf_parse(const struct conf_source *from, const struct conf_section *root,
    struct conf_tree *tree_r, struct err *e)
{
	int rc;

	*tree_r = (struct conf_tree){ .options = build_options(root) };
	if (tree_r->options == NULL ||
	    (tree_r->cfg = cfg_init(tree_r->options, CFGF_NONE)) == NULL)
		return err_set(e, "no memory");
	(void)cfg_set_error_function(tree_r->cfg, parse_error);
	e->text[0] = '\0';
	parse_err = e;
	parse_root = root;
	rc = parse_all(tree_r->cfg, from, e);
	parse_err = NULL;
	parse_root = NULL;
	return rc;
}

void
conf_parse_free(struct conf_tree *tree)
{
	if (tree->cfg != NULL)
		(void)cfg_free(tree->cfg);
	free_options(tree->options);
	*tree = (struct conf_tree){ 0 };
}
