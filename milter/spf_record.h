#ifndef MILTER_SPF_RECORD_H
#define MILTER_SPF_RECORD_H

#include "lib/grey/spf.h"
#include "lib/ip.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The text of an SPF record, read to the letter of RFC 7208 section 12.  Pure;
 * the text is hostile.
 */

enum spf_mechanism {
	SPF_ALL,
	SPF_INCLUDE,
	SPF_A,
	SPF_MX,
	SPF_PTR,
	SPF_IP4,
	SPF_IP6,
	SPF_EXISTS,
};

/* A domain-spec: text in the record, not expanded. */
struct spf_spec {
	const char *text; /* NULL: none was given */
	size_t len;
	bool macro; /* has a "%" */
};

struct spf_term {
	enum spf_mechanism mechanism;
	enum spf_result qualifier; /* PASS, FAIL, SOFTFAIL, NEUTRAL */
	struct spf_spec spec;
	unsigned prefix4, prefix6; /* a, mx: 32 and 128 unless given */
	struct ip_net net; /* ip4, ip6 */
	const char *text; /* the whole term, for people */
	size_t len;
};

struct spf_record {
	char *text;
	struct spf_term *terms;
	size_t n;
	struct spf_spec redirect;
	size_t redirect_at; /* of the whole modifier in the text */
};

/* A record of more terms than this is refused. */
#define SPF_TERMS_MAX 2048

/* Whether this TXT is an SPF record: "v=spf1", then a space or nothing. */
bool spf_record_is(const char *text, size_t len);

/*
 * Read a text for which spf_record_is() holds.  NULL where it breaks the
 * syntax anywhere (section 4.6: a permerror), or there is no memory.
 */
struct spf_record *spf_record_read(const char *text, size_t len);
void spf_record_free(struct spf_record *r); /* NULL is harmless */

/*
 * Whether the text is a domain-spec (section 7.1): a macro-string that ends
 * in a macro or in "." and a label fit for a top-level domain.
 */
bool spf_spec_ok(const char *text, size_t len);

#endif
