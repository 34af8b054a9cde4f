#ifndef QUEUEWATCH_DNSBL_H
#define QUEUEWATCH_DNSBL_H

#include "lib/dns_packet.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Lists in the DNS of addresses and names that others refuse mail from (RFC
 * 5782).  Only codes that a list documents count; a list says "you may not
 * ask" by codes as well.  Pure.
 */
enum dnsbl_verdict {
	DNSBL_NOT_ASKED,
	DNSBL_CLEAN,
	DNSBL_LISTED,
	DNSBL_REFUSED, /* it answers, but not us, or nonsense */
	DNSBL_SILENT, /* no answer */
};

#define DNSBL_CODE 16 /* "127.0.0.2" */
#define DNSBL_TEXT 200

struct dnsbl_answer {
	enum dnsbl_verdict verdict;
	char code[DNSBL_CODE]; /* listed or refused */
	char text[DNSBL_TEXT]; /* the list's own reason, or "" */
};

/* Of one list; in the order of the configuration. */
struct dnsbl_result {
	uint64_t turn; /* one more for each round; 0: none yet */
	int64_t at; /* Unix seconds */
	struct dnsbl_answer *answers;
	size_t n;
};

/*
 * The name to ask for: the address turned round, or the name itself, in front
 * of the zone.  Returns 0, or -1 where it is too long.
 */
int dnsbl_name(const char *what, const char *zone, char out[DNS_NAME_SIZE]);

/* What the answer to the question for A records says. */
void dnsbl_judge(const char *zone, const struct dns_answer *a,
    struct dnsbl_answer *answer_r);
/* The list's reason, from the answer for TXT records. */
void dnsbl_reason(const struct dns_answer *a, struct dnsbl_answer *answer_r);

/* Returns 0, or -1 without memory. */
int dnsbl_result_copy(struct dnsbl_result *to, const struct dnsbl_result *from);
void dnsbl_result_free(struct dnsbl_result *r);

#endif
