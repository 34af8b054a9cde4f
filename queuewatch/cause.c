#include "queuewatch/cause.h"

#include "lib/domain.h"
#include "queuewatch/showq.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_LEAST 0.05

const char *const cause_words[] = { "destination", "sender", "recipient",
	"reason", "sasl", "client", "size", "filter", NULL };

struct key {
	char *name; /* NULL: free */
	char *reason; /* the majority's candidate (Boyer and Moore), or NULL */
	int64_t count;
	int64_t votes;
};

struct tally {
	struct key *keys;
	size_t most, slots; /* names; places: a power of two */
	size_t n;
	int64_t total;
	int64_t floor; /* what was let go had no more */
};

struct tally *
tally_new(size_t keys)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->most = keys;
	t->slots = keys * 2;
	t->keys = calloc(t->slots, sizeof(*t->keys));
	if (t->keys == NULL) {
		free(t);
		return NULL;
	}
	return t;
}

static void
key_free(struct key *k)
{
	free(k->name);
	free(k->reason);
	*k = (struct key){ 0 };
}

void
tally_reset(struct tally *t)
{
	size_t i;

	for (i = 0; i < t->slots; i++)
		key_free(&t->keys[i]);
	t->n = 0;
	t->total = t->floor = 0;
}

void
tally_free(struct tally *t)
{
	if (t == NULL)
		return;
	tally_reset(t);
	free(t->keys);
	free(t);
}

