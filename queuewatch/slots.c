#include "queuewatch/slots.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define NAME_MOST 512

static unsigned char key[crypto_shorthash_KEYBYTES];
static bool keyed;

int
slots_init(struct slots *s, size_t record, size_t n)
{
	if (!keyed && sodium_init() != -1) {
		randombytes_buf(key, sizeof(key));
		keyed = true;
	}
	*s = (struct slots){ .record = (record + 7) / 8 * 8, .n = n };
	s->memory = calloc(n, s->record);
	return s->memory != NULL ? 0 : -1;
}

void
slots_free(struct slots *s)
{
	free(s->memory);
	*s = (struct slots){ 0 };
}

static struct slot *
place(const struct slots *s, size_t i)
{
	void *p = s->memory + i * s->record;

	return p;
}

void *
slots_find(struct slots *s, uint64_t hash)
{
	size_t first = (hash & (s->n - 1)) & ~(size_t)(WAYS - 1), i;

	for (i = first; i < first + WAYS; i++) {
		struct slot *slot = place(s, i);

		if (slot->hash == hash) {
			slot->used = ++s->tick;
			return slot;
		}
	}
	return NULL;
}

void *
slots_make(struct slots *s, uint64_t hash, bool *made_r)
{
	size_t first = (hash & (s->n - 1)) & ~(size_t)(WAYS - 1), i;
	struct slot *slot = slots_find(s, hash), *other;

	*made_r = slot == NULL;
	if (slot != NULL)
		return slot;
	slot = place(s, first);
	for (i = first; i < first + WAYS && slot->hash != 0; i++) {
		other = place(s, i);
		if (other->hash == 0 ||
		    s->tick - other->used > s->tick - slot->used)
			slot = other;
	}
	memset(slot, 0, s->record);
	slot->hash = hash;
	slot->used = ++s->tick;
	slot->made = ++s->made;
	return slot;
}

void
slots_drop(void *record)
{
	struct slot *slot = record;

	slot->hash = 0;
}

uint64_t
slots_id(const struct slots *s, const void *record)
{
	const struct slot *slot = record;
	size_t i = (size_t)((const unsigned char *)record - s->memory) /
	    s->record;

	return (uint64_t)slot->made << 32 | (i + 1);
}

void *
slots_of_id(const struct slots *s, uint64_t id)
{
	size_t i = (size_t)(id & UINT32_MAX);
	struct slot *slot;

	if (i == 0 || i > s->n)
		return NULL;
	slot = place(s, i - 1);
	return slot->hash != 0 && slot->made == id >> 32 ? slot : NULL;
}

void *
slots_at(const struct slots *s, size_t i)
{
	struct slot *slot = place(s, i);

	return slot->hash != 0 ? slot : NULL;
}

uint64_t
slots_hash(const void *p, size_t n)
{
	uint64_t h;

	(void)crypto_shorthash((unsigned char *)&h, p, n, key);
	return h != 0 ? h : 1;
}

uint64_t
slots_hash_slice(struct slice s)
{
	return slots_hash(s.p, s.n);
}

uint64_t
slots_hash_name(struct slice s)
{
	char lower[NAME_MOST];
	size_t i, n = s.n < sizeof(lower) ? s.n : sizeof(lower);

	for (i = 0; i < n; i++)
		lower[i] = s.p[i] >= 'A' && s.p[i] <= 'Z'
		    ? (char)(s.p[i] + ('a' - 'A'))
		    : s.p[i];
	return slots_hash(lower, n);
}

uint64_t
slots_mix(uint64_t a, uint64_t b)
{
	const uint64_t both[2] = { a, b };

	return slots_hash(both, sizeof(both));
}
