#ifndef GREYWL_HEAP_H
#define GREYWL_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is due, the earliest first.  All zero is an empty one. */
struct heap {
	struct heap_item {
		int64_t at;
		size_t what;
	} * items;
	size_t n, room;
};

/* Returns 0, or -1: no memory. */
int heap_add(struct heap *h, int64_t at, size_t what);
/* The earliest; false: there is none. */
bool heap_first(const struct heap *h, int64_t *at_r, size_t *what_r);
void heap_drop(struct heap *h);
void heap_free(struct heap *h);

#endif
