#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * A configuration file in libconfuse's form, read into a struct by a table
 * that has one row per option: its name, its kind, where it goes, its default
 * as it would be written, its bounds.  A section is a table of its own; one
 * with a title can stand many times and fills an array.
 */
enum conf_kind {
	CONF_STRING, /* char *, never NULL */
	CONF_BOOL, /* bool */
	CONF_INT, /* int64_t; 0660 is octal */
	CONF_SECONDS, /* int64_t, from a duration of whole seconds */
	CONF_MS, /* int64_t, from a duration */
	CONF_SIZE, /* int64_t bytes */
	CONF_RATIO, /* double, 0 to 1 */
	CONF_WORD, /* int: the index in "words" */
	CONF_LIST, /* struct conf_list of strings */
};

struct conf_list {
	char **items;
	size_t n;
};

/* What fills from a section that can stand many times. */
struct conf_array {
	void *items;
	size_t n;
};

struct conf_option {
	const char *name;
	enum conf_kind kind;
	size_t offset; /* of the field in the section's struct */
	const char *preset; /* as in the file; NULL: "", 0, false, empty */
	int64_t min, max; /* in the field's unit; max 0: no bounds */
	const char *const *words; /* CONF_WORD: ended by NULL */
	/* A further check of one value (for a list, of each), or NULL. */
	int (*check)(const char *value, struct err *e);
};

struct conf_section {
	const char *name; /* NULL: the file itself */
	const struct conf_option *options; /* ended by .name NULL */
	const struct conf_section *sections; /* ended by .name NULL; or NULL */
	size_t
	    offset; /* in the parent's struct: of the struct, or conf_array */
	size_t size; /* 0: stands once; else sizeof an item of the array */
	size_t title_offset; /* char * in the item */
	/* Checks the title, or NULL. */
	int (*check_title)(const char *title, struct err *e);
};

struct conf;

/*
 * Read "file" and, over it, "overrides" ("name=value", "section.name=value";
 * "section.title.name=value" where it has a title) into the struct at "into",
 * which "root" describes and whose storage the caller owns.  "file" may be
 * NULL: defaults and overrides alone.  On a fault returns NULL with
 * "FILE:LINE: what is wrong and what would be right" in *e, and *into is not
 * to be used.  Strings and arrays in *into live until conf_free().
 */
struct conf *conf_read(const char *file, const char *const *overrides,
    size_t n_overrides, const struct conf_section *root, void *into,
    struct err *e);
void conf_free(struct conf *c);

/*
 * For checks that look at several options: set *e to "FILE:LINE: message",
 * where "field" is the address of the field in the filled struct that is to be
 * named (a string's or list's field, not its content).  Returns -1.
 */
int conf_fault(const struct conf *c, const void *field, struct err *e,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Whether the file or an override gave this field a value. */
bool conf_given(const struct conf *c, const void *field);

#endif
