#ifndef MILTER_DECIDE_H
#define MILTER_DECIDE_H

#include "lib/domain.h"
#include "lib/grey/ask.h"
#include "lib/grey/check.h"
#include "lib/ip.h"
#include "milter/header.h"

#include <stdbool.h>

struct live;
struct milter;

/* Who is at the other end of the mail server's connection. */
struct client {
	struct ip ip;
	bool has_ip;
	bool originating;
	char name[DOMAIN_MAX + 1]; /* forward-confirmed, or "" */
	char helo[DOMAIN_MAX + 1];
};

/* One message, as far as it has come. */
struct message {
	struct live *live; /* the configuration that it began with */
	char *sender; /* without brackets */
	bool authenticated;
	bool who_known;
	struct grey_who who;
	bool dns_asked;
	struct grey_asked asked;
	struct header_facts header;
};

/*
 * Decide on one recipient (without brackets): ask the rules, SPF and the store,
 * count it, note it for the header, and write the log's line, with "queue_id"
 * where there is one ("" else).  Blocks for as long as they may take.
 */
void decide(struct milter *m, const struct client *client, struct message *msg,
    const char *recipient, const char *queue_id, struct grey_outcome *out_r);

#endif
