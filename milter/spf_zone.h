#ifndef MILTER_SPF_ZONE_H
#define MILTER_SPF_ZONE_H

#include "lib/dns_packet.h"

#include "milter/spf_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What one evaluation knows of the DNS.  The evaluator looks here alone: where
 * it finds nothing, the zone remembers what was wanted, the evaluator gives
 * up, and when the answer has been put in, it starts again from the beginning.
 * So it needs neither threads nor callbacks, and is a pure function.
 */

enum spf_publishes {
	SPF_PUBLISHES_NONE, /* no SPF record */
	SPF_PUBLISHES_ONE, /* "record" */
	SPF_PUBLISHES_BROKEN, /* one that breaks the syntax, or several */
};

struct spf_fact {
	char name[DNS_NAME_SIZE]; /* no last dot */
	enum dns_type type;
	/* TXT: only what is an SPF record is kept. */
	struct dns_answer answer;
	enum spf_publishes publishes; /* TXT */
	struct spf_record *record;
	unsigned ms; /* that the answer took */
};

#define SPF_FACTS_MAX 250
#define SPF_FACTS_BYTES (256 * 1024)

struct spf_zone {
	struct spf_fact **facts;
	size_t n;
	size_t bytes;
	bool broken; /* no memory, no time: every further look-up fails */
	/* What was looked for last and is not there; "" for nothing. */
	char wanted[DNS_NAME_SIZE];
	enum dns_type wanted_type;
};

void spf_zone_free(struct spf_zone *z);

/*
 * What is known about the name, aliases followed; NULL where it has to be
 * asked first (it is then "wanted").  The name can be asked (dns_name_ok).
 */
const struct spf_fact *spf_zone_find(
    struct spf_zone *z, const char *name, enum dns_type type);

/*
 * Put in the answer for what is wanted, and want nothing.  Takes the values
 * out of *answer.  Over the limits it counts as failed.
 */
void spf_zone_put(struct spf_zone *z, struct dns_answer *answer, unsigned ms);

#endif
