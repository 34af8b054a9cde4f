#ifndef LIB_GREY_WHO_H
#define LIB_GREY_WHO_H

#include "lib/domain.h"
#include "lib/grey/dnswl.h"
#include "lib/grey/judge.h"
#include "lib/ip.h"

#include <stdbool.h>

struct grey_config;
struct key_secret;
struct spf_answer;

/* Who a client is, and what is proven of him.  Pure. */

/* What is known of a client, its message and one recipient. */
struct grey_facts {
	const struct ip *client; /* NULL: has no address */
	const char *client_name; /* forward-confirmed; NULL or "": none */
	const char *helo;
	const char *sender; /* as sent; "" or "<>" for a bounce */
	const char *recipient; /* as sent */
	bool authenticated;
	bool originating;
	const struct spf_answer *spf; /* NULL: not asked, none */
	enum dnswl_level dnswl;
};

#define GREY_IDENTITY_TEXT (DOMAIN_MAX + 1)

/*
 * Whether it is proven that the client may send for the sender's domain: its
 * SPF passes and proves something, or the client's confirmed name is of the
 * same registrable domain.  Never of a bounce.
 */
bool grey_sender_is_proven(const struct grey_facts *f);

/*
 * Who the client is, by what it is recognised.  The same for all recipients
 * of a message: the caller keeps it.
 */
struct grey_who {
	struct grey_attempt attempt;
	/* Of each identity of the attempt: "192.0.2.0/24", "example.org". */
	char text[GREY_IDENTITIES][GREY_IDENTITY_TEXT];
};
void grey_who(const struct grey_config *c, const struct key_secret *secret,
    const struct grey_facts *f, struct grey_who *who_r);

#endif
