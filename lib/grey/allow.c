#include "lib/grey/allow.h"

#include "lib/err.h"
#include "lib/grey/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * One hash table for all kinds.  What is looked up is a kind and some bytes:
 * a name or address in its plain form, or a network's bits.  Names are looked
 * up label by label, a client's address once for each prefix length that some
 * entry has.
 */

#define NET_BYTES 18
#define PREFIXES 129
#define ITEMS_FIRST 16
#define TEXT_FIRST 1024

/* Places are in "text"; what is equal to its neighbour's stands there once. */
struct item {
	int64_t id;
	int64_t created, expires;
	uint32_t key, value, author, note;
	uint16_t key_n;
	uint8_t kind, proof;
};

struct allow {
	struct item *items;
	size_t n, room;
	uint32_t *slots; /* index + 1; 0: free */
	size_t mask;
	char *text; /* keys and strings; begins with an empty one */
	size_t text_n, text_room;
	bool prefix4[PREFIXES], prefix6[PREFIXES]; /* lengths that occur */
};

/* FNV-1a; the entries are the operator's, so nobody can make them collide. */
static uint64_t
hash(enum allow_kind kind, const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = UINT64_C(14695981039346656037) ^ (uint64_t)kind;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ s[i]) * UINT64_C(1099511628211);
	return h ^ h >> 32;
}

static void
net_key(const struct ip_net *net, char out[NET_BYTES])
{
	memcpy(out, net->ip.bytes, sizeof(net->ip.bytes));
	out[16] = (char)net->ip.bits;
	out[17] = (char)net->prefix;
}

/* --- building --- */

/* So many bytes more in "text", so many items more.  -1: no memory. */
static int
make_room(struct allow *a, size_t bytes)
{
	size_t room = a->text_room * 3 / 2 + bytes;
	void *p;

	if (a->text_n + bytes > a->text_room) {
		if (room > UINT32_MAX || (p = realloc(a->text, room)) == NULL)
			return -1;
		a->text = p;
		a->text_room = room;
	}
	if (a->n < a->room)
		return 0;
	room = a->room * 3 / 2;
	if (room >= UINT32_MAX ||
	    (p = reallocarray(a->items, room, sizeof(*a->items))) == NULL)
		return -1;
	a->items = p;
	a->room = room;
	return 0;
}

static uint32_t
put(struct allow *a, const char *s, size_t n)
{
	size_t at = a->text_n;

	memcpy(a->text + at, s, n);
	a->text[at + n] = '\0';
	a->text_n += n + 1;
	return (uint32_t)at;
}

/* Where it stands already: at "like", or as the empty text. */
static uint32_t
put_once(struct allow *a, const char *s, uint32_t like)
{
	if (*s == '\0')
		return 0;
	if (strcmp(s, a->text + like) == 0)
		return like;
	return put(a, s, strlen(s));
}

struct allow *
allow_begin(struct err *e)
{
	struct allow *a = calloc(1, sizeof(*a));

	if (a != NULL) {
		a->room = ITEMS_FIRST;
		a->text_room = TEXT_FIRST;
		a->items = malloc(a->room * sizeof(*a->items));
		a->text = malloc(a->text_room);
	}
	if (a == NULL || a->items == NULL || a->text == NULL) {
		allow_free(a);
		(void)err_set(e, "no memory for a whitelist");
		return NULL;
	}
	(void)put(a, "", 0);
	return a;
}

int
allow_add(struct allow *a, const struct allow_entry *entry, struct err *e)
{
	char key[KEY_TEXT_SIZE];
	const struct item *last;
	struct item *it;

	if (make_room(a,
	        KEY_TEXT_SIZE + sizeof(entry->value) + sizeof(entry->author) +
	            sizeof(entry->note)) == -1)
		return err_set(
		    e, "no memory for more than %zu whitelist entries", a->n);
	it = &a->items[a->n];
	last = a->n > 0 ? it - 1 : NULL;
	*it = (struct item){ .id = entry->id,
		.created = entry->created,
		.expires = entry->expires,
		.kind = (uint8_t)entry->kind,
		.proof = (uint8_t)entry->proof };
	it->value = put(a, entry->value, strlen(entry->value));
	if (entry->kind == ALLOW_NETWORK) {
		net_key(&entry->net, key);
		it->key_n = NET_BYTES;
		it->key = put(a, key, NET_BYTES);
	} else {
		if (address_domain(entry->value) != NULL)
			key_plain(entry->value, key);
		else
			key_domain(entry->value, key);
		it->key_n = (uint16_t)strlen(key);
		it->key = put_once(a, key, it->value);
	}
	it->author = put_once(a, entry->author, last ? last->author : 0);
	it->note = put_once(a, entry->note, last ? last->note : 0);
	a->n++;
	return 0;
}

