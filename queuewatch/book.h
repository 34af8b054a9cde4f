#ifndef QUEUEWATCH_BOOK_H
#define QUEUEWATCH_BOOK_H

#include "lib/code.h"
#include "lib/report.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

/*
 * What the remedy process must not forget: which codes were used, whether the
 * door is closed, which orders were taken and what became of them.  A file of
 * fixed size, written whole when it is made and in place ever after, so that it
 * can be written when every disk is full.  One thread.
 */
#define BOOK_ORDERS 64
#define BOOK_SECRETS 96
#define BOOK_TEXT 480

enum book_state {
	BOOK_FREE,
	BOOK_WAITING, /* its code was good, it has not begun */
	BOOK_BEGUN,
	BOOK_OVER,
};

struct book_order {
	char id[REPORT_MAX_NAME + 1];
	char remedy[REPORT_MAX_NAME + 1];
	char text[BOOK_TEXT]; /* the end of the output, or why not */
	int64_t at; /* Unix seconds: of the last change */
	int64_t number; /* they are taken in this order */
	int32_t state; /* enum book_state */
	int32_t outcome; /* enum report_outcome, when over */
	int32_t exit_status; /* -1: none */
	int32_t told; /* a report carries it */
};

struct book;

/*
 * Open the file at "path", or make it (mode 0600); it must be ours alone.
 * What had begun when the last process ended is over then, as failed; what
 * waited as refused.  Where the file cannot be had, or "path" is NULL, the book
 * is in memory, and *e says why.  NULL without memory.
 */
struct book *book_open(const char *path, int64_t now, struct err *e);
void book_close(struct book *b);
bool book_in_memory(const struct book *b);

/* A process that runs a remedy holds this lock: 1, or 0 where another does. */
int book_lock(struct book *b);
void book_unlock(struct book *b);

/* What was used of the secret with this key (book_key()'s). */
uint64_t book_key(const char *remedy, const struct code_secret *secret);
struct code_used book_used(const struct book *b, uint64_t key);
struct door book_door(const struct book *b);

/* Keep it, on the disk when they return 0; -1 with *e set: in memory only. */
int book_set_used(struct book *b, uint64_t key, const struct code_used *used,
    int64_t now, struct err *e);
int book_set_door(struct book *b, const struct door *door, struct err *e);

/* The order with this id, or NULL. */
struct book_order *book_find(struct book *b, const char *id);
/*
 * Room for a new order with this id, zeroed but for id and number: where there
 * is none left, that of the oldest one that was refused, or else is over.  NULL
 * where all wait.
 */
struct book_order *book_new(struct book *b, const char *id);
/* Keep the order as it is now. */
int book_write(struct book *b, const struct book_order *o, struct err *e);

/* The order of that state that came first and is told of or not, or NULL. */
struct book_order *book_first(struct book *b, enum book_state state, bool told);
/* The one behind it of the same state, told of or not as it is. */
struct book_order *book_next(struct book *b, const struct book_order *before);

#endif
