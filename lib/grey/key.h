#ifndef LIB_GREY_KEY_H
#define LIB_GREY_KEY_H

#include <stddef.h>
#include <stdint.h>

/*
 * What an envelope is known by: a normal form of sender and recipient, and a
 * keyed hash of both.  Pure, but for key_init() and key_secret_new().
 */

#define KEY_BYTES 16
#define KEY_SECRET_BYTES 16

/* Room for any normal form and its NUL. */
#define KEY_TEXT_SIZE 336

struct key {
	uint8_t bytes[KEY_BYTES];
};

struct key_secret {
	uint8_t bytes[KEY_SECRET_BYTES];
};

/* Once, before threads are made.  Returns 0, or -1. */
int key_init(void);

/* A new secret, for a store that has none. */
void key_secret_new(struct key_secret *s);

/*
 * An address as it is compared: angle brackets and a source route (RFC 5321
 * appendix C) left out, letters in lower case (SMTPUTF8's Latin, Greek and
 * Cyrillic ones too), a quoted local part without its quotes and backslashes,
 * the domain without its last dot and as DNS has it (domain_ascii()).  What is
 * not UTF-8, and controls, are written \xNN; a text over 320 bytes becomes its
 * beginning, "~" and a hash of the whole.  NULL, "" and "<>" give "".
 */
void key_plain(const char *address, char out[KEY_TEXT_SIZE]);

/* The same of a domain name that stands alone. */
void key_domain(const char *name, char out[KEY_TEXT_SIZE]);

/*
 * The sender as the key sees it: key_plain() and, in the local part, what
 * changes from one message of a sender to the next is folded:
 *   BATV       prvs=TAG=alice, btv1==TAG==alice, msprvs1=TAG=alice  -> alice
 *   SRS        SRS0=HASH=DAY=example.org=alice   -> srs0=example.org=alice
 *              SRS1=HASH=fwd.example==HASH=DAY=example.org=alice
 *                                 -> srs1=fwd.example==example.org=alice
 *   VERP       the recipient inside, either part first    -> *
 *   +tag                                                  -> left out
 *   numbers, hexadecimal runs, random words               -> #
 * A number is folded where no person's address looks like it: people have
 * birth years (alice.1985), numeric names (12345678@qq.com) and phone numbers;
 * their addresses stay apart.  "recipient" is the envelope's, in any form.
 */
void key_normal_sender(
    const char *sender, const char *recipient, char out[KEY_TEXT_SIZE]);

/* The same from the key_plain() forms of both; "out" is none of them. */
void key_fold_sender(
    const char *plain, const char *plain_recipient, char out[KEY_TEXT_SIZE]);

/*
 * The recipient as the key sees it: key_plain().  A +tag is kept: a server
 * without extensions may give such addresses to two people, and whoever hands
 * out tags wants them told apart.
 */
void key_normal_recipient(const char *recipient, char out[KEY_TEXT_SIZE]);

/* The key of an envelope, from the two normal forms. */
struct key key_envelope(const struct key_secret *s, const char *sender_normal,
    const char *recipient_normal);

/*
 * The hash of an identity: "kind" ("net", "name", "spf") and its value as text
 * ("192.0.2.0/24", "example.org").
 */
struct key key_identity(
    const struct key_secret *s, const char *kind, const char *value);

/* The first 8 bytes of such a hash: what a record's list of origins keeps. */
uint64_t key_short(const struct key *k);

/*
 * The hash of an address alone, from its key_plain() form: for what is kept
 * about one address when it may not be read.
 */
struct key key_address(const struct key_secret *s, const char *plain);

/*
 * By what everything that is kept about an address is found again, whether it
 * stands there as sender or recipient, with bounce tag, +tag or without: the
 * short hash of its normal form as a sender.  0 for an empty address.
 */
uint64_t key_trace(const struct key_secret *s, const char *address);

#endif
