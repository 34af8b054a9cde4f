#ifndef QUEUEWATCH_SLOTS_H
#define QUEUEWATCH_SLOTS_H

#include "queuewatch/logline.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A table of bounded size that forgets what was not used for longest.  Records
 * of one size, found by a hash of 64 bits; each begins with a struct slot.
 * Where the eight places that a hash can have are taken, the one used least
 * recently is made anew.
 */
struct slot {
	uint64_t hash; /* 0: free */
	uint32_t used; /* of slots' tick */
	uint32_t made; /* so that an id of what stood here before is known */
};

struct slots {
	unsigned char *memory;
	size_t record, n; /* bytes; a power of two */
	uint32_t tick;
	uint32_t made;
};

/* "n" is a power of two, at least 8.  Returns 0, or -1 without memory. */
int slots_init(struct slots *s, size_t record, size_t n);
void slots_free(struct slots *s);

/* The record, now the one used last; or NULL. */
void *slots_find(struct slots *s, uint64_t hash);
/* The same; where there was none it is made, zeroed, and *made_r is true. */
void *slots_make(struct slots *s, uint64_t hash, bool *made_r);
void slots_drop(void *record);

/* A record's number, never 0; NULL where it has been forgotten since. */
uint64_t slots_id(const struct slots *s, const void *record);
void *slots_of_id(const struct slots *s, uint64_t id);

/* The i-th place, 0 to n - 1; NULL where it is free. */
void *slots_at(const struct slots *s, size_t i);

/* Keyed hashes, never 0: what is alike cannot be foretold by a stranger. */
uint64_t slots_hash(const void *p, size_t n);
uint64_t slots_hash_slice(struct slice s);
/* Letters' case does not count. */
uint64_t slots_hash_name(struct slice s);
uint64_t slots_mix(uint64_t a, uint64_t b);

#endif
