#ifndef LIB_GREY_KEY_UNWRAP_H
#define LIB_GREY_KEY_UNWRAP_H

#include <stdbool.h>

/*
 * Steps of key_normal_sender(): each works in place on a local part in lower
 * case, and never lengthens it.
 */

/* Signs of an address in lower case; a word is of letters, digits, UTF-8. */
static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c & 0x80) != 0;
}

static inline bool
is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* Take a bounce tag off; false where there is none. */
bool unwrap_batv(char *local);

/*
 * Take hash and day out of a forwarder's rewriting; also of
 * "bounces+SRS=HASH=DAY=example.org=alice", as hosted Exchange writes it.
 * Returns where the user inside begins, NULL where it is no SRS.
 */
char *unwrap_srs(char *local);

/* Put "*" for the recipient inside, in either order. */
void unwrap_verp(char *local, const char *recipient);

#endif
