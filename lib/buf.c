#include "lib/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){ .cap = cap };
}

void
buf_free(struct buf *b)
{
	free(b->data);
	buf_init(b, b->cap);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->bad = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Room for n more bytes and the NUL; 0, or -1 with the buffer marked bad. */
static int
reserve(struct buf *b, size_t n)
{
	size_t size = b->size ? b->size : 64;
	char *p;

	if (b->bad || b->len > b->cap || n > b->cap - b->len) {
		b->bad = 1;
		return -1;
	}
	while (size < b->len + n + 1)
		size *= 2;
	if (size == b->size)
		return 0;
	p = realloc(b->data, size);
	if (p == NULL) {
		b->bad = 1;
		return -1;
	}
	b->data = p;
	b->size = size;
	return 0;
}

void
buf_room(struct buf *b, size_t n)
{
	(void)reserve(b, n);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (reserve(b, n) == -1)
		return;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	size_t room;
	int n;

	if (reserve(b, 0) == -1)
		return;
	/* most texts fit into the room that is there */
	room = b->size - b->len;
	va_copy(again, ap);
	n = vsnprintf(b->data + b->len, room, fmt, ap);
	if (n >= 0 && (size_t)n < room && (size_t)n <= b->cap - b->len) {
		b->len += (size_t)n;
	} else {
		b->data[b->len] = '\0';
		if (n < 0)
			b->bad = 1;
		else if (reserve(b, (size_t)n) == 0) {
			(void)vsnprintf(
			    b->data + b->len, (size_t)n + 1, fmt, again);
			b->len += (size_t)n;
		}
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *
buf_text(const struct buf *b)
{
	return b->data != NULL ? b->data : "";
}

char *
buf_take(struct buf *b)
{
	char *p = NULL;

	if (!b->bad)
		p = b->data != NULL ? b->data : calloc(1, 1);
	if (p == b->data)
		b->data = NULL;
	buf_free(b);
	return p;
}
