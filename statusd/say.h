#ifndef STATUSD_SAY_H
#define STATUSD_SAY_H

#include <stddef.h>

struct buf;
struct err;
struct html;

/*
 * The words of the pages, feeds and posts.  They stand in one catalogue, in
 * English; another language is a file that say_load() reads once, before there
 * are threads.  What is missing in it stays English.
 */
enum say {
#define W(id, text) SAY_##id,
#define C(id, check, subject, trouble, means, over, good) \
	SAY_##id##_TROUBLE, SAY_##id##_MEANS, SAY_##id##_OVER, SAY_##id##_GOOD,
#include "statusd/say_words.def"
#undef W
#undef C
	SAY_N
};

/* A text of the catalogue, with its placeholders. */
const char *say(enum say id);

/*
 * Add the text with its placeholders filled in: pairs of a placeholder's name
 * and its value, ended by a NULL.  In HTML the values are escaped.
 */
void say_to(struct buf *b, enum say id, ...) __attribute__((sentinel));
void say_html(struct html *h, enum say id, ...) __attribute__((sentinel));
/* The same into an array; what does not fit is left out. */
char *say_in(char *out, size_t size, enum say id, ...)
    __attribute__((sentinel));

/*
 * One of two texts, by the number, which becomes {n}, whole and in groups of
 * three digits.
 */
#define SAY_NUMBER_SIZE 48
char *say_number(double value, char out[SAY_NUMBER_SIZE]);
void say_count(struct buf *b, enum say one, enum say many, double n);

/* "43 min", "6 h 27 min", as duration_text() has it. */
#define SAY_DURATION_SIZE 96
char *say_duration(long long seconds, char out[SAY_DURATION_SIZE]);

/* The country with that ISO 3166-1 code; NULL: there is none. */
const char *say_country(const char *code);

/*
 * Take another language.  0, or -1 with "FILE:LINE: what is wrong" in *e and
 * nothing changed; "" is English.  say_check() only looks.
 */
int say_load(const char *file, struct err *e);
int say_check(const char *file, struct err *e);

/* Add the catalogue as such a file, to begin a translation with. */
void say_list(struct buf *b);

/* Changes with the words: pages made with others are made anew. */
const char *say_mark(void);

#endif
