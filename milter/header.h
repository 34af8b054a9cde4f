#ifndef MILTER_HEADER_H
#define MILTER_HEADER_H

#include "lib/grey/check.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The header that says what greylisting did to a message.  Pure. */

#define HEADER_NAME "X-Greylist"
#define HEADER_SIZE 600

/* What is gathered over the recipients of a message. */
struct header_facts {
	size_t recipients; /* that were let through */
	int64_t waited_s; /* the longest wait of one of them; 0: none */
	int64_t would_wait_s; /* observe and learn: the longest deferral */
	enum grey_verdict verdict; /* of the first */
	enum grey_rule rule;
	char reason[DOMAIN_MAX + 72];
	bool learning; /* the mode is learn */
};

void header_note(struct header_facts *h, const struct grey_outcome *out);

/* "when": enum grey_header, from the configuration. */
bool header_wanted(const struct header_facts *h, int when);

/*
 * The value (RFC 5322 section 2.2: one line of printable ASCII); "host" is the
 * mail server's name or "".
 */
void header_text(
    const struct header_facts *h, const char *host, char out[HEADER_SIZE]);

#endif
