#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * A growing byte buffer that carries its cap.  "data" is always terminated by
 * a NUL that "len" does not count, and NULL only while nothing was ever added.
 * A buffer that would pass its cap, or that found no memory, is marked "bad",
 * keeps what it had and ignores everything after: check once, at the end.
 */
struct buf {
	char *data;
	size_t len;
	size_t size;
	size_t cap; /* most bytes it may hold */
	int bad;
};

void buf_init(struct buf *b, size_t cap);
/* Frees the data; the buffer may be used again with the same cap. */
void buf_free(struct buf *b);
/* Empties it and clears "bad"; keeps the memory. */
void buf_reset(struct buf *b);

/* Have room for "n" more bytes, so that adding them does not grow it step by
 * step. */
void buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/* The text, never NULL. */
const char *buf_text(const struct buf *b);
/* Hands the memory over (free() it); NULL when bad.  The buffer is empty. */
char *buf_take(struct buf *b);

#endif
