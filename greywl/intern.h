#ifndef GREYWL_INTERN_H
#define GREYWL_INTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Texts kept once each and known by a number.  All zero is an empty one.  The
 * hash is keyed: what strangers write cannot make it slow.
 */
struct intern {
	char *text; /* all, each with its NUL */
	size_t used, room;
	uint32_t *start; /* where each begins */
	uint32_t n;
	size_t start_room;
	uint32_t *slots; /* number + 1 */
	size_t n_slots; /* a power of two */
	uint8_t key[16];
	bool no_memory;
};

/* Once, before the first text. */
void intern_init(struct intern *in);
void intern_free(struct intern *in);

/*
 * The text's number: that which it has, or a new one (*new_r, may be NULL).
 * UINT32_MAX where there is no memory.  It ends at a NUL inside.
 */
uint32_t intern_add(struct intern *in, const char *s, size_t n, bool *new_r);
/* UINT32_MAX: is not there. */
uint32_t intern_find(const struct intern *in, const char *s, size_t n);

/* Valid until the next intern_add(). */
const char *intern_text(const struct intern *in, uint32_t number);

#endif