/* Let the table know it. */
static void
enter(struct allow *a, size_t i)
{
	const struct item *it = &a->items[i];
	const char *key = a->text + it->key;
	size_t slot = hash(it->kind, key, it->key_n) & a->mask;

	if (it->kind == ALLOW_NETWORK) {
		if (key[16] == 32)
			a->prefix4[(unsigned char)key[17]] = true;
		else
			a->prefix6[(unsigned char)key[17]] = true;
	}
	while (a->slots[slot] != 0)
		slot = (slot + 1) & a->mask;
	a->slots[slot] = (uint32_t)i + 1;
}

int
allow_ready(struct allow *a, struct err *e)
{
	size_t i, slots = 8;
	void *p;

	while (slots < 2 * a->n)
		slots *= 2;
	a->mask = slots - 1;
	a->slots = calloc(slots, sizeof(*a->slots));
	if (a->slots == NULL)
		return err_set(e, "no memory for %zu whitelist entries", a->n);
	for (i = 0; i < a->n; i++)
		enter(a, i);
	p = realloc(a->text, a->text_n);
	a->text = p != NULL ? p : a->text;
	p = realloc(a->items, (a->n + 1) * sizeof(*a->items));
	a->items = p != NULL ? p : a->items;
	return 0;
}

struct allow *
allow_new(const struct allow_entry *entries, size_t n, struct err *e)
{
	struct allow *a = allow_begin(e);
	int rc = a != NULL ? 0 : -1;
	size_t i;

	for (i = 0; i < n && rc == 0; i++)
		rc = allow_add(a, &entries[i], e);
	if (rc == 0)
		rc = allow_ready(a, e);
	if (rc == -1) {
		allow_free(a);
		return NULL;
	}
	return a;
}

void
allow_free(struct allow *a)
{
	if (a == NULL)
		return;
	free(a->items);
	free(a->slots);
	free(a->text);
	free(a);
}

/* --- matching --- */

/* A search under way: one round for entries without proof, one for the rest. */
struct search {
	const struct allow *a;
	const struct allow_query *q;
	bool proof; /* look for those that need one */
	struct allow_match *out;
	size_t n;
};

static void
take(struct search *s, const struct item *it)
{
	if (s->n == ALLOW_MATCHES ||
	    (it->proof != ALLOW_PROOF_NONE) != s->proof ||
	    (it->expires != 0 && it->expires <= s->q->now))
		return;
	allow_get(s->a, (size_t)(it - s->a->items), &s->out[s->n++]);
}

static void
find(struct search *s, enum allow_kind kind, const char *key, size_t n)
{
	const struct allow *a = s->a;
	size_t slot = hash(kind, key, n) & a->mask;

	for (; a->slots[slot] != 0; slot = (slot + 1) & a->mask) {
		const struct item *it = &a->items[a->slots[slot] - 1];

		if (it->kind == kind && it->key_n == n &&
		    memcmp(a->text + it->key, key, n) == 0)
			take(s, it);
	}
}

/* The name and all above it. */
static void
find_labels(struct search *s, enum allow_kind kind, const char *name)
{
	size_t n = strlen(name);

	if (n > 0 && name[n - 1] == '.')
		n--;
	if (n > DOMAIN_MAX)
		return;
	while (n > 0) {
		const char *dot = memchr(name, '.', n);

		find(s, kind, name, n);
		if (dot == NULL)
			return;
		n -= (size_t)(dot + 1 - name);
		name = dot + 1;
	}
}

