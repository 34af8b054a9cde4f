#include "tests/bench/part/senders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Postgrey's rules as its manual gives them: a triplet of the client's /24,
 * the sender and the recipient waits 300 s, counts for two days until its
 * retry and 35 days after its last use; a client's /24 that has passed five
 * times, at most once an hour counted, is no more deferred.
 */
#define DELAY_S 300
#define RETRY_WINDOW_S (2 * 86400)
#define MAX_AGE_S (35 * 86400)
#define AUTO_WHITELIST 5

struct row {
	struct row *next;
	uint64_t key;
	int64_t first, last, count;
};

#define SLOTS (1u << 20)

struct postgrey {
	struct greylister greylister;
	struct row *triplets[SLOTS];
	struct row *clients[SLOTS];
};

/* FNV-1a */
static uint64_t
hash(uint64_t h, const char *s)
{
	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3;
	return (h ^ 0xff) * 0x100000001b3;
}

static struct row *
find(struct row **table, uint64_t key)
{
	struct row **at = &table[(key ^ key >> 32) % SLOTS];

	while (*at != NULL && (*at)->key != key)
		at = &(*at)->next;
	if (*at == NULL && (*at = calloc(1, sizeof(**at))) == NULL)
		abort();
	(*at)->key = key;
	return *at;
}

static bool
passes(struct greylister *g, const struct envelope *env, int64_t now)
{
	struct postgrey *p = (struct postgrey *)g;
	struct row *client, *triplet;
	char net[40];
	uint64_t h;

	now += 1; /* 0 means never */
	(void)snprintf(net, sizeof(net), "%s", env->client);
	*strrchr(net, '.') = '\0';
	h = hash(0xcbf29ce484222325, net);
	client = find(p->clients, h);
	triplet = find(p->triplets, hash(hash(h, env->sender), env->recipient));
	if (client->count >= AUTO_WHITELIST && now - client->last < MAX_AGE_S) {
		client->last = now;
		return true;
	}
	if (triplet->first == 0 ||
	    now - triplet->last >
	        (triplet->count > 0 ? MAX_AGE_S : RETRY_WINDOW_S)) {
		triplet->first = now;
		triplet->count = 0;
	}
	triplet->last = now;
	if (now - triplet->first < DELAY_S)
		return false;
	triplet->count++;
	if (client->count == 0 || now - client->last >= 3600) {
		client->count++;
		client->last = now;
	}
	return true;
}

static void
free_table(struct row **table)
{
	struct row *r;
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		while ((r = table[i]) != NULL) {
			table[i] = r->next;
			free(r);
		}
	}
}

static void
postgrey_free(struct greylister *g)
{
	struct postgrey *p = (struct postgrey *)g;

	free_table(p->triplets);
	free_table(p->clients);
	free(p);
}

struct greylister *
greylister_postgrey(void)
{
	struct postgrey *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->greylister = (struct greylister){ passes, postgrey_free };
	return &p->greylister;
}