static struct key *
find(struct tally *t, const char *name)
{
	uint64_t h = UINT64_C(14695981039346656037);
	const char *p;
	size_t i;

	for (p = name; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	i = (size_t)(h ^ h >> 32) & (t->slots - 1);
	while (t->keys[i].name != NULL && strcmp(t->keys[i].name, name) != 0)
		i = (i + 1) & (t->slots - 1);
	return &t->keys[i];
}

static size_t
count_above(const struct tally *t, int64_t floor)
{
	size_t i, n = 0;

	for (i = 0; i < t->slots; i++)
		n += t->keys[i].name != NULL && t->keys[i].count > floor;
	return n;
}

/* Let go of the least until a quarter is free. */
static void
prune(struct tally *t)
{
	size_t bytes = t->slots * sizeof(*t->keys), i;
	struct key *old = malloc(bytes);

	if (old == NULL)
		return;
	do {
		t->floor++;
		t->n = count_above(t, t->floor);
	} while (t->n > t->most - t->most / 4);
	memcpy(old, t->keys, bytes);
	memset(t->keys, 0, bytes);
	for (i = 0; i < t->slots; i++) {
		if (old[i].name != NULL && old[i].count > t->floor)
			*find(t, old[i].name) = old[i];
		else
			key_free(&old[i]);
	}
	free(old);
}

static void
vote(struct key *k, const char *reason)
{
	if (*reason == '\0')
		return;
	if (k->votes == 0) {
		free(k->reason);
		k->reason = strdup(reason);
		k->votes = 1;
	} else if (k->reason != NULL && strcmp(k->reason, reason) == 0) {
		k->votes++;
	} else {
		k->votes--;
	}
}

/* The name's key, made where there is none; NULL without room. */
static struct key *
key_of(struct tally *t, const char *name)
{
	struct key *k = find(t, name);

	if (k->name != NULL)
		return k;
	if (t->n >= t->most) {
		prune(t);
		k = find(t, name);
	}
	if (t->n >= t->most || (k->name = strdup(name)) == NULL)
		return NULL;
	k->count = t->floor;
	t->n++;
	return k;
}

void
tally_add(struct tally *t, const char *name, const char *reason)
{
	struct key *k = key_of(t, name);

	t->total++;
	if (k == NULL)
		return;
	k->count++;
	vote(k, reason);
}

void
tally_add_many(struct tally *t, const char *name, int64_t n)
{
	struct key *k = key_of(t, name);

	t->total += n;
	if (k != NULL)
		k->count += n;
}

int64_t
tally_total(const struct tally *t)
{
	return t->total;
}

static int
larger_first(const void *a, const void *b)
{
	const struct key *x = *(const struct key *const *)a;
	const struct key *y = *(const struct key *const *)b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void
copy(char *to, size_t size, const char *from)
{
	size_t n = from == NULL ? 0 : strnlen(from, size - 1);

	if (n > 0)
		memcpy(to, from, n);
	to[n] = '\0';
}

size_t
tally_top(const struct tally *t, struct tally_row *rows, size_t most)
{
	const struct key **sorted = calloc(t->n + 1, sizeof(*sorted));
	size_t i, n = 0;

	if (sorted == NULL)
		return 0;
	for (i = 0; i < t->slots && n < t->n; i++) {
		if (t->keys[i].name != NULL)
			sorted[n++] = &t->keys[i];
	}
	qsort(sorted, n, sizeof(*sorted), larger_first);
	if (n > most)
		n = most;
	for (i = 0; i < n; i++) {
		copy(rows[i].name, sizeof(rows[i].name), sorted[i]->name);
		copy(rows[i].reason, sizeof(rows[i].reason), sorted[i]->reason);
		rows[i].count = sorted[i]->count;
		rows[i].share = (double)sorted[i]->count / (double)t->total;
	}
	free(sorted);
	return n;
}

static void
copy_lower(char out[TALLY_NAME], const char *from)
{
	size_t i;

	for (i = 0; i < TALLY_NAME - 1 && from[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)from[i]);
	out[i] = '\0';
}

static const char *
size_class(int64_t bytes)
{
	static const struct {
		int64_t below;
		const char *name;
	} classes[] = { { 10000, "under 10 kB" }, { 100000, "under 100 kB" },
		{ 1000000, "under 1 MB" }, { 10000000, "under 10 MB" } };
	size_t i;

	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (bytes < classes[i].below)
			return classes[i].name;
	}
	return "10 MB and more";
}

/* That mail is small, or that nobody knows, explains nothing. */
static bool
explains(enum cause_by by, const char *name)
{
	if (by == CAUSE_SIZE)
		return strcmp(name, "under 10 MB") == 0 ||
		    strcmp(name, "10 MB and more") == 0;
	return strcmp(name, CAUSE_NONE) != 0 &&
	    strcmp(name, CAUSE_UNKNOWN) != 0;
}

void
cause_name(const struct showq_entry *m, enum cause_by by, char out[TALLY_NAME])
{
	char folded[TEMPLATE_SIZE];
	const char *domain;

	switch (by) {
	case CAUSE_DESTINATION:
		domain = address_domain(m->recipient);
		copy_lower(out, domain != NULL ? domain : "(local)");
		break;
	case CAUSE_SENDER:
		copy_lower(out, m->sender[0] != '\0' ? m->sender : "<>");
		break;
	case CAUSE_RECIPIENT:
		copy_lower(out, m->recipient);
		break;
	case CAUSE_SASL:
	case CAUSE_CLIENT:
		copy(out, TALLY_NAME, CAUSE_UNKNOWN);
		break;
	case CAUSE_SIZE:
		copy(out, TALLY_NAME, size_class(m->size));
		break;
	case CAUSE_REASON:
	case CAUSE_FILTER:
	case CAUSE_KINDS:
		(void)template_fold(m->reason, folded);
		copy(out, TALLY_NAME, *folded != '\0' ? folded : CAUSE_NONE);
		break;
	}
}

/* Into its place by share; behind those that are as large. */
static void
insert(struct causes *c, enum cause_by by, const struct tally_row *row)
{
	size_t i = c->n;

	/* A filter that jams is in front of all that waits for it. */
	while (i > 0 &&
	    (c->items[i - 1].row.share < row->share ||
	        (by == CAUSE_FILTER &&
	            c->items[i - 1].row.share <= row->share)))
		i--;
	if (i == CAUSES_MOST)
		return;
	if (c->n < CAUSES_MOST)
		c->n++;
	memmove(&c->items[i + 1], &c->items[i],
	    (c->n - 1 - i) * sizeof(c->items[0]));
	c->items[i].by = by;
	c->items[i].row = *row;
}

void
causes_of(struct tally *const tallies[CAUSE_KINDS], struct causes *c_r)
{
	static const enum cause_by kinds[] = { CAUSE_DESTINATION, CAUSE_SASL,
		CAUSE_REASON, CAUSE_SENDER, CAUSE_CLIENT, CAUSE_SIZE };
	struct tally_row rows[3];
	size_t i, k, n;

	c_r->n = 0;
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		if (tallies[kinds[k]] == NULL)
			continue;
		n = tally_top(tallies[kinds[k]], rows, 3);
		for (i = 0; i < n; i++) {
			if (rows[i].share >= SHARE_LEAST &&
			    explains(kinds[k], rows[i].name))
				insert(c_r, kinds[k], &rows[i]);
		}
	}
}

void
causes_add(struct causes *c, enum cause_by by, const char *name, double share,
    const char *reason)
{
	struct tally_row row = { .share = share };

	copy(row.name, sizeof(row.name), name);
	copy(row.reason, sizeof(row.reason), reason);
	insert(c, by, &row);
}

json_t *
causes_json(const struct causes *c)
{
	json_t *a = json_array();
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct tally_row *row = &c->items[i].row;
		json_t *name = json_string(row->name);

		/* a name that is no UTF-8 is not shown */
		(void)json_array_append_new(a,
		    json_pack("{s:s, s:o, s:f, s:s}", "by",
		        cause_words[c->items[i].by], "name",
		        name != NULL ? name : json_string("?"), "share",
		        row->share, "reason", row->reason));
	}
	return a;
}
