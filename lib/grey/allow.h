#ifndef LIB_GREY_ALLOW_H
#define LIB_GREY_ALLOW_H

#include "lib/domain.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* The whitelist: what an entry is, how it is read, and what matches. Pure. */

enum allow_kind {
	ALLOW_DOMAIN, /* of the sender, with what lies below it */
	ALLOW_SENDER, /* the sender's address */
	ALLOW_NETWORK, /* of the client */
	ALLOW_NAME, /* of the client, forward-confirmed; and below it */
	ALLOW_RECIPIENT, /* an address, a domain and below it, or local@* */
	ALLOW_KINDS
};

/* "domain", "sender", "network", "name", "recipient": by kind. */
extern const char *const allow_kind_words[];

/* What must hold beside the match before the entry exempts. */
enum allow_proof {
	ALLOW_PROOF_NONE,
	ALLOW_PROOF_SPF, /* SPF passes for the sender's domain */
	ALLOW_PROOF_NAME, /* the client's name lies in the entry's domain */
	ALLOW_PROOF_EITHER,
	ALLOW_PROOFS
};

/* "none", "spf", "name", "either", NULL: by proof. */
extern const char *const allow_proof_words[];

#define ALLOW_AUTHOR_SIZE 65
#define ALLOW_NOTE_SIZE 257

struct allow_entry {
	int64_t id; /* the store's; 0 while it has none */
	enum allow_kind kind;
	enum allow_proof proof;
	struct ip_net net; /* ALLOW_NETWORK */
	/* As it is written for "add": lower case, canonical network. */
	char value[ADDRESS_MAX + 1];
	char author[ALLOW_AUTHOR_SIZE];
	char note[ALLOW_NOTE_SIZE];
	int64_t created; /* Unix seconds */
	int64_t expires; /* Unix seconds; 0: never */
	int64_t hits;
	int64_t last_hit; /* Unix seconds; 0: never */
};

/* What the text is to be taken for, where it cannot say so itself. */
enum allow_as { ALLOW_AS_SEEN, ALLOW_AS_NAME, ALLOW_AS_RECIPIENT };

/*
 * Read what was written for "add" and set kind, value, net and the kind's own
 * proof (spf for a domain, none else) in *entry_r; the rest becomes 0.
 * Returns 0, or -1 with what is wrong and what would be right in *e.
 */
int allow_entry_parse(const char *text, enum allow_as as,
    struct allow_entry *entry_r, struct err *e);

/* The same from a stored kind and value. */
int allow_entry_of(enum allow_kind kind, const char *value,
    struct allow_entry *entry_r, struct err *e);

/*
 * An entry's value in all its spellings: a domain may have been written with
 * U-labels or with A-labels, which are the same name.
 */
struct allow_spelling {
	char as_given[ADDRESS_MAX + 1];
	char ascii[ADDRESS_MAX + 1];
	char unicode[ADDRESS_MAX + 1];
};
void allow_spell(const char *value, struct allow_spelling *s_r);
bool allow_spelt(const struct allow_spelling *s, const char *value);

/*
 * Set the proof; refused where the kind has no sender to be proven.
 * Returns 0, or -1 with *e set.
 */
int allow_entry_set_proof(
    struct allow_entry *entry, enum allow_proof proof, struct err *e);

/*
 * Set author or note: UTF-8 without control characters that fits.
 * Returns 0, or -1 with *e set.
 */
int allow_entry_set_author(
    struct allow_entry *entry, const char *author, struct err *e);
int allow_entry_set_note(
    struct allow_entry *entry, const char *note, struct err *e);

/* The word of a table such as allow_proof_words; -1 where it is none. */
int allow_word(const char *const *words, const char *word);

/*
 * Many entries, kept in as little memory as they take, and matched.  First they
 * are added, by one thread; after allow_ready() nothing changes any more, and
 * any thread may ask.
 */
struct allow;

/* NULL with *e set where there is no memory. */
struct allow *allow_begin(struct err *e);
/* Returns 0, or -1 with *e set: no memory. */
int allow_add(struct allow *a, const struct allow_entry *entry, struct err *e);
/* Returns 0, or -1 with *e set: no memory. */
int allow_ready(struct allow *a, struct err *e);
void allow_free(struct allow *a); /* NULL is harmless */

/* All of it at once.  NULL with *e set where there is no memory. */
struct allow *allow_new(
    const struct allow_entry *entries, size_t n, struct err *e);

/* Who asks.  Texts may be in any case and form; NULL or "": not known. */
struct allow_query {
	const struct ip *client; /* or NULL */
	const char *client_name; /* forward-confirmed */
	/*
	 * The envelope sender.  For "<>" give "postmaster@HELO" (RFC 7208
	 * section 2.4), or "" to match no sender entry.
	 */
	const char *sender;
	const char *recipient;
	int64_t now; /* Unix seconds: what has expired does not match */
};

/* What the matcher says of an entry. */
struct allow_match {
	size_t index; /* in the order in which they were added */
	int64_t id;
	enum allow_kind kind;
	enum allow_proof proof;
	/* Both live as long as the matcher. */
	const char *value;
	/* In its plain form, the domain as DNS has it; "" for a network. */
	const char *plain;
};

#define ALLOW_MATCHES 16

/*
 * All entries that match, at most ALLOW_MATCHES: first those that need no
 * proof, and of each kind of them the narrowest first.  The caller takes the
 * first whose proof holds.  Returns how many.
 */
size_t allow_match(const struct allow *a, const struct allow_query *q,
    struct allow_match out[ALLOW_MATCHES]);

/* For lists: how many entries there are, and the i-th (from 0). */
size_t allow_count(const struct allow *a);
void allow_get(const struct allow *a, size_t i, struct allow_match *out);
/* All of the i-th but its hits, which are 0. */
void allow_whole(const struct allow *a, size_t i, struct allow_entry *out);

#endif
