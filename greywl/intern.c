#include "greywl/intern.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(((struct intern *)0)->key) == crypto_shorthash_KEYBYTES,
    "a key of SipHash");

#define FIRST_SLOTS 1024

void
intern_init(struct intern *in)
{
	memset(in, 0, sizeof(*in));
	crypto_shorthash_keygen(in->key);
}

void
intern_free(struct intern *in)
{
	free(in->text);
	free(in->start);
	free(in->slots);
	memset(in, 0, sizeof(*in));
}

static size_t
slot_of(const struct intern *in, const char *s, size_t n)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t h;

	(void)crypto_shorthash(
	    out, (const unsigned char *)s, (unsigned long long)n, in->key);
	memcpy(&h, out, sizeof(h));
	return (size_t)h & (in->n_slots - 1);
}

/* The slot that has the text, or the free one where it belongs. */
static size_t
look(const struct intern *in, const char *s, size_t n)
{
	size_t i = slot_of(in, s, n);
	const char *t;

	for (; in->slots[i] != 0; i = (i + 1) & (in->n_slots - 1)) {
		t = in->text + in->start[in->slots[i] - 1];
		if (strncmp(t, s, n) == 0 && t[n] == '\0')
			break;
	}
	return i;
}

static bool
widen(struct intern *in)
{
	size_t n_slots = in->n_slots == 0 ? FIRST_SLOTS : in->n_slots * 2;
	uint32_t *slots = calloc(n_slots, sizeof(*slots)), *old = in->slots, i;
	const char *t;

	if (slots == NULL)
		return false;
	in->slots = slots;
	in->n_slots = n_slots;
	for (i = 0; i < in->n; i++) {
		t = in->text + in->start[i];
		in->slots[look(in, t, strlen(t))] = i + 1;
	}
	free(old);
	return true;
}

static bool
make_room(struct intern *in, size_t n)
{
	uint32_t *start;
	size_t room;
	char *text;

	if (in->n * 2 >= in->n_slots && !widen(in))
		return false;
	if (in->n == in->start_room) {
		room = in->start_room * 2 + 64;
		start = reallocarray(in->start, room, sizeof(*start));
		if (start == NULL)
			return false;
		in->start = start;
		in->start_room = room;
	}
	if (in->used + n + 1 > in->room) {
		room = in->room * 2 + n + 4096;
		if (room > UINT32_MAX ||
		    (text = realloc(in->text, room)) == NULL)
			return false;
		in->text = text;
		in->room = room;
	}
	return true;
}

uint32_t
intern_find(const struct intern *in, const char *s, size_t n)
{
	n = strnlen(s, n);
	return in->n_slots == 0 ? UINT32_MAX : in->slots[look(in, s, n)] - 1;
}

uint32_t
intern_add(struct intern *in, const char *s, size_t n, bool *new_r)
{
	uint32_t number;

	n = strnlen(s, n);
	number = intern_find(in, s, n);
	if (new_r != NULL)
		*new_r = number == UINT32_MAX;
	if (number != UINT32_MAX)
		return number;
	if (!make_room(in, n)) {
		in->no_memory = true;
		return UINT32_MAX;
	}
	in->slots[look(in, s, n)] = in->n + 1;
	in->start[in->n] = (uint32_t)in->used;
	memcpy(in->text + in->used, s, n);
	in->text[in->used + n] = '\0';
	in->used += n + 1;
	return in->n++;
}

const char *
intern_text(const struct intern *in, uint32_t number)
{
	return in->text + in->start[number];
}
