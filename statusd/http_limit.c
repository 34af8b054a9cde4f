#include "statusd/http_limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS 512
#define WAYS 8 /* addresses of one set */

struct bucket {
	uint8_t key[17]; /* address and bits; bits 0: free */
	int64_t seen_ms;
	int64_t left; /* thousandths of a try */
};

struct limit {
	pthread_mutex_t lock;
	unsigned char secret[crypto_shorthash_KEYBYTES];
	struct bucket sets[SETS][WAYS];
};

struct limit *
limit_new(void)
{
	struct limit *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	(void)pthread_mutex_init(&l->lock, NULL);
	crypto_shorthash_keygen(l->secret);
	return l;
}

void
limit_free(struct limit *l)
{
	if (l == NULL)
		return;
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

/* Its bucket, filled up to now; one is made where there is none. */
static struct bucket *
bucket_of(struct limit *l, const struct ip *who, int64_t now_ms)
{
	struct ip_net net = ip_net_of(who, who->bits == 128 ? 64 : 32);
	uint8_t key[17], hash[crypto_shorthash_BYTES];
	struct bucket *oldest, *set;
	uint32_t at;

	memcpy(key, net.ip.bytes, 16);
	key[16] = net.ip.bits;
	(void)crypto_shorthash(hash, key, sizeof(key), l->secret);
	memcpy(&at, hash, sizeof(at));
	set = l->sets[at % SETS];
	oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		struct bucket *b = &set[i];

		if (memcmp(b->key, key, sizeof(key)) == 0) {
			b->left += (now_ms - b->seen_ms) * LIMIT_PER_S;
			if (b->left > LIMIT_BURST * 1000)
				b->left = LIMIT_BURST * 1000;
			b->seen_ms = now_ms;
			return b;
		}
		if (b->seen_ms < oldest->seen_ms)
			oldest = b;
	}
	memcpy(oldest->key, key, sizeof(key));
	oldest->seen_ms = now_ms;
	oldest->left = LIMIT_BURST * 1000;
	return oldest;
}

bool
limit_take(struct limit *l, const struct ip *who, int64_t mono_ms)
{
	struct bucket *b;
	bool has;

	pthread_mutex_lock(&l->lock);
	b = bucket_of(l, who, mono_ms);
	has = b->left >= 1000;
	if (has)
		b->left -= 1000;
	pthread_mutex_unlock(&l->lock);
	return has;
}

static bool
is_proxy(const struct limit_proxies *proxies, const struct ip *ip)
{
	for (size_t i = 0; i < proxies->n; i++)
		if (ip_net_contains(&proxies->nets[i], ip))
			return true;
	return false;
}

/* The last of a list with commas; cut off from it.  Returns 0, or -1. */
static int
take_last(const char *list, size_t *len, struct ip *ip_r)
{
	char text[IP_TEXT_SIZE];
	size_t end = *len, begin, n;

	while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == ','))
		end--;
	begin = end;
	while (begin > 0 && list[begin - 1] != ',')
		begin--;
	*len = begin;
	while (begin < end && list[begin] == ' ')
		begin++;
	n = end - begin;
	if (n == 0 || n >= sizeof(text))
		return -1;
	memcpy(text, list + begin, n);
	text[n] = '\0';
	return ip_parse(text, ip_r);
}

struct ip
limit_client(const struct ip *peer, const char *forwarded,
    const struct limit_proxies *proxies)
{
	struct ip who = *peer, next;
	size_t len = forwarded != NULL ? strlen(forwarded) : 0;

	while (len > 0 && is_proxy(proxies, &who) &&
	    take_last(forwarded, &len, &next) == 0)
		who = next;
	return who;
}
