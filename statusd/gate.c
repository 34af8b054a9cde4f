#include "statusd/gate.h"

#include "lib/code.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 8

struct place {
	uint8_t key[17]; /* address and bits; bits 0: free */
	int64_t seen;
	struct door door;
};

struct gate {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_KEYBYTES];
	struct place sets[SETS][WAYS];
};

struct gate *
gate_new(void)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	(void)pthread_mutex_init(&g->lock, NULL);
	crypto_shorthash_keygen(g->secret);
	return g;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

/* How little is lost when it is forgotten: one that is open first. */
static bool
is_poorer(const struct place *a, const struct place *b, int64_t now)
{
	bool a_open = door_wait(&a->door, now) == 0;
	bool b_open = door_wait(&b->door, now) == 0;

	return a_open != b_open ? a_open : a->seen < b->seen;
}

/* With the lock held. */
static struct door *
door_of(struct gate *g, const struct ip *who, int64_t now)
{
	struct ip_net net = ip_net_of(who, who->bits == 128 ? 64 : 32);
	uint8_t key[17], hash[crypto_shorthash_BYTES];
	struct place *set, *poorest;
	uint32_t at;

	memcpy(key, net.ip.bytes, 16);
	key[16] = net.ip.bits;
	(void)crypto_shorthash(hash, key, sizeof(key), g->secret);
	memcpy(&at, hash, sizeof(at));
	poorest = set = g->sets[at % SETS];
	for (struct place *p = set; p < set + WAYS; p++) {
		if (memcmp(p->key, key, sizeof(key)) == 0) {
			p->seen = now;
			return &p->door;
		}
		if (is_poorer(p, poorest, now))
			poorest = p;
	}
	*poorest = (struct place){ .seen = now };
	memcpy(poorest->key, key, sizeof(key));
	return &poorest->door;
}

int64_t
gate_wait(struct gate *g, const struct ip *who, int64_t now)
{
	int64_t wait;

	(void)pthread_mutex_lock(&g->lock);
	wait = door_wait(door_of(g, who, now), now);
	(void)pthread_mutex_unlock(&g->lock);
	return wait;
}

void
gate_wrong(struct gate *g, const struct ip *who, int64_t now)
{
	(void)pthread_mutex_lock(&g->lock);
	door_wrong(door_of(g, who, now), now);
	(void)pthread_mutex_unlock(&g->lock);
}

void
gate_right(struct gate *g, const struct ip *who, int64_t now)
{
	(void)pthread_mutex_lock(&g->lock);
	door_right(door_of(g, who, now));
	(void)pthread_mutex_unlock(&g->lock);
}
