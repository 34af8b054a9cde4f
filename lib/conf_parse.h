#ifndef LIB_CONF_PARSE_H
#define LIB_CONF_PARSE_H

#include "lib/conf.h"

#include <confuse.h>

/*
 * The part of conf that drives libconfuse: text to its tree.  For conf.c only.
 * Each option that was given has "file:line" as its comment.
 */
struct conf_source {
	const char *file; /* or NULL */
	const char *const *overrides;
	size_t n_overrides;
};

struct conf_tree {
	cfg_t *cfg;
	cfg_opt_t *options;
};

/* 0, or -1 with *e set; conf_parse_free() in either case. */
int conf_parse(const struct conf_source *from, const struct conf_section *root,
    struct conf_tree *tree_r, struct err *e);
void conf_parse_free(struct conf_tree *tree);

#endif
