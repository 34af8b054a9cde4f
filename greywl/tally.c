#include "greywl/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
tally_init(struct tally *t)
{
	*t = (struct tally){ .items = NULL };
	intern_init(&t->domains);
}

void
tally_free(struct tally *t)
{
	intern_free(&t->domains);
	free(t->items);
	t->items = NULL;
}

static struct rehearse_domain *
item_of(struct tally *t, const char *sender)
{
	const char *domain = address_domain(sender);
	struct rehearse_domain *p;
	char lower[DOMAIN_MAX + 1] = "";
	uint32_t number;
	size_t room;

	if (domain != NULL && strlen(domain) <= DOMAIN_MAX)
		(void)address_lower(domain, lower, sizeof(lower));
	number = intern_add(&t->domains, lower, strlen(lower), NULL);
	if (number == UINT32_MAX)
		return NULL;
	if (number >= t->room) {
		room = t->room * 2 + 64;
		p = reallocarray(t->items, room, sizeof(*p));
		if (p == NULL)
			return NULL;
		memset(p + t->room, 0, (room - t->room) * sizeof(*p));
		t->items = p;
		t->room = room;
	}
	p = &t->items[number];
	memcpy(p->domain, lower, sizeof(lower));
	return p;
}

void
tally_add(struct tally *t, const struct tally_item *item)
{
	struct rehearse_domain *d = item_of(t, item->sender);

	if (d == NULL)
		return;
	d->messages++;
	d->proven += item->proven;
	d->named += item->named;
	if (item->wait_s > d->longest_s)
		d->longest_s = item->wait_s;
	if (item->at >= d->last) {
		d->last = item->at;
		(void)ip_text(item->client, d->client);
	}
}

static int
by_messages(const void *a, const void *b)
{
	const struct rehearse_domain *x = a, *y = b;

	if (x->messages != y->messages)
		return x->messages > y->messages ? -1 : 1;
	return strcmp(x->domain, y->domain);
}

struct rehearse_domain *
tally_take(struct tally *t, size_t *n_r)
{
	struct rehearse_domain *items = t->items;

	*n_r = t->domains.n < t->room ? t->domains.n : t->room;
	if (*n_r > 1)
		qsort(items, *n_r, sizeof(*items), by_messages);
	t->items = NULL;
	t->room = 0;
	tally_free(t);
	return items;
}
