#ifndef LIB_DNS_PACKET_H
#define LIB_DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * DNS messages (RFC 1035 section 4): a question written, an answer read.
 * Pure; the answer is hostile text and may be anything.
 */

#define DNS_NAME_MAX 253 /* as text, without the last dot */
#define DNS_NAME_SIZE (DNS_NAME_MAX + 1)
#define DNS_QUESTION_SIZE (12 + 255 + 4)

enum dns_type {
	DNS_A = 1,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

/* "A", "TXT", ... */
const char *dns_type_word(enum dns_type t);

enum dns_status {
	DNS_FOUND, /* at least one value */
	DNS_EMPTY, /* the name is there, nothing of this type */
	DNS_NXDOMAIN,
	DNS_FAILED, /* refused, server failure, no answer, nonsense */
};

struct dns_value {
	uint8_t addr[16]; /* A: the first 4; AAAA */
	unsigned preference; /* MX */
	char *text; /* MX and PTR: a name; TXT: the strings joined; own NUL */
	size_t len; /* of text, which may hold NULs (TXT) */
};

struct dns_answer {
	enum dns_status status;
	struct dns_value *values;
	size_t n;
	/*
	 * With DNS_EMPTY: where an alias chain in the answer leads, when it
	 * leads away from the name that was asked; else "".
	 */
	char alias[DNS_NAME_SIZE];
	/* Processor time that reading it took, where the asker says so. */
	int64_t cost_us;
};

/*
 * Whether s can be asked: labels of 1 to 63 bytes, at most DNS_NAME_MAX; a
 * last dot is allowed.
 */
bool dns_name_ok(const char *s);

/* Whether two names are the same: ASCII letters without case, no last dot. */
bool dns_name_same(const char *a, const char *b);

/*
 * Write the question.  Returns its length, 0 where the name cannot be asked.
 */
size_t dns_question_write(uint8_t out[DNS_QUESTION_SIZE], uint16_t id,
    const char *name, enum dns_type type);

/*
 * Read the answer to a question for "name" and "type": the values at the end
 * of the alias chain from "name".  Names with bytes that are not printable
 * ASCII, or with a dot inside a label, are passed over.  Values that would need
 * more than "cap" bytes make it DNS_FAILED, as does every broken packet.
 * Always fills *answer_r; free it with dns_answer_free.
 */
void dns_answer_read(const uint8_t *p, size_t n, const char *name,
    enum dns_type type, size_t cap, struct dns_answer *answer_r);
void dns_answer_free(struct dns_answer *a);

/* Bytes of memory that it holds, about. */
size_t dns_answer_size(const struct dns_answer *a);

#endif
