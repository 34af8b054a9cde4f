#include "lib/grey/store_recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512 /* of each kind; then it begins anew */
#define SLOTS 2048 /* a power of two, well above ROWS_MAX */
#define ORIGINS_MAX 8 /* of a record that is kept */
#define NONE UINT16_MAX

struct row {
	struct key key;
	int64_t first_seen, last_seen;
	size_t n_origins;
	struct grey_origin origins[ORIGINS_MAX];
};

/* Rows in the order of their coming, and where each is found. */
struct table {
	size_t n;
	uint16_t slots[SLOTS];
};

struct recent {
	pthread_mutex_t lock;
	unsigned generation;
	uint32_t changes; /* the count that this belongs to */
	bool committing; /* one more may be ours */
	struct table rows_by_key, credits_by_id;
	struct row rows[ROWS_MAX];
	struct grey_credit credits[ROWS_MAX];

	/* of the transaction that is open */
	uint32_t before;
	bool other;
	size_t n_rows, n_credits;
	struct row open_rows[ROWS_MAX];
	struct grey_credit open_credits[ROWS_MAX];
};

/* --- tables --- */

static void
clear(struct table *t)
{
	t->n = 0;
	memset(t->slots, 0xff, sizeof(t->slots));
}

static size_t
hash_of_key(const struct key *k)
{
	return (size_t)key_short(k) % SLOTS;
}

/* The slot of the key's row, or the empty one where it would be. */
static size_t
slot_of_row(const struct recent *r, const struct key *key)
{
	size_t i = hash_of_key(key);
	uint16_t at;

	while ((at = r->rows_by_key.slots[i]) != NONE &&
	    memcmp(r->rows[at].key.bytes, key->bytes, KEY_BYTES) != 0)
		i = (i + 1) % SLOTS;
	return i;
}

static size_t
slot_of_credit(const struct recent *r, uint64_t id)
{
	size_t i = (size_t)id % SLOTS;
	uint16_t at;

	while (
	    (at = r->credits_by_id.slots[i]) != NONE && r->credits[at].id != id)
		i = (i + 1) % SLOTS;
	return i;
}

/* Where the row of this slot stands, a new one where there was none. */
static size_t
claim(struct table *t, size_t slot)
{
	if (t->slots[slot] == NONE)
		t->slots[slot] = (uint16_t)t->n++;
	return t->slots[slot];
}

static void
begin_anew(struct recent *r)
{
	r->generation++;
	clear(&r->rows_by_key);
	clear(&r->credits_by_id);
}

struct recent *
recent_new(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	(void)pthread_mutex_init(&r->lock, NULL);
	begin_anew(r);
	return r;
}

void
recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	(void)pthread_mutex_destroy(&r->lock);
	free(r);
}

void
recent_anew(struct recent *r)
{
	(void)pthread_mutex_lock(&r->lock);
	begin_anew(r);
	(void)pthread_mutex_unlock(&r->lock);
}

/* --- looking --- */

/* A commit of ours that is not taken over yet is one that comes later. */
static void
follow(struct recent *r, uint32_t changes)
{
	if (changes == r->changes ||
	    (r->committing && changes == r->before + 1))
		return;
	begin_anew(r);
	r->changes = changes;
}

static void
read_row(const struct row *row, struct grey_record *rec_r)
{
	rec_r->first_seen = row->first_seen;
	rec_r->last_seen = row->last_seen;
	rec_r->n_origins = row->n_origins;
	memcpy(rec_r->origins, row->origins,
	    row->n_origins * sizeof(row->origins[0]));
}

unsigned
recent_look(struct recent *r, const volatile uint32_t *changes,
    const struct key *key, const uint64_t *ids, size_t n_ids,
    struct recent_rows *rows_r)
{
	unsigned generation;
	uint16_t at;
	size_t i;

	(void)pthread_mutex_lock(&r->lock);
	follow(r, *changes);
	at = r->rows_by_key.slots[slot_of_row(r, key)];
	rows_r->has_record = at != NONE;
	if (at != NONE)
		read_row(&r->rows[at], &rows_r->record);
	for (i = 0; i < n_ids; i++) {
		at = r->credits_by_id.slots[slot_of_credit(r, ids[i])];
		rows_r->has_credit[i] = at != NONE;
		if (at != NONE)
			rows_r->credits[i] = r->credits[at];
	}
	generation = r->generation;
	(void)pthread_mutex_unlock(&r->lock);
	return generation;
}

/* --- writing --- */

void
recent_begin(struct recent *r, const volatile uint32_t *changes)
{
	(void)pthread_mutex_lock(&r->lock);
	follow(r, *changes);
	r->before = r->changes;
	r->committing = true;
	(void)pthread_mutex_unlock(&r->lock);
	r->other = false;
	r->n_rows = r->n_credits = 0;
}

void
recent_record(
    struct recent *r, const struct key *key, const struct grey_record *rec)
{
	struct row *row;

	if (r->n_rows == ROWS_MAX || rec->n_origins > ORIGINS_MAX) {
		r->other = true;
		return;
	}
	row = &r->open_rows[r->n_rows++];
	row->key = *key;
	row->first_seen = rec->first_seen;
	row->last_seen = rec->last_seen;
	row->n_origins = rec->n_origins;
	memcpy(row->origins, rec->origins,
	    rec->n_origins * sizeof(rec->origins[0]));
}

void
recent_credit(struct recent *r, const struct grey_credit *credit)
{
	if (r->n_credits == ROWS_MAX)
		r->other = true;
	else
		r->open_credits[r->n_credits++] = *credit;
}

void
recent_other(struct recent *r)
{
	r->other = true;
}

static void
take_over(struct recent *r)
{
	size_t i, at;

	for (i = 0; i < r->n_rows; i++) {
		at = claim(
		    &r->rows_by_key, slot_of_row(r, &r->open_rows[i].key));
		r->rows[at] = r->open_rows[i];
	}
	for (i = 0; i < r->n_credits; i++) {
		at = claim(&r->credits_by_id,
		    slot_of_credit(r, r->open_credits[i].id));
		r->credits[at] = r->open_credits[i];
	}
}

void
recent_commit(struct recent *r, bool wrote)
{
	uint32_t after = r->before + wrote;

	(void)pthread_mutex_lock(&r->lock);
	r->committing = false;
	if (r->other || r->rows_by_key.n + r->n_rows > ROWS_MAX ||
	    r->credits_by_id.n + r->n_credits > ROWS_MAX ||
	    (r->changes != r->before && r->changes != after))
		begin_anew(r);
	else
		take_over(r);
	r->changes = after;
	(void)pthread_mutex_unlock(&r->lock);
}

void
recent_abort(struct recent *r)
{
	(void)pthread_mutex_lock(&r->lock);
	r->committing = false;
	(void)pthread_mutex_unlock(&r->lock);
}
