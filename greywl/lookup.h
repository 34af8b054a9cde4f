#ifndef GREYWL_LOOKUP_H
#define GREYWL_LOOKUP_H

#include "lib/dns.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct grey_config;

/* One thing to ask the DNS, and the answer. */
struct lookup {
	char name[DNS_NAME_SIZE];
	enum dns_type type;
	struct dns_answer answer; /* dns_answer_free() it */
	bool answered; /* else there was no time */
};

/*
 * Ask all, some at once, of the configuration's name servers, for
 * "timeout_ms" in all.  Returns 0, or -1 with *e set: it cannot be begun.
 */
int lookup_all(const struct grey_config *c, struct lookup *items, size_t n,
    int timeout_ms, struct err *e);

#endif
