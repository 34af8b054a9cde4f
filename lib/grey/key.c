#include "lib/grey/key.h"

#include <sodium.h>
#include <string.h>

_Static_assert(KEY_BYTES == crypto_shorthash_siphashx24_BYTES, "16 bytes");
_Static_assert(
    KEY_SECRET_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "16 bytes");

/* Two texts, a byte that tells what is hashed, a NUL behind each text. */
#define HASHED_MAX (2 * KEY_TEXT_SIZE + 2)

enum what { ENVELOPE = 'e', IDENTITY = 'i', ADDRESS = 'a' };

int
key_init(void)
{
	return sodium_init() == -1 ? -1 : 0;
}

void
key_secret_new(struct key_secret *s)
{
	randombytes_buf(s->bytes, sizeof(s->bytes));
}

/* "what", a, NUL, b: no two pairs give the same bytes. */
static struct key
hash(const struct key_secret *s, enum what what, const char *a, const char *b)
{
	unsigned char text[HASHED_MAX];
	size_t na = strnlen(a, KEY_TEXT_SIZE), nb = strnlen(b, KEY_TEXT_SIZE);
	struct key k;

	text[0] = (unsigned char)what;
	memcpy(text + 1, a, na);
	text[1 + na] = '\0';
	memcpy(text + 2 + na, b, nb);
	(void)crypto_shorthash_siphashx24(k.bytes, text, 2 + na + nb, s->bytes);
	return k;
}

struct key
key_envelope(const struct key_secret *s, const char *sender_normal,
    const char *recipient_normal)
{
	return hash(s, ENVELOPE, sender_normal, recipient_normal);
}

struct key
key_identity(const struct key_secret *s, const char *kind, const char *value)
{
	return hash(s, IDENTITY, kind, value);
}

struct key
key_address(const struct key_secret *s, const char *plain)
{
	return hash(s, ADDRESS, plain, "");
}

uint64_t
key_short(const struct key *k)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < sizeof(v); i++)
		v = v << 8 | k->bytes[i];
	return v;
}

uint64_t
key_trace(const struct key_secret *s, const char *address)
{
	char normal[KEY_TEXT_SIZE];
	struct key k;

	key_normal_sender(address, "", normal);
	if (normal[0] == '\0')
		return 0;
	k = key_address(s, normal);
	return key_short(&k);
}