static void
find_client(struct search *s)
{
	const struct ip *ip = s->q->client;
	const bool *prefix;
	char key[NET_BYTES];
	struct ip_net net;
	int p;

	if (ip == NULL)
		return;
	prefix = ip->bits == 32 ? s->a->prefix4 : s->a->prefix6;
	for (p = ip->bits; p >= 0; p--) {
		if (!prefix[p])
			continue;
		net = ip_net_of(ip, (unsigned)p);
		net_key(&net, key);
		find(s, ALLOW_NETWORK, key, sizeof(key));
	}
}

/* The sender as it is, and as it is without a bounce tag or the like. */
static void
find_sender(struct search *s, const char *plain, const char *normal)
{
	const char *domain = address_domain(plain);

	if (plain[0] == '\0')
		return;
	find(s, ALLOW_SENDER, plain, strlen(plain));
	if (strcmp(plain, normal) != 0)
		find(s, ALLOW_SENDER, normal, strlen(normal));
	if (domain != NULL)
		find_labels(s, ALLOW_DOMAIN, domain);
}

/* Whole, without its +tag, at any domain, then by domain. */
static void
find_recipient(struct search *s, char plain[KEY_TEXT_SIZE])
{
	char any[KEY_TEXT_SIZE + 2];
	char *at = strrchr(plain, '@'), *plus;
	size_t local;

	if (at == NULL)
		return;
	find(s, ALLOW_RECIPIENT, plain, strlen(plain));
	local = (size_t)(at - plain);
	plus = memchr(plain, '+', local);
	if (plus != NULL && plus != plain) {
		local = (size_t)(plus - plain);
		memmove(plus, at, strlen(at) + 1);
		at = plus;
		find(s, ALLOW_RECIPIENT, plain, strlen(plain));
	}
	(void)snprintf(any, sizeof(any), "%.*s@*", (int)local, plain);
	find(s, ALLOW_RECIPIENT, any, strlen(any));
	find_labels(s, ALLOW_RECIPIENT, at + 1);
}

size_t
allow_match(const struct allow *a, const struct allow_query *q,
    struct allow_match out[ALLOW_MATCHES])
{
	struct search s = { .a = a, .q = q, .out = out };
	char sender[KEY_TEXT_SIZE], normal[KEY_TEXT_SIZE];
	char name[KEY_TEXT_SIZE], recipient[KEY_TEXT_SIZE];

	if (a->n == 0)
		return 0;
	key_plain(q->sender, sender);
	key_domain(q->client_name, name);
	key_plain(q->recipient, recipient);
	key_fold_sender(sender, recipient, normal);
	find_sender(&s, sender, normal);
	find_client(&s);
	find_labels(&s, ALLOW_NAME, name);
	find_recipient(&s, recipient);
	/* Only senders can be proven. */
	s.proof = true;
	find_sender(&s, sender, normal);
	return s.n;
}

size_t
allow_count(const struct allow *a)
{
	return a->n;
}

void
allow_get(const struct allow *a, size_t i, struct allow_match *out)
{
	const struct item *it = &a->items[i];

	*out = (struct allow_match){
		.index = i,
		.id = it->id,
		.kind = it->kind,
		.proof = it->proof,
		.value = a->text + it->value,
		.plain = it->kind == ALLOW_NETWORK ? "" : a->text + it->key,
	};
}

void
allow_whole(const struct allow *a, size_t i, struct allow_entry *out)
{
	const struct item *it = &a->items[i];
	const char *key = a->text + it->key;

	*out = (struct allow_entry){ .id = it->id,
		.kind = it->kind,
		.proof = it->proof,
		.created = it->created,
		.expires = it->expires };
	if (it->kind == ALLOW_NETWORK) {
		memcpy(out->net.ip.bytes, key, sizeof(out->net.ip.bytes));
		out->net.ip.bits = (unsigned char)key[16];
		out->net.prefix = (unsigned char)key[17];
	}
	(void)snprintf(
	    out->value, sizeof(out->value), "%s", a->text + it->value);
	(void)snprintf(
	    out->author, sizeof(out->author), "%s", a->text + it->author);
	(void)snprintf(out->note, sizeof(out->note), "%s", a->text + it->note);
}
