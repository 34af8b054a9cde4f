#include "statusd/offers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shelf {
	char system[REPORT_MAX_NAME + 1];
	int64_t seq, at;
	struct offer *items;
	size_t n;
};

struct offers {
	pthread_mutex_t lock; /* guards all below */
	struct shelf *shelves;
	size_t n;
	int64_t looked_at;
};

struct offers *
offers_new(void)
{
	struct offers *o = calloc(1, sizeof(*o));

	if (o != NULL)
		(void)pthread_mutex_init(&o->lock, NULL);
	return o;
}

void
offers_free(struct offers *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n; i++)
		free(o->shelves[i].items);
	free(o->shelves);
	(void)pthread_mutex_destroy(&o->lock);
	free(o);
}

static struct shelf *
find(struct offers *o, const char *system)
{
	for (size_t i = 0; i < o->n; i++) {
		if (strcmp(o->shelves[i].system, system) == 0)
			return &o->shelves[i];
	}
	return NULL;
}

/* NULL without memory. */
static struct shelf *
add(struct offers *o, const char *system)
{
	struct shelf *more = reallocarray(o->shelves, o->n + 1, sizeof(*more));

	if (more == NULL)
		return NULL;
	o->shelves = more;
	more += o->n++;
	*more = (struct shelf){ .seq = -1 };
	(void)snprintf(more->system, sizeof(more->system), "%s", system);
	return more;
}

void
offers_put(struct offers *o, const struct report *r, int64_t now)
{
	struct offer *items = calloc(r->n_remedies + 1, sizeof(*items));
	struct shelf *s;

	if (items == NULL)
		return;
	for (size_t i = 0; i < r->n_remedies; i++) {
		(void)snprintf(items[i].name, sizeof(items[i].name), "%s",
		    r->remedies[i].name);
		(void)snprintf(items[i].title, sizeof(items[i].title), "%s",
		    r->remedies[i].title);
	}
	(void)pthread_mutex_lock(&o->lock);
	s = find(o, r->system);
	if (s == NULL)
		s = add(o, r->system);
	if (s != NULL && r->seq >= s->seq) {
		struct offer *old = s->items;

		s->items = items;
		items = old;
		s->n = r->n_remedies;
		s->seq = r->seq;
		s->at = now;
	}
	(void)pthread_mutex_unlock(&o->lock);
	free(items);
}

size_t
offers_list(struct offers *o, const char *system,
    struct offer items[REPORT_MAX_REMEDIES], int64_t *at_r)
{
	struct shelf *s;
	size_t n = 0;

	*at_r = 0;
	(void)pthread_mutex_lock(&o->lock);
	s = find(o, system);
	if (s != NULL) {
		n = s->n < REPORT_MAX_REMEDIES ? s->n : REPORT_MAX_REMEDIES;
		memcpy(items, s->items, n * sizeof(*items));
		*at_r = s->at;
	}
	(void)pthread_mutex_unlock(&o->lock);
	return n;
}

bool
offers_find(struct offers *o, const char *system, const char *name,
    struct offer *offer_r)
{
	struct shelf *s;
	bool found = false;

	(void)pthread_mutex_lock(&o->lock);
	s = find(o, system);
	for (size_t i = 0; s != NULL && i < s->n && !found; i++) {
		found = strcmp(s->items[i].name, name) == 0;
		if (found)
			*offer_r = s->items[i];
	}
	(void)pthread_mutex_unlock(&o->lock);
	return found;
}

void
offers_look(struct offers *o, int64_t now)
{
	(void)pthread_mutex_lock(&o->lock);
	o->looked_at = now;
	(void)pthread_mutex_unlock(&o->lock);
}

bool
offers_wanted_soon(struct offers *o, int64_t now)
{
	bool soon;

	(void)pthread_mutex_lock(&o->lock);
	soon = o->looked_at != 0 && now - o->looked_at < OFFERS_LOOK_S &&
	    now >= o->looked_at;
	(void)pthread_mutex_unlock(&o->lock);
	return soon;
}
