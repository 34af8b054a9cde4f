#include "greywl/heap.h"

#include <stdlib.h>

static void
swap(struct heap_item *a, struct heap_item *b)
{
	struct heap_item c = *a;

	*a = *b;
	*b = c;
}

int
heap_add(struct heap *h, int64_t at, size_t what)
{
	struct heap_item *p;
	size_t i;

	if (h->n == h->room) {
		p = reallocarray(h->items, h->room * 2 + 64, sizeof(*p));
		if (p == NULL)
			return -1;
		h->items = p;
		h->room = h->room * 2 + 64;
	}
	i = h->n++;
	h->items[i] = (struct heap_item){ at, what };
	for (; i > 0 && h->items[(i - 1) / 2].at > h->items[i].at;
	     i = (i - 1) / 2)
		swap(&h->items[(i - 1) / 2], &h->items[i]);
	return 0;
}

bool
heap_first(const struct heap *h, int64_t *at_r, size_t *what_r)
{
	if (h->n == 0)
		return false;
	*at_r = h->items[0].at;
	*what_r = h->items[0].what;
	return true;
}

void
heap_drop(struct heap *h)
{
	size_t i = 0, least;

	h->items[0] = h->items[--h->n];
	for (;;) {
		least = i;
		if (2 * i + 1 < h->n &&
		    h->items[2 * i + 1].at < h->items[least].at)
			least = 2 * i + 1;
		if (2 * i + 2 < h->n &&
		    h->items[2 * i + 2].at < h->items[least].at)
			least = 2 * i + 2;
		if (least == i)
			return;
		swap(&h->items[i], &h->items[least]);
		i = least;
	}
}

void
heap_free(struct heap *h)
{
	free(h->items);
	*h = (struct heap){ .items = NULL };
}
