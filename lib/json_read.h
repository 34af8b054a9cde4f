#ifndef LIB_JSON_READ_H
#define LIB_JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/*
 * Typed reading of a JSON document that somebody else wrote: a fault names the
 * path and what would be right ('findings[3].level: "bad" is none of ok, ...').
 * Pure.
 */

/* An object of the document and where it stands. */
struct json_at {
	json_t *o;
	char path[64]; /* "findings[3]."; "" at the top */
	struct err *e;
};

/* A key that is null counts as one that is not there. */
enum json_need { JSON_OPTIONAL, JSON_REQUIRED };

/*
 * Load a document of at most "max" bytes that is an object.  *at_r is its top;
 * the result owns all of it (json_decref) and is an array, to which more can be
 * added that is to live as long.  NULL with *e set on failure.  Keys that stand
 * twice in one object are refused.
 */
json_t *json_read_load(const char *text, size_t len, size_t max,
    struct json_at *at_r, struct err *e);

/* Set the error to "path.key: ...".  Returns -1. */
int json_read_fault(const struct json_at *at, const char *key, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
/* "text", "a number", ... */
const char *json_read_type(const json_t *v);
/* Foreign text for a message: what is not plain ASCII is "?", the rest cut. */
#define JSON_QUOTE_SIZE 80
char *json_read_quote(const char *s, char out[JSON_QUOTE_SIZE]);

/*
 * A text to put into a document: NULL counts as "", what is not UTF-8 becomes
 * U+FFFD, more than max bytes are cut on a character's boundary.
 */
json_t *json_clean_text(const char *s, size_t max);

/*
 * The value of a key: 1; 0 where it is optional and not there; -1 with the
 * error set.
 */
int json_read_look(const struct json_at *at, const char *key,
    enum json_need need, json_t **v_r);

/*
 * Each of these returns 0, or -1 with the error set.  What is optional and not
 * there leaves *out as it was; but text becomes "".  Text that must be there
 * must not be empty; it lives as long as the document.
 */
int json_read_text(const struct json_at *at, const char *key,
    enum json_need need, size_t max, const char **text_r);
int json_read_int(const struct json_at *at, const char *key,
    enum json_need need, int64_t max, int64_t *n_r); /* 0 to max */
int json_read_time(const struct json_at *at, const char *key,
    enum json_need need, int64_t *at_r); /* RFC 3339 */
/* Which of the words (ended by NULL); must be there. */
int json_read_word(const struct json_at *at, const char *key,
    const char *const *words, int *word_r);

/* A finite number: 1 when it is there, else 0 or -1. */
int json_read_number(const struct json_at *at, const char *key,
    enum json_need need, double *d_r);

/* How many items an array has; 0 where it is optional and not there; -1. */
int json_read_array(
    const struct json_at *at, const char *key, enum json_need need, size_t max);
/* The i-th item of that array, which must be an object. */
int json_read_item(const struct json_at *at, const char *key, size_t i,
    struct json_at *item_r);
/* The object at "key": 1, 0, -1. */
int json_read_object(const struct json_at *at, const char *key,
    enum json_need need, struct json_at *in_r);

#endif
