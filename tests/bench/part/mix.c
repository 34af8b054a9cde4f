#include "tests/bench/part/mix.h"

#include "tests/bench/part/envelope.h"

static uint64_t
next_random(struct mix *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return m->random;
}

uint64_t
mix_next(struct mix *m, bool *known_r)
{
	uint64_t number;

	*known_r = m->known > 0 && next_random(m) % 100 >= m->new_percent;
	if (*known_r) {
		number = next_random(m) % m->known;
		return number - number % m->at_once;
	}
	number = m->next_new;
	m->next_new += ENVELOPE_GROUP;
	return number;
}
