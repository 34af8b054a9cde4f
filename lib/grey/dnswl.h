#ifndef LIB_GREY_DNSWL_H
#define LIB_GREY_DNSWL_H

#include "lib/dns.h"
#include "lib/ip.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct grey_config;

/*
 * A DNS allow list in dnswl.org's form: the client's address backwards before
 * the zone has an A record 127.0.CATEGORY.LEVEL where it is listed, with levels
 * 0 (none) to 3 (high); 127.0.0.255 says that the list does not answer this
 * name server.  What has any other form is not listed.
 */
enum dnswl_level {
	DNSWL_NOT_ASKED,
	DNSWL_FAILED, /* no answer in time */
	DNSWL_REFUSED,
	DNSWL_NOT_LISTED,
	DNSWL_NONE,
	DNSWL_LOW,
	DNSWL_MEDIUM,
	DNSWL_HIGH,
};

/* "not asked", "failed", "refused", "not listed", "none", "low", ... */
extern const char *const dnswl_level_words[];

/* Room for the longest address and a zone. */
#define DNSWL_NAME_SIZE (64 + DNS_NAME_SIZE)

/* "7.100.51.198.list.dnswl.org".  Pure. */
void dnswl_name(
    const struct ip *client, const char *zone, char out[DNSWL_NAME_SIZE]);

/* What an answer says.  Pure. */
enum dnswl_level dnswl_read(const struct dns_answer *a);

/*
 * One question under way, in one thread, from a port of its own.  Begin it,
 * do something else, end it.
 */
#define DNSWL_SOCKETS 8
struct dnswl {
	struct dns_lane *lane;
	struct pollfd fds[DNSWL_SOCKETS];
	size_t n_fds;
	bool answered;
	enum dnswl_level level;
};

/* Send it, where the configuration has a list; to spf.nameservers. */
void dnswl_begin(
    struct dnswl *q, const struct grey_config *c, const struct ip *client);

/*
 * Wait for the answer until "until_ms" (monotonic), and end it.  An answer that
 * has come is taken even if that time is over.
 */
enum dnswl_level dnswl_end(struct dnswl *q, int64_t until_ms);

#endif
